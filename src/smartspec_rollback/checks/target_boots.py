"""Check 25: the target still boots today."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, PLATFORM, clause, fact, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "target-boots"
NUMBER = 25
TITLE = "Does the target still boot today?"
LOOKS_AT = "The prewarm: the target started beside the live version, without traffic, and tested."
BLOCKS_WHEN = "The prewarmed target does not become ready or fails its smoke tests."

_SAYS = Says(NAME, NUMBER)
_GATED = "traffic moves only once it is ready"


def check(facts: Facts, /) -> Finding:
    """Pass only where it was started and passed; not having tried is unknown."""
    boot, version = facts.boot, facts.chosen.release.version
    if boot is None or boot.ready is None:
        return _untried(facts)
    tried = fact("prewarm", boot.detail, PLATFORM)
    when = (fact("tried", moment(boot.at), PLATFORM),) if boot.at else ()
    if not boot.ready:
        return _SAYS.blocking(
            f"{version} does not boot: {clause(boot.detail)}.",
            tried,
            *when,
            remedy="choose another version, or mend what it needs to boot",
        )
    return _SAYS.passed(
        f"{version} boots today, beside the live version and without traffic.", tried, *when
    )


def _untried(facts: Facts) -> Finding:
    version = facts.chosen.release.version
    prewarm = fact("prewarm", "on" if facts.settings.prewarm else "off", DECLARED)
    if not facts.settings.prewarm:
        return _SAYS.unknown(
            f"Whether {version} still boots today was not tried (prewarm is off).",
            prewarm,
            remedy=f"`prewarm: true` starts it while people read the plan; without it, {_GATED}",
        )
    if facts.prewarm_obstacle is not None:
        return _SAYS.unknown(
            f"Whether {version} still boots today was not tried: {clause(facts.prewarm_obstacle)}.",
            prewarm,
            remedy=f"nothing to do; {_GATED}",
        )
    if facts.dry_run:
        return _SAYS.unknown(
            f"Whether {version} still boots today was not tried: a dry run starts nothing.",
            prewarm,
            remedy="a real run starts it beside the live version before anything is switched",
        )
    return _SAYS.unknown(
        f"{version} has not been booted yet: it is started beside the live version while you read, "
        "and nothing is switched unless it passes.",
        prewarm,
        remedy="wait for the prewarm if you want to know before you consent",
    )
