"""Findings of the safety checks, and the risk that summarises them."""

from enum import StrEnum

from smartspec_rollback.domain.values import Evidence, Value

FIX_TO_REVIEW = "fix to review"
"""The name of evidence that is SQL which would make the rollback possible; never applied by us."""


class Outcome(StrEnum):
    """What a check found. Unknown is never shown as safe."""

    PASSED = "passed"
    ATTENTION = "attention"
    BLOCKING = "blocking"
    UNKNOWN = "unknown"


class Override(Value):
    """A person's decision to lift one blocking finding."""

    check: str
    reason: str
    by: str


class Finding(Value):
    """One statement of one check, with what it rests on.

    ``number`` is the check's row in the published list of rollback checks. ``reason_needed``:
    unattended use must say why (``--reason``). ``override`` is set when a person lifted it.
    """

    check: str
    number: int
    outcome: Outcome
    summary: str
    evidence: tuple[Evidence, ...] = ()
    remedy: str = ""
    reason_needed: bool = False
    override: Override | None = None

    @property
    def blocks(self) -> bool:
        """Whether this finding refuses the rollback."""
        return self.outcome is Outcome.BLOCKING and self.override is None


class Risk(StrEnum):
    """How much a rollback may hurt."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Order risks, so that policies can compare: low is 1, high is 3."""
        return tuple(Risk).index(self) + 1


_GRAVE = frozenset({*range(4, 17), 24})
_WILL_IT_HELP = 20


def summarise_risk(
    findings: tuple[Finding, ...], *, target_has_evidence: bool, dangerous: bool = False
) -> Risk:
    """Summarise findings: high, medium or low. Blocking ones refuse, whatever the risk.

    ``dangerous``: a step of the plan says that a person must decide.
    """
    open_findings = [f for f in findings if f.outcome is not Outcome.PASSED]
    if (
        not target_has_evidence
        or dangerous
        or any(
            f.number in _GRAVE or f.number == _WILL_IT_HELP or f.override is not None
            for f in open_findings
        )
    ):
        return Risk.HIGH
    return Risk.MEDIUM if open_findings else Risk.LOW
