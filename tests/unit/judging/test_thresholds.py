"""What the threshold judge promises: no false pass, no fail by noise, and words that say why."""

import math

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.judging.samples import seen

from smartspec_rollback.domain.objective import Metric, Objective, parse_objective
from smartspec_rollback.domain.samples import Samples, quantile
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.judging import Judgement, judge
from smartspec_rollback.judging.thresholds import good_requests_needed
from smartspec_rollback.testing.samples import NOON, later

PASS, FAIL, INCONCLUSIVE = VerdictOutcome.PASS, VerdictOutcome.FAIL, VerdictOutcome.INCONCLUSIVE
BADNESS = {PASS: 0, INCONCLUSIVE: 1, FAIL: 2}

P99 = parse_objective("p99 latency <= 200ms")
ERRORS = parse_objective("error rate <= 1%")
NO_ERRORS = parse_objective("error rate <= 0%")
FAST, SLOW = 0.02, 0.35

objectives = st.sampled_from(
    [
        P99,
        ERRORS,
        NO_ERRORS,
        parse_objective("p50 latency <= 200ms"),
        parse_objective("p90 latency <= 200ms"),
        parse_objective("p99.9 latency <= 200ms"),
        parse_objective("availability >= 99.9%"),
    ]
)


def outcome(samples: Samples, *wanted: Objective) -> VerdictOutcome:
    """Judge, and look at the outcome only."""
    return judge(samples, wanted).outcome


def test_a_good_window_passes_and_says_what_was_measured() -> None:
    """If this failed, no release could ever become a known good one."""
    judgement = judge(seen(*[FAST] * 600), (P99, ERRORS))
    assert judgement.outcome is PASS
    assert judgement.reason == "all 2 objectives kept"
    assert judgement.notes == ()
    assert [r.measured for r in judgement.objectives] == [FAST, 0.0]
    assert [r.samples for r in judgement.objectives] == [600, 600]
    assert (
        judgement.objectives[0].reason == "p99 latency measured 20ms over 600 requests, "
        "within 200ms"
    )


def test_a_slow_release_fails_in_the_words_of_the_plan() -> None:
    """A rollback carries this reason on its first page; other words would break the contract."""
    judgement = judge(seen(*[FAST] * 10, *[SLOW] * 190), (P99, ERRORS))
    assert judgement.outcome is FAIL
    assert judgement.reason == "p99 latency > 200ms"
    assert judgement.objectives[0].measured == SLOW
    assert "190 of 200 requests took longer" in judgement.objectives[0].reason


def test_every_broken_objective_is_named() -> None:
    """Naming only the first would send people to the wrong cause."""
    judgement = judge(seen(*[SLOW] * 100, errors=50), (P99, ERRORS))
    assert judgement.reason == "p99 latency > 200ms, error rate > 1%"


def test_a_few_slow_requests_are_too_few_to_tell() -> None:
    """Three slow requests of 150 happen one time in five at the bound: noise must not fail."""
    judgement = judge(seen(*[FAST] * 147, *[0.23] * 3), (P99,))
    assert judgement.outcome is INCONCLUSIVE
    assert judgement.reason == (
        "p99 latency measured 230ms, above 200ms, "
        "but 3 of 150 requests took longer, too few to tell"
    )


def test_a_value_just_above_its_bound_does_not_read_as_a_mistake() -> None:
    """`200ms, above 200ms` would make people distrust the gate."""
    judgement = judge(seen(*[0.20001] * 150), (P99,))
    assert judgement.objectives[0].reason.startswith(
        "p99 latency measured 200ms, just above 200ms:"
    )


def test_fewer_requests_than_the_quantile_needs_never_pass() -> None:
    """A p99 of 99 requests is their maximum less nothing: it proves no p99."""
    assert outcome(seen(*[FAST] * 99), P99) is INCONCLUSIVE
    assert outcome(seen(*[FAST] * 100), P99) is PASS


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("p50 latency <= 1s", 30),
        ("p95 latency <= 1s", 30),
        ("p98 latency <= 1s", 50),
        ("p99 latency <= 1s", 100),
        ("p99.9 latency <= 1s", 1000),
        ("error rate <= 1%", 100),
        ("error rate <= 50%", 30),
        ("error rate <= 0%", 30),
    ],
)
def test_how_many_good_requests_a_pass_takes(text: str, needed: int) -> None:
    """One request off by binary rounding would contradict the documentation."""
    objective = parse_objective(text)
    allowed = objective.at_most if objective.quantile is None else 1 - objective.quantile
    assert good_requests_needed(allowed) == needed
    assert outcome(seen(*[FAST] * needed), objective) is PASS
    assert outcome(seen(*[FAST] * (needed - 1)), objective) is INCONCLUSIVE


