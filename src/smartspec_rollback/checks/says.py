"""Making Findings: every check has one ``Says`` with its name and number."""

from dataclasses import dataclass

from smartspec_rollback.domain.finding import Finding, Outcome
from smartspec_rollback.domain.values import Evidence


@dataclass(frozen=True)
class Says:
    """Makes the Findings of one check. Whatever did not pass has to say what to do about it."""

    check: str
    number: int

    def passed(self, summary: str, *evidence: Evidence) -> Finding:
        """Say that nothing speaks against the rollback."""
        return self._finding(Outcome.PASSED, summary, evidence)

    def attention(
        self, summary: str, *evidence: Evidence, remedy: str, reason_needed: bool = False
    ) -> Finding:
        """Say what a person has to know before consenting."""
        return self._finding(Outcome.ATTENTION, summary, evidence, remedy, reason_needed)

    def blocking(self, summary: str, *evidence: Evidence, remedy: str) -> Finding:
        """Say why the rollback is refused."""
        return self._finding(Outcome.BLOCKING, summary, evidence, remedy)

    def unknown(self, summary: str, *evidence: Evidence, remedy: str) -> Finding:
        """Say what could not be checked."""
        return self._finding(Outcome.UNKNOWN, summary, evidence, remedy)

    def _finding(
        self,
        outcome: Outcome,
        summary: str,
        evidence: tuple[Evidence, ...],
        remedy: str = "",
        reason_needed: bool = False,  # noqa: FBT001, FBT002 - private, and called in this class only
    ) -> Finding:
        return Finding(
            check=self.check,
            number=self.number,
            outcome=outcome,
            summary=summary,
            evidence=evidence,
            remedy=remedy,
            reason_needed=reason_needed,
        )
