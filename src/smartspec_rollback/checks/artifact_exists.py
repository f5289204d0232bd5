"""Check 5: the artifact of the target is still there, and still what was deployed."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import LEDGER, PLATFORM, fact
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "artifact-exists"
NUMBER = 5
TITLE = "Does the target's artifact still exist, unchanged?"
LOOKS_AT = "The platform's releases or registry, and the digest recorded at deployment."
BLOCKS_WHEN = "The artifact is gone, or its content is no longer what was deployed."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Ask what the platform found; the recorded digest decides about the content."""
    seen, release = facts.inspection, facts.chosen.release
    version = release.version
    if seen is None or seen.artifact_present is None:
        said = seen.detail if seen else ""
        why = f" ({said.partition('; ')[0]})" if said else ""
        return _SAYS.unknown(
            f"Whether the artifact of {version} still exists could not be checked{why}.",
            fact("artifact", release.artifact, LEDGER),
            *((fact("detail", said, PLATFORM),) if said else ()),
            remedy=f"look yourself whether {release.artifact} can still be fetched",
        )
    evidence = (
        fact("artifact", seen.artifact or release.artifact, PLATFORM),
        fact("digest recorded", release.artifact_digest, LEDGER),
        *((fact("detail", seen.detail, PLATFORM),) if seen.detail else ()),
    )
    if not seen.artifact_present:
        return _SAYS.blocking(
            f"The artifact of {version} is gone.",
            *evidence,
            remedy="choose another version, or put the artifact back",
        )
    if seen.artifact_unchanged is None:
        return _SAYS.unknown(
            f"The artifact of {version} exists, but whether its content is what was deployed "
            "cannot be told.",
            *evidence,
            remedy="record deployments with the digest of their artifact",
        )
    if not seen.artifact_unchanged:
        return _SAYS.blocking(
            f"The artifact of {version} is no longer what was deployed: its content differs.",
            *evidence,
            remedy="choose another version, or put the original artifact back",
        )
    return _SAYS.passed(f"The artifact of {version} exists, unchanged.", *evidence)