@pytest.mark.parametrize("requests", [30, 100, 5000])
def test_a_bound_of_zero_errors_fails_on_any_error(requests: int) -> None:
    """Owners who write 0 % mean it, however many requests there were."""
    assert outcome(seen(*[FAST] * requests), NO_ERRORS) is PASS
    assert outcome(seen(*[FAST] * requests, errors=1), NO_ERRORS) is FAIL


def test_where_every_request_failed_the_error_rate_decides() -> None:
    """A dead service has no latencies at all; that must not make it inconclusive."""
    judgement = judge(seen(errors=50), (P99, ERRORS))
    assert judgement.outcome is FAIL
    assert judgement.reason == "error rate > 1%"
    assert judgement.objectives[0].outcome is INCONCLUSIVE
    assert outcome(seen(errors=50), P99) is INCONCLUSIVE


def test_no_traffic_no_objective_and_no_source_are_inconclusive() -> None:
    """Silence must never be a pass, and people must read which silence it was."""
    assert judge(seen(), (P99,)).reason == "no traffic was measured"
    assert judge(seen(*[FAST] * 500), ()).reason == "no objective is configured"
    broken = judge(seen(*[FAST] * 500, problem="connection refused"), (P99,))
    assert broken.reason == "probe could not measure: connection refused"
    assert {judge(seen(), (P99,)).outcome, judge(seen(*[FAST] * 500), ()).outcome} == {INCONCLUSIVE}
    assert broken.outcome is INCONCLUSIVE


def test_advisory_objectives_are_notes_and_never_decide() -> None:
    """An advisory objective that failed a release would roll production back for nothing."""
    advisory = msgspec.structs.replace(P99, required=False)
    judgement = judge(seen(*[SLOW] * 500), (advisory, ERRORS))
    assert judgement.outcome is PASS
    assert judgement.notes == (f"advisory: {judgement.objectives[0].reason}",)
    alone = judge(seen(*[FAST] * 500), (advisory,))
    assert alone.outcome is INCONCLUSIVE
    assert alone.reason == "every objective is only advisory"


@pytest.mark.parametrize("bound", [math.nan, math.inf, -1.0])
@pytest.mark.parametrize("base", [P99, ERRORS])
def test_a_bound_that_is_no_number_never_passes(base: Objective, bound: float) -> None:
    """NaN compares false with everything, so an unguarded rule would pass it."""
    broken = msgspec.structs.replace(base, at_most=bound)
    assert outcome(seen(*[FAST] * 500), broken) is INCONCLUSIVE


@pytest.mark.parametrize("q", [None, 0.0, 1.0, math.nan])
def test_a_latency_objective_without_a_quantile_never_passes(q: float | None) -> None:
    """A long-form objective may come without its quantile; it bounds nothing then."""
    broken = Objective(name="odd", metric=Metric.LATENCY, at_most=0.2, quantile=q)
    assert outcome(seen(*[FAST] * 500), broken) is INCONCLUSIVE


counts = st.integers(-3, 300)
odd = st.one_of(
    st.floats(),
    st.sampled_from([math.nan, math.inf, -math.inf, -1e-9, -0.02]),
    st.floats(0, 0.1),
)


@settings(max_examples=1500)
@given(
    latencies=st.one_of(
        st.lists(odd, max_size=40).map(tuple),
        st.tuples(odd, st.integers(0, 300)).map(lambda pair: (pair[0],) * pair[1]),
    ),
    requests=counts,
    errors=counts,
    seconds=st.integers(-60, 60),
    problem=st.none() | st.just("unreachable"),
    wanted=st.lists(objectives, max_size=3).map(tuple),
)
def test_damaged_samples_never_pass(
    *,
    latencies: tuple[float, ...],
    requests: int,
    errors: int,
    seconds: int,
    problem: str | None,
    wanted: tuple[Objective, ...],
) -> None:
    """Whatever a broken source hands over, a pass needs sound and sufficient data."""
    samples = Samples(
        source="probe",
        start=NOON,
        end=later(seconds),
        requests=requests,
        errors=errors,
        latencies=latencies,
        problem=problem,
    )
    sound = (
        problem is None
        and seconds >= 0
        and requests > 0
        and 0 <= errors <= requests
        and requests - errors <= len(latencies) <= requests
        and all(math.isfinite(each) and each >= 0 for each in latencies)
    )
    judgement = judge(samples, wanted)
    assert judgement.reason
    if not sound or not wanted:
        assert judgement.outcome is INCONCLUSIVE
    if judgement.outcome is PASS:
        assert requests - errors >= 30
        assert all(each.measured is not None for each in judgement.objectives)


