"""When a deployment counts as known good."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.candidate import LedgerEntry, health_of
from smartspec_rollback.domain.verdict import VerdictOutcome, VerdictSource
from smartspec_rollback.testing.samples import NOON, a_deployment, a_verdict

SOAK = timedelta(minutes=10)


def entry(
    outcome: VerdictOutcome | None,
    source: VerdictSource = VerdictSource.GATE,
    *,
    superseded_after: float | None = None,
) -> LedgerEntry:
    """Make a deployment of noon, superseded some seconds later."""
    ended = None if superseded_after is None else NOON + timedelta(seconds=superseded_after)
    return LedgerEntry(
        deployment=a_deployment(at=NOON),
        conclusive=None if outcome is None else a_verdict(outcome=outcome, source=source, by="bob"),
        superseded_at=ended,
    )


@given(
    outcome=st.none() | st.sampled_from([VerdictOutcome.PASS, VerdictOutcome.FAIL]),
    source=st.sampled_from(VerdictSource),
    superseded=st.none() | st.integers(-100, 2000),
    until=st.integers(-100, 2000),
)
def test_only_a_pass_with_soak_time_or_a_persons_mark_is_health(
    outcome: VerdictOutcome | None, source: VerdictSource, superseded: int | None, until: int
) -> None:
    """The last known good version must never be merely the previous one."""
    good, bad = health_of(
        entry(outcome, source, superseded_after=superseded),
        soak=SOAK,
        until=NOON + timedelta(seconds=until),
    )
    assert (good is None) != (bad is None)
    lived = superseded if superseded is not None else until
    healthy = outcome is VerdictOutcome.PASS and (
        source is VerdictSource.PERSON or lived >= SOAK.total_seconds()
    )
    assert (good is not None) == healthy


def test_the_reasons_read_well() -> None:
    """They stand in every plan beside each candidate that was passed over."""
    until = NOON + timedelta(hours=2, minutes=5)
    passed, failed = VerdictOutcome.PASS, VerdictOutcome.FAIL
    assert health_of(entry(passed), soak=SOAK, until=until) == (
        "gate passed at 2026-03-02 12:00 UTC, live for 2h 5m",
        None,
    )
    assert health_of(entry(passed, superseded_after=90), soak=SOAK, until=until) == (
        None,
        "gate passed, but it was live for 1m 30s only; the soak time is 10m",
    )
    assert health_of(entry(failed), soak=SOAK, until=until)[1] == "failed: p99 latency > 200ms"
    assert health_of(entry(passed, VerdictSource.PERSON), soak=SOAK, until=until)[0] == (
        "marked healthy by bob at 2026-03-02 12:00 UTC"
    )
