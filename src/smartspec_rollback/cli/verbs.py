"""What commands do with a ledger, wherever it is: at hand, or behind a server.

``at_hand`` and ``remote.verbs`` implement it; ``session`` chooses by ``--server``. Errors are our
own. Every text was checked before it comes here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome

if TYPE_CHECKING:
    from smartspec_rollback.domain.readiness import Readiness
    from smartspec_rollback.domain.report import Report
    from smartspec_rollback.engine.parts import Listener, Request
    from smartspec_rollback.ports.channel import Channel
    from smartspec_rollback.wiring.recording import Recorded, Said
    from smartspec_rollback.wiring.told import Answered, Proof, Seen


class Verbs(Protocol):
    """The verbs of one ledger, done for whoever runs this command."""

    @property
    def decides_here(self) -> bool:
        """Whether an answer of whoever sits at this terminal could count at all."""
        ...

    def rollback(
        self,
        request: "Request",
        listener: "Listener",
        *,
        failed: Deployment | None = None,
        terminal: "Channel | None" = None,
    ) -> "Report":
        """Roll back, or join the rollback that runs; ``terminal`` is asked instead of our own."""
        ...

    def locate_all(self, deployment_ids: Sequence[str]) -> tuple[Deployment, ...]:
        """Find several deployments; UsageError where two are of one Target."""
        ...

    def resume(self, rollback_id: str, listener: "Listener") -> "Report":
        """Go on with a rollback that stopped, or verify it again."""
        ...

    def abandon(self, rollback_id: str, listener: "Listener", *, reason: str) -> "Report":
        """Give up a rollback that stopped in the middle."""
        ...

    def report(self, rollback_id: str) -> "Report":
        """Tell how a rollback stands."""
        ...

    def answer(self, rollback_id: str, given: Answer, *, reason: str) -> "Answered":
        """Answer the plan that stands now; Refused where that does not count."""
        ...

    def history(
        self, service: str | None, environment: str | None, *, limit: int
    ) -> tuple[Rollback, ...]:
        """List rollbacks, newest first."""
        ...

    def record(self, said: "Said") -> "Recorded":
        """Record a deployment."""
        ...

    def deployments(
        self, service: str | None, environment: str | None, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List deployments, newest first."""
        ...

    def deployment(self, deployment_id: str) -> "Seen":
        """Look one up."""
        ...

    def mark(self, deployment_id: str, outcome: VerdictOutcome, reason: str) -> Verdict:
        """Say that a deployment is healthy or failed."""
        ...

    def gate(self, deployment_id: str, listener: "Listener") -> Verdict:
        """Judge a deployment and record the verdict."""
        ...

    def holds(self, service: str | None, environment: str | None) -> tuple[Hold, ...]:
        """List the holds in force, newest first."""
        ...

    def release_hold(self, hold_id: str, *, reason: str) -> Hold:
        """Lift a hold."""
        ...

    def proof(self) -> "Proof":
        """Prove that the audit log is what was written."""
        ...

    def readiness(self, service: str | None, environment: str | None) -> "tuple[Readiness, ...]":
        """Say whether each live deployment could be gone back on."""
        ...
