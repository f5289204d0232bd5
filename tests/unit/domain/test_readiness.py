"""Readiness: what could not be told, or was told too long ago, is never ready."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from smartspec_rollback.domain.finding import Finding, Outcome, Risk
from smartspec_rollback.domain.readiness import (
    NOT_ASKED,
    Change,
    Changed,
    Readiness,
    Ready,
    as_of,
    compared,
    exit_code,
    judged,
)
from smartspec_rollback.testing.samples import NOON, a_finding, a_readiness, later

findings = st.lists(
    st.builds(
        lambda number, outcome: a_finding(f"check-{number}", outcome, number=number),
        st.integers(1, 26),
        st.sampled_from(Outcome),
    ),
    max_size=8,
).map(tuple)
GRAVE = {2, 3, *range(4, 17), 18, 24}


@given(found=findings, evidence=st.booleans())
def test_what_is_not_known_is_never_ready(found: tuple[Finding, ...], *, evidence: bool) -> None:
    """Somebody relies on a way back that nobody ever checked."""
    asked = [f for f in found if f.number not in NOT_ASKED]
    outcome = judged(found, target_has_evidence=evidence)
    if outcome is Ready.READY:
        assert evidence
        assert all(f.outcome is Outcome.PASSED for f in asked)
    if any(f.outcome is Outcome.UNKNOWN and f.number in GRAVE for f in asked):
        assert outcome in (Ready.UNKNOWN, Ready.NOT_READY)
    assert (outcome is Ready.NOT_READY) == any(f.outcome is Outcome.BLOCKING for f in asked)


@given(found=findings, worse=st.integers(0, 7), outcome=st.sampled_from(list(Outcome)[1:]))
def test_a_worse_finding_never_makes_it_ready(
    found: tuple[Finding, ...], worse: int, outcome: Outcome
) -> None:
    """Knowing something bad makes the way back look better."""
    changed = tuple(
        replace(f, outcome=outcome) if i == worse and f.number not in NOT_ASKED else f
        for i, f in enumerate(found)
    )
    if changed != found:
        assert judged(changed, target_has_evidence=True) is not Ready.READY


@given(
    seconds=st.integers(-(10**6), 10**6),
    newest=st.sampled_from(["deploy-12345", "deploy-12346", None]),
    outcome=st.sampled_from(Ready),
)
def test_an_answer_counts_only_while_it_is_fresh_and_about_what_is_live(
    seconds: int, newest: str | None, outcome: Ready
) -> None:
    """A page shows green for a version that went away an hour ago."""
    answer = a_readiness(outcome=outcome)
    counted = as_of(answer, later(seconds), newest_id=newest)
    if newest == answer.newest_id and 0 <= seconds <= 600:
        assert counted == answer
    elif newest != answer.newest_id or seconds > 600 or seconds < -30:
        assert counted.outcome is Ready.UNKNOWN
        assert counted.why != answer.why


@given(outcomes=st.lists(st.sampled_from(Ready), max_size=5))
def test_the_exit_code_is_zero_only_where_all_could_go_back(outcomes: list[Ready]) -> None:
    """A pipeline goes on because one of many services could go back."""
    code = exit_code([a_readiness(outcome=outcome) for outcome in outcomes])
    good = {Ready.READY, Ready.ATTENTION}
    assert (code == 0) == (
        bool(good & set(outcomes)) and set(outcomes) <= good | {Ready.NOTHING_LIVE}
    )
    assert (code == 3) == (Ready.NOT_READY in outcomes)
    assert code in (0, 3, 4)


def _told(before: Readiness, **now: object) -> tuple[Change, ...]:
    return compared(before, replace(before, at=later(60), **now)).changes


@pytest.mark.parametrize(
    ("now", "change"),
    [
        ({"outcome": Ready.UNKNOWN}, (Changed.OUTCOME, "ready", "unknown", "")),
        ({"live_version": "v2"}, (Changed.LIVE, "v1.2.1 (deploy-12345)", "v2 (deploy-12345)", "")),
        ({"live_version": None}, (Changed.LIVE, "v1.2.1 (deploy-12345)", "none", "")),
        ({"to_version": "v1"}, (Changed.TO, "v1.2.0", "v1", "")),
        ({"risk": Risk.HIGH}, (Changed.RISK, "low", "high", "")),
        ({"estimate": None}, (Changed.ESTIMATE, "45s", "none", "")),
        (
            {"findings": (a_finding("capacity", Outcome.UNKNOWN),)},
            (Changed.FINDING, "passed", "unknown", "capacity"),
        ),
    ],
)
def test_every_change_is_told(now: dict[str, object], change: tuple[str, str, str, str]) -> None:
    """The way back got worse since yesterday, and nobody is told what happened."""
    what, old, new, name = change
    expected = Change(what=Changed(what), before=old, after=new, name=name)
    assert _told(a_readiness(), **now) == (expected,)


def test_a_finding_that_is_gone_is_told() -> None:
    """People go on looking for what is mended."""
    before = a_readiness(findings=(a_finding("capacity", Outcome.BLOCKING),))
    told = Change(what=Changed.FINDING, before="blocking", after="passed", name="capacity")
    assert _told(before, findings=()) == (told,)


def test_where_nobody_could_look_no_finding_is_called_passed() -> None:
    """A provider that is down makes checks seem to pass."""
    before = a_readiness(findings=(a_finding("capacity", Outcome.BLOCKING),))
    changes = _told(before, findings=(), fingerprint=None, outcome=Ready.UNKNOWN)
    assert [each.what for each in changes] == [Changed.OUTCOME]


def test_what_stays_the_same_stays_since_then() -> None:
    """Nobody can tell since when a service cannot go back."""
    first = compared(None, a_readiness())
    assert (first.since, first.changes) == (NOON, ())
    second = compared(first, a_readiness(at=later(60), outcome=Ready.NOT_READY))
    third = compared(second, a_readiness(at=later(120), outcome=Ready.NOT_READY))
    assert third.at == NOON + timedelta(minutes=2)
    assert third.since == second.since == later(60)
    assert third.changes == second.changes != ()
