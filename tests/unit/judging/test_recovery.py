"""What the recovery judge promises: a system is not called recovered merely for keeping bounds."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.judging.samples import seen

from smartspec_rollback.domain.objective import parse_objective
from smartspec_rollback.domain.samples import Quantile, Summary, summarise
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.judging import judge, judge_recovery
from smartspec_rollback.testing.samples import a_summary

PASS, FAIL, INCONCLUSIVE = VerdictOutcome.PASS, VerdictOutcome.FAIL, VerdictOutcome.INCONCLUSIVE
BADNESS = {PASS: 0, INCONCLUSIVE: 1, FAIL: 2}
P99 = parse_objective("p99 latency <= 200ms")
ERRORS = parse_objective("error rate <= 1%")
BOTH = (P99, ERRORS)
HEALTHY = summarise(seen(*[0.012] * 1000))


def test_back_to_the_baseline_passes() -> None:
    """If this failed, no rollback would ever be verified stable."""
    judgement = judge_recovery(seen(*[0.013] * 600), BOTH, baseline=HEALTHY)
    assert judgement.outcome is PASS
    assert judgement.notes == ()


def test_keeping_the_bound_is_not_being_back() -> None:
    """Twelve times slower than when healthy is no recovery, even within the objective."""
    judgement = judge_recovery(seen(*[0.15] * 600), BOTH, baseline=HEALTHY)
    assert judgement.outcome is INCONCLUSIVE
    assert judgement.reason == (
        "p99 latency 150ms, 12ms while last healthy: not yet back to the baseline"
    )


def test_a_few_milliseconds_never_matter() -> None:
    """A baseline of 1 ms would otherwise make every real window inconclusive."""
    quick = summarise(seen(*[0.001] * 1000))
    assert judge_recovery(seen(*[0.015] * 600), BOTH, baseline=quick).outcome is PASS


def test_errors_above_the_baseline_are_not_recovered() -> None:
    """Four errors in 600 keep 1 %, but a service that had none is not back."""
    judgement = judge_recovery(seen(*[0.012] * 596, errors=4), BOTH, baseline=HEALTHY)
    assert judgement.outcome is INCONCLUSIVE
    assert "error rate 0.667%, 0% while last healthy" in judgement.reason
    usual = a_summary(requests=1000, errors=6, p99=0.012)
    assert judge_recovery(seen(*[0.012] * 596, errors=4), BOTH, baseline=usual).outcome is PASS


def test_a_single_error_does_not_condemn() -> None:
    """Over a baseline without errors any share is infinitely worse; one error says nothing."""
    assert judge_recovery(seen(*[0.012] * 599, errors=1), BOTH, baseline=HEALTHY).outcome is PASS


def test_without_a_baseline_the_objectives_decide_and_it_is_said() -> None:
    """A missing comparison must be visible in the report."""
    samples = seen(*[0.15] * 600)
    judgement = judge_recovery(samples, BOTH, baseline=None)
    assert judgement.outcome is judge(samples, BOTH).outcome is PASS
    assert judgement.notes == (
        "no baseline was recorded while this release was healthy; judged by the objectives alone",
    )


@pytest.mark.parametrize(
    "damaged",
    [
        a_summary(requests=0),
        a_summary(requests=10, errors=11),
        a_summary(errors=-1),
        a_summary(p99=math.nan),
        a_summary(p99=-1.0),
        msgspec.structs.replace(HEALTHY, quantiles=(Quantile(q=1.0, seconds=1.0),)),
    ],
)
def test_a_damaged_baseline_is_not_compared_with(damaged: Summary) -> None:
    """NaN in a baseline would silently switch the comparison off."""
    judgement = judge_recovery(seen(*[0.15] * 600), BOTH, baseline=damaged)
    assert judgement.notes == ("the recorded baseline is damaged; judged by the objectives alone",)


def test_a_fail_stays_a_fail_and_the_comparison_is_a_note() -> None:
    """The baseline must never soften a broken objective."""
    judgement = judge_recovery(seen(*[0.5] * 600), BOTH, baseline=HEALTHY)
    assert judgement.outcome is FAIL
    assert judgement.reason == "p99 latency > 200ms"
    assert any("not yet back" in note for note in judgement.notes)


def test_an_inconclusive_window_says_both_reasons() -> None:
    """Too few requests and too slow: people need to know both."""
    judgement = judge_recovery(seen(*[0.15] * 50), BOTH, baseline=HEALTHY)
    assert judgement.outcome is INCONCLUSIVE
    assert "a pass takes 100 good requests" in judgement.reason
    assert "not yet back to the baseline" in judgement.reason


def test_damaged_samples_are_not_compared() -> None:
    """A comparison with NaN would end in nonsense words, or in an exception."""
    for samples in (seen(), seen(math.nan), seen(*[0.01] * 500, problem="gone")):
        assert judge_recovery(samples, BOTH, baseline=HEALTHY) == judge(samples, BOTH)


def test_a_quantile_that_was_not_kept_is_compared_at_the_next_one() -> None:
    """A p97 objective must not lose its comparison because only p99 was kept."""
    objective = parse_objective("p97 latency <= 200ms")
    judgement = judge_recovery(seen(*[0.15] * 600), (objective,), baseline=a_summary(p99=0.012))
    assert judgement.outcome is INCONCLUSIVE
    assert "p99 latency 150ms" in judgement.reason
    beyond = parse_objective("p99.9 latency <= 200ms")
    judgement = judge_recovery(seen(*[0.15] * 2000), (beyond,), baseline=a_summary(p99=0.012))
    assert "p99 latency 150ms" in judgement.reason


def test_a_median_objective_is_compared_too() -> None:
    """Twice the share beyond a median is everything; the rule must still be able to see."""
    median = parse_objective("p50 latency <= 200ms")
    judgement = judge_recovery(seen(*[0.15] * 600), (median,), baseline=HEALTHY)
    assert judgement.outcome is INCONCLUSIVE


@given(
    fast=st.integers(0, 400),
    slow=st.integers(0, 400),
    errors=st.integers(0, 30),
    then_ms=st.integers(1, 300),
    then_errors=st.integers(0, 20),
)
def test_a_baseline_only_ever_makes_the_judge_stricter(
    fast: int, slow: int, errors: int, then_ms: int, then_errors: int
) -> None:
    """A pass that the objectives alone would not give must be impossible."""
    samples = seen(*[0.012] * fast, *[0.15] * slow, errors=errors)
    baseline = a_summary(errors=then_errors, p99=then_ms / 1000)
    alone = judge(samples, BOTH).outcome
    compared = judge_recovery(samples, BOTH, baseline=baseline).outcome
    assert BADNESS[compared] >= BADNESS[alone]
    assert (compared is FAIL) == (alone is FAIL)


@given(fast=st.integers(1, 400), slow=st.integers(0, 30), errors=st.integers(0, 5))
def test_a_request_that_turns_slow_never_improves_recovery(
    fast: int, slow: int, errors: int
) -> None:
    """Monotone against the baseline as well."""
    first = seen(*[0.012] * fast, *[0.15] * slow, errors=errors)
    worse = seen(*[0.012] * (fast - 1), *[0.15] * (slow + 1), errors=errors)
    assert (
        BADNESS[judge_recovery(worse, BOTH, baseline=HEALTHY).outcome]
        >= BADNESS[judge_recovery(first, BOTH, baseline=HEALTHY).outcome]
    )
