import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.golden import cases

from smartspec_rollback.domain.finding import Finding, Outcome, Risk
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EXIT, Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.testing.samples import a_candidate, a_plan, a_rollback, an_objective
from smartspec_rollback.views import wording

_NO_EVIDENCE = a_candidate(health=None)


@st.composite
def _plans(draw: st.DrawFn) -> Plan:
    findings = draw(
        st.lists(
            st.builds(
                Finding,
                check=st.just("c"),
                number=st.integers(1, 26),
                outcome=st.sampled_from(Outcome),
                summary=st.just("Something was found."),
            ),
            max_size=4,
        )
    )
    return a_plan(
        findings=tuple(findings),
        risk=draw(st.sampled_from(Risk)),
        to=draw(st.sampled_from([a_candidate(), _NO_EVIDENCE, a_candidate(rejected=("held",))])),
    )


@given(_plans())
def test_safe_is_said_only_where_everything_is_known_to_be_safe(plan: Plan) -> None:
    """If it fails, a plan that nobody showed to be safe is called safe."""
    head = wording.headline(plan)
    known_safe = (
        bool(plan.findings)
        and all(f.outcome is Outcome.PASSED for f in plan.findings)
        and plan.risk is Risk.LOW
        and plan.to.health is not None
        and not plan.to.rejected
    )
    assert (head.mark == wording.PASSED) == known_safe
    assert head.word.startswith("Safe") == known_safe
    assert (head.word == "Refused") == bool(plan.blocking)


def test_the_first_line_of_a_safe_plan() -> None:
    """If it fails, people in a hurry read something else than what was agreed on."""
    assert wording.first_line(cases.safe()) == (
        "✅ Safe (low risk): All 3 checks passed; `v1.2.0` is known good. "
        "Takes about 42s. Failing now: p99 latency 812ms > 200ms."
    )


def test_that_a_rollback_will_not_help_is_said_first() -> None:
    """If it fails, people roll back for nothing while the line that says so stands lower down."""
    head = wording.headline(cases.uncertain())
    assert head.word == "Not shown to be safe (high risk)"
    assert head.because.startswith("The trouble began before this deployment")
    assert head.because.endswith("; and 1 more.")


def test_a_target_without_evidence_is_named() -> None:
    """If it fails, a version that nobody saw healthy looks like a known good one."""
    head = wording.headline(a_plan(to=_NO_EVIDENCE, risk=Risk.HIGH))
    assert head.because == "nobody has evidence that `v1.2.0` was healthy."


def test_consent_names_those_who_may_give_it() -> None:
    """If it fails, people are asked who may not answer, or don't learn that they may not."""
    assert wording.consent(cases.safe()) == (
        "Needs 1 approval by any identified person within 15m."
    )
    assert wording.consent(cases.uncertain()) == (
        "Needs 1 approval by alice or bob within 15m (alice requested this rollback; "
        "its policy wants somebody else's approval)."
    )


@pytest.mark.parametrize("status", list(Status))
def test_every_status_says_what_it_means_for_production(status: Status) -> None:
    """If it fails, a report cannot be written, or says the wrong thing about production."""
    report = msgspec.structs.replace(
        cases.succeeded(),
        rollback=a_rollback(plan=cases.safe(), status=status),
        exit_code=EXIT[status],
    )
    mark, said = wording.outcome(report)
    touched = EXIT[status] >= 5 or status is Status.SUCCEEDED
    assert ("nothing" in said) == (not touched)
    assert mark != wording.PASSED or status in (Status.SUCCEEDED, Status.DRY_RUN)


def test_a_failed_verification_is_not_called_merely_unsure() -> None:
    """If it fails, a target that is broken too is reported as if nobody knew."""
    report = cases.succeeded()
    failed = msgspec.structs.replace(
        report,
        rollback=a_rollback(plan=report.plan, status=Status.UNSTABLE),
        verdict=msgspec.structs.replace(
            cases.verdict(), outcome=VerdictOutcome.FAIL, reason="p99 latency > 200ms"
        ),
    )
    mark, said = wording.outcome(failed)
    assert mark == wording.BLOCKING
    assert said.endswith("and its verification failed.")


def test_an_advisory_objective_that_fails_asks_for_attention() -> None:
    """If it fails, an advisory objective looks as if it had failed the deployment."""
    result = cases.verdict().objectives[0]
    failed = msgspec.structs.replace(result, outcome=VerdictOutcome.FAIL)
    advisory = msgspec.structs.replace(failed.objective, required=False)
    assert wording.objective_mark(failed) == wording.BLOCKING
    assert (
        wording.objective_mark(msgspec.structs.replace(failed, objective=advisory))
        == wording.ATTENTION
    )


def test_a_baseline_speaks_only_of_what_it_measured() -> None:
    """If it fails, a number is shown as the usual one that nobody measured."""
    baseline = cases.safe().baseline
    assert wording.baseline_value(an_objective(), baseline) == "50ms"
    assert wording.baseline_value(an_objective("error rate <= 1%"), baseline) == "0%"
    assert wording.baseline_value(an_objective("p90 latency <= 1s"), baseline) is None
    assert wording.baseline_value(an_objective(), None) is None


def test_reasons_are_joined_as_one_sentence() -> None:
    """If it fails, the first line of a plan reads as if it were cut, or a name is misspelt."""
    said = ("Whether it helps cannot be told.", "Whether it boots was not tried.", "x")
    found = tuple(
        Finding(check=f"c{n}", number=25, outcome=Outcome.UNKNOWN, summary=text)
        for n, text in enumerate(said)
    )
    because = wording.headline(a_plan(findings=found, risk=Risk.MEDIUM)).because
    assert because.startswith("Whether it helps cannot be told; whether it boots was not tried;")
    named = (found[0], msgspec.structs.replace(found[1], summary="Stable is not known."))
    because = wording.headline(a_plan(findings=named, risk=Risk.MEDIUM)).because
    assert because == "Whether it helps cannot be told; Stable is not known."


def test_a_plan_that_the_database_refuses_says_first_what_to_do_instead() -> None:
    """If it fails, somebody at three in the morning is told "no", and no way out."""
    line = wording.first_line(cases.breaking())
    assert line.startswith("❌ Refused: v1.2.0 does not work with the schema: inserts into orders")
    assert "Roll forward instead: mend `v1.2.1`, or have the fix below reviewed" in line
    bare = msgspec.structs.replace(cases.SCHEMA_BREAKS, evidence=())
    without = msgspec.structs.replace(cases.breaking(), findings=(bare,))
    assert "Roll forward instead: mend `v1.2.1`. " in wording.first_line(without)
    assert "Roll forward" not in wording.first_line(cases.refused())
