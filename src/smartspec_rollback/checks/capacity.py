"""Check 17: enough instances of the target can be started for the current load."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import PLATFORM, counted, fact
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "capacity"
NUMBER = 17
TITLE = "Can enough instances of the target be started?"
LOOKS_AT = "How many instances the platform could start now, and how many the load needs."
BLOCKS_WHEN = "Fewer can be started than are needed."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Compare what can be started with what is needed; readiness gates the switch later."""
    seen, version = facts.inspection, facts.chosen.release.version
    startable, wanted = (seen.startable, seen.wanted) if seen else (None, None)
    evidence = (
        fact("can be started", startable, PLATFORM),
        fact("needed", wanted, PLATFORM),
    )
    if startable is None or wanted is None or wanted < 1:
        return _SAYS.unknown(
            f"Whether enough instances of {version} can be started could not be checked.",
            *evidence,
            remedy="make sure that both versions fit beside each other for a while",
        )
    if startable < wanted:
        return _SAYS.blocking(
            f"Only {startable} of {counted(wanted, 'needed instance')} of {version} "
            "can be started.",
            *evidence,
            remedy="make room first: the live version stays until the target is ready",
        )
    return _SAYS.passed(
        f"{counted(wanted, 'instance')} of {version} can be started as needed; "
        "traffic moves only once they are ready.",
        *evidence,
    )