@given(
    fast=st.integers(0, 260),
    slow=st.integers(0, 60),
    more=st.integers(1, 40),
    q=st.sampled_from(["p50", "p90", "p95", "p99", "p99.9"]),
)
def test_more_slow_requests_never_improve_the_verdict(
    fast: int, slow: int, more: int, q: str
) -> None:
    """A service that gets worse must not look better for having sent more requests."""
    assume(fast + slow)
    objective = parse_objective(f"{q} latency <= 200ms")
    first = outcome(seen(*[FAST] * fast, *[SLOW] * slow), objective)
    second = outcome(seen(*[FAST] * fast, *[SLOW] * (slow + more)), objective)
    assert BADNESS[second] >= BADNESS[first]


@given(
    good=st.integers(0, 400),
    errors=st.integers(0, 40),
    more=st.integers(1, 40),
    bound=st.sampled_from(["0%", "0.5%", "1%", "10%", "50%"]),
)
def test_more_errors_never_improve_the_verdict(
    good: int, errors: int, more: int, bound: str
) -> None:
    """The same for the error rate."""
    assume(good + errors)
    objective = parse_objective(f"error rate <= {bound}")
    first = outcome(seen(*[FAST] * good, errors=errors), objective)
    second = outcome(seen(*[FAST] * good, errors=errors + more), objective)
    assert BADNESS[second] >= BADNESS[first]


@given(
    fast=st.integers(1, 300),
    slow=st.integers(0, 10),
    errors=st.integers(0, 10),
    becomes_error=st.booleans(),
)
def test_a_request_that_turns_bad_never_improves_any_verdict(
    fast: int, slow: int, errors: int, *, becomes_error: bool
) -> None:
    """With all objectives together, one request made slow or failed must not help."""
    first = outcome(seen(*[FAST] * fast, *[SLOW] * slow, errors=errors), P99, ERRORS)
    worse = (
        seen(*[FAST] * (fast - 1), *[SLOW] * slow, errors=errors + 1)
        if becomes_error
        else seen(*[FAST] * (fast - 1), *[SLOW] * (slow + 1), errors=errors)
    )
    assert BADNESS[outcome(worse, P99, ERRORS)] >= BADNESS[first]


@given(latencies=st.lists(st.floats(0, 1), min_size=1, max_size=200).map(tuple))
def test_the_order_of_requests_does_not_matter_and_the_measure_is_one_of_them(
    latencies: tuple[float, ...],
) -> None:
    """An interpolated quantile would be a latency nobody had."""
    one, two = judge(seen(*latencies), (P99,)), judge(seen(*reversed(latencies)), (P99,))
    assert one == two
    assert one.objectives[0].measured == quantile(tuple(sorted(latencies)), 0.99)
    assert one.objectives[0].measured in latencies


def test_units_are_seconds_and_shares() -> None:
    """Milliseconds taken for seconds would pass everything."""
    in_seconds = parse_objective("p99 latency <= 0.2s")
    for latency, expected in ((0.2, PASS), (0.2001, FAIL)):
        assert outcome(seen(*[latency] * 200), P99) is expected
        assert outcome(seen(*[latency] * 200), in_seconds) is expected
    assert outcome(seen(*[FAST] * 99, errors=1), ERRORS) is INCONCLUSIVE
    assert outcome(seen(*[FAST] * 198, errors=2), ERRORS) is PASS


def test_a_judgement_is_a_value() -> None:
    """The engine stores what judges say; it has to survive encoding."""
    judgement = judge(seen(*[FAST] * 600), (P99, ERRORS))
    assert msgspec.json.decode(msgspec.json.encode(judgement), type=Judgement) == judgement
