"""Check 6: the configuration the target ran with can be restored."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import LEDGER, PLATFORM, fact, listed
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.snapshot import Inspection

NAME = "configuration-restorable"
NUMBER = 6
TITLE = "Can the target's configuration be restored?"
LOOKS_AT = "What the release ran with, what of it is still there, and what is put back."
BLOCKS_WHEN = "Something the release needs is missing, or is no longer what it ran with."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Pass only where the platform misses nothing and would start it with what was recorded."""
    seen, release = facts.inspection, facts.chosen.release
    recorded = fact("configuration recorded", release.configuration_digest, LEDGER)
    if seen is None or seen.missing_configuration is None or seen.artifact_present is False:
        return _SAYS.unknown(
            f"Whether the configuration of {release.version} can be restored could not be checked.",
            recorded,
            remedy=f"compare the configuration of {facts.failed.release.version} "
            f"and {release.version} yourself",
        )
    if seen.missing_configuration:
        return _SAYS.blocking(
            f"Configuration that {release.version} needs is missing: "
            f"{listed(seen.missing_configuration)}.",
            fact("missing", ", ".join(seen.missing_configuration), PLATFORM),
            recorded,
            remedy="put it back, or choose another version",
        )
    evidence = (
        fact("missing", "none", PLATFORM),
        recorded,
        *((fact("differing", ", ".join(seen.differing), PLATFORM),) if seen.differing else ()),
        *((fact("put back", ", ".join(seen.restores), PLATFORM),) if seen.restores else ()),
    )
    if seen.configuration_unchanged is None:
        return _SAYS.unknown(
            f"No configuration that {release.version} needs is missing, but whether it is what "
            f"it ran with cannot be told{_named(seen)}.",
            *evidence,
            remedy="record deployments with the digest of their configuration",
        )
    if not seen.configuration_unchanged:
        return _SAYS.blocking(
            f"The configuration of {release.version} is no longer what it ran with{_named(seen)}.",
            *evidence,
            remedy="put the configuration back that it ran with, or choose another version",
        )
    if seen.restores:
        return _SAYS.passed(
            f"The configuration of {release.version} will be put back as it ran with it: "
            f"{listed(seen.restores)}.",
            *evidence,
        )
    return _SAYS.passed(
        f"The configuration of {release.version} is there, as it ran with it.", *evidence
    )


def _named(seen: Inspection) -> str:
    return f": {listed(seen.differing)}" if seen.differing else ""
