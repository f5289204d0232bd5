"""Check 18: nobody else is changing this service right now."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.still_live import rolling_out
from smartspec_rollback.checks.wording import LEDGER, PLATFORM, fact, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.snapshot import Operation
from smartspec_rollback.domain.values import Evidence

NAME = "nothing-else-running"
NUMBER = 18
TITLE = "Is nobody else changing this service?"
LOOKS_AT = "Active rollbacks in the ledger, and operations running on the platform."
BLOCKS_WHEN = "Another rollback, or a deployment other than the failed one, is running."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Refuse to interfere; the failed deployment's own rollout and this rollback don't count."""
    active, operation = facts.active, facts.snapshot.operation
    target = facts.settings.target
    if active is not None and active.id != facts.rollback_id:
        return _SAYS.blocking(
            f"Another rollback of {target} is running: {active.id} ({active.status}).",
            fact("active rollback", f"{active.id}, since {moment(active.requested_at)}", LEDGER),
            remedy=f"`smartspec show {active.id}` says what it is doing; wait for it, or deny it",
        )
    ours = operation is not None and operation.id == facts.rollback_id
    if operation is not None and not ours and not rolling_out(facts):
        return _SAYS.blocking(
            f"{operation.holder} is changing {target} right now.",
            _running(operation),
            remedy="wait until it is over, or stop it, and plan again",
        )
    if not facts.ledger_read:
        return _SAYS.unknown(
            f"The platform shows nothing else changing {target}, but the ledger, which names "
            f"other rollbacks, {facts.ledger_gap}.",
            _running(operation),
            remedy="ask in the incident channel whether somebody else is rolling back",
        )
    evidence = (fact("active rollback", "none", LEDGER), _running(operation))
    if operation is None:
        return _SAYS.passed(f"Nothing else is changing {target}.", *evidence)
    if ours:
        return _SAYS.passed(f"Only this rollback is changing {target}.", *evidence)
    return _SAYS.passed(
        f"Only the rollout of {facts.failed.id} itself is changing {target}.", *evidence
    )


def _running(operation: Operation | None) -> Evidence:
    if operation is None:
        return fact("operation", "none", PLATFORM)
    since = f", since {moment(operation.since)}" if operation.since else ""
    return fact("operation", f"{operation.id or 'no id'} by {operation.holder}{since}", PLATFORM)
