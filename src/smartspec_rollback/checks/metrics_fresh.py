"""Check 21: there is something to measure the recovery by. Missing is not healthy."""

from datetime import timedelta

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, clause, fact, listed, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.spans import span

NAME = "metrics-fresh"
NUMBER = 21
TITLE = "Are there fresh metrics to verify the rollback by?"
LOOKS_AT = "The newest sample of the metrics source, and the service's objectives."
BLOCKS_WHEN = "Never; without metrics the verification ends inconclusive (exit 7)."

_SAYS = Says(NAME, NUMBER)
_STALE = timedelta(minutes=2)
_SKEW = timedelta(seconds=30)


def check(facts: Facts, /) -> Finding:
    """Pass only on a readable, recent source and at least one objective."""
    reading, objectives = facts.reading, facts.settings.objectives
    service = facts.settings.target.service
    if reading is None:
        return _SAYS.unknown(
            f"There is no metrics source for {service}: its recovery cannot be measured.",
            remedy=f"configure objectives for {service}; until then watch it yourself",
        )
    source = reading.source
    if reading.problem is not None:
        return _SAYS.unknown(
            f"Metrics cannot be read: {clause(reading.problem)}.",
            fact("problem", reading.problem, source),
            remedy="mend the metrics source, or watch the service yourself",
        )
    if reading.newest is None:
        return _SAYS.unknown(
            f"{source} has no samples of {service}: missing is not healthy.",
            fact("newest sample", None, source),
            remedy="mend the metrics source, or watch the service yourself",
        )
    newest = fact("newest sample", moment(reading.newest), source)
    age = facts.now - reading.newest
    if age > _STALE or age < -_SKEW:
        how = f"{span(age)} old" if age > _STALE else f"{span(-age)} in the future"
        return _SAYS.attention(
            f"The newest metrics of {service} are {how}.",
            newest,
            remedy="mend the metrics source or its clock, or watch the service yourself",
        )
    if not objectives:
        return _SAYS.attention(
            f"No objective is configured for {service}: there is nothing to verify by.",
            newest,
            remedy="add objectives such as 'p99 latency <= 200ms', or watch the service yourself",
        )
    return _SAYS.passed(
        f"Metrics of {service} are fresh.",
        newest,
        fact("objectives", listed(o.name for o in objectives), DECLARED),
    )
