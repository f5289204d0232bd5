"""Check 1: the target was healthy, and somebody can show it."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import LEDGER, clause, fact, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "target-evidence"
NUMBER = 1
TITLE = "Was the target ever known to be good?"
LOOKS_AT = "The ledger's verdicts on the chosen release, and how long it was live."
BLOCKS_WHEN = "Never; without evidence the risk is high."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Pass only on a passed gate with soak time, or a person's mark."""
    chosen = facts.chosen
    version = chosen.release.version
    deployed = fact(
        "deployed", moment(chosen.deployed_at) if chosen.deployed_at else None, chosen.origin
    )
    if chosen.health is None:
        return _SAYS.attention(
            f"There is no evidence that {version} was ever healthy.",
            fact("health", None, LEDGER),
            deployed,
            *(fact("speaks against it", reason, chosen.origin) for reason in chosen.rejected),
            remedy=f"look at how {version} behaved, and record what you find with "
            f"`smartspec deployment mark {chosen.deployment_id or 'ID'} healthy`"
            if facts.ledger_read
            else f"ask whoever saw how {version} behaved",
        )
    return _SAYS.passed(
        f"{version} was healthy: {clause(chosen.health)}.",
        fact("health", chosen.health, LEDGER),
        deployed,
    )
