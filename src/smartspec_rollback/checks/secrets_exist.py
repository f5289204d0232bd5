"""Check 7: the secrets the target needs exist. Only names are looked at, never values."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import PLATFORM, fact, listed
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "secrets-exist"
NUMBER = 7
TITLE = "Do the secrets the target needs exist?"
LOOKS_AT = "The names of the secrets the release needs; never their values."
BLOCKS_WHEN = "A secret is missing."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Pass only where the platform looked and misses nothing."""
    seen, version = facts.inspection, facts.chosen.release.version
    if seen is None or seen.missing_secrets is None or seen.artifact_present is False:
        return _SAYS.unknown(
            f"Whether the secrets {version} needs exist could not be checked.",
            remedy=f"look yourself whether {version} needs secrets that were removed since",
        )
    if seen.missing_secrets:
        return _SAYS.blocking(
            f"Secrets that {version} needs are missing: {listed(seen.missing_secrets)}.",
            fact("missing", ", ".join(seen.missing_secrets), PLATFORM),
            remedy="create them again, or choose another version",
        )
    return _SAYS.passed(
        f"No secret that {version} needs is missing.", fact("missing", "none", PLATFORM)
    )
