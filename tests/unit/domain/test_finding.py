"""How findings add up to a risk."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.finding import Finding, Outcome, Override, Risk, summarise_risk
from smartspec_rollback.testing.samples import a_finding

GRAVE = {*range(4, 17), 20, 24}
found = st.lists(
    st.builds(a_finding, st.just("some"), st.sampled_from(Outcome), number=st.integers(1, 26)),
    max_size=6,
).map(tuple)


@given(findings=found, evidence=st.booleans())
def test_the_risk_is_as_published(findings: tuple[Finding, ...], *, evidence: bool) -> None:
    """A risk that is too low lets a dangerous rollback go unattended."""
    open_ = [f for f in findings if f.outcome is not Outcome.PASSED]
    risk = summarise_risk(findings, target_has_evidence=evidence)
    assert (risk is Risk.HIGH) == (not evidence or any(f.number in GRAVE for f in open_))
    assert (risk is Risk.LOW) == (evidence and not open_)


@given(findings=found, worse=st.integers(0, 5), outcome=st.sampled_from(list(Outcome)[1:]))
def test_a_worse_finding_never_lowers_the_risk(
    findings: tuple[Finding, ...], worse: int, outcome: Outcome
) -> None:
    """Knowing more that is bad must never make a rollback look safer."""
    changed = tuple(
        msgspec.structs.replace(f, outcome=outcome) if i == worse else f
        for i, f in enumerate(findings)
    )
    before = summarise_risk(findings, target_has_evidence=True)
    assert summarise_risk(changed, target_has_evidence=True).rank >= before.rank


def test_an_override_lifts_the_refusal_and_raises_the_risk() -> None:
    """Overriding must let a person go on, and must never look like a passed check."""
    blocking = a_finding(outcome=Outcome.BLOCKING)
    lifted = msgspec.structs.replace(
        blocking, override=Override(check="known-good", reason="it is worse now", by="alice")
    )
    assert (blocking.blocks, lifted.blocks) == (True, False)
    assert summarise_risk((blocking,), target_has_evidence=True) is Risk.MEDIUM
    assert summarise_risk((lifted,), target_has_evidence=True) is Risk.HIGH


def test_risks_are_ordered() -> None:
    """Policies compare them by rank."""
    assert [r.rank for r in (Risk.LOW, Risk.MEDIUM, Risk.HIGH)] == [1, 2, 3]
