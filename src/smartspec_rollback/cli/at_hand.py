"""The verbs of the ledger at hand: that of a smartspec.yaml on this machine. See ``verbs``.

Made by ``session``. Imports nothing heavy by itself, so that ``history`` answers at once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from smartspec_rollback.cli.targets import all_meant, narrowed_to
from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.errors import Refused
from smartspec_rollback.wiring import Workspace

if TYPE_CHECKING:
    from smartspec_rollback.domain.readiness import Readiness
    from smartspec_rollback.domain.report import Report
    from smartspec_rollback.engine.parts import Listener, Request
    from smartspec_rollback.ports.channel import Channel
    from smartspec_rollback.wiring.recording import Recorded, Said
    from smartspec_rollback.wiring.told import Answered, Proof, Seen


class AtHand:
    """Implements ``Verbs`` by a Workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Work on ``workspace``."""
        self._workspace = workspace

    decides_here = True

    def rollback(
        self,
        request: "Request",
        listener: "Listener",
        *,
        failed: Deployment | None = None,
        terminal: "Channel | None" = None,
    ) -> "Report":
        """Roll back, or join the rollback that runs."""
        return self._workspace.rollback(request, listener, failed=failed, terminal=terminal)

    def locate_all(self, deployment_ids: Sequence[str]) -> tuple[Deployment, ...]:
        """Find several deployments; who runs this is looked up too, before there are threads."""
        found = self._workspace.locate_all(deployment_ids)
        _ = self._workspace.operator
        return found

    def resume(self, rollback_id: str, listener: "Listener") -> "Report":
        """Go on with a rollback that stopped, or verify it again."""
        return self._workspace.resume(rollback_id, listener)

    def abandon(self, rollback_id: str, listener: "Listener", *, reason: str) -> "Report":
        """Give up a rollback that stopped in the middle."""
        return self._workspace.abandon(rollback_id, listener, reason=reason)

    def report(self, rollback_id: str) -> "Report":
        """Tell how a rollback stands."""
        return self._workspace.report(rollback_id)

    def answer(self, rollback_id: str, given: Answer, *, reason: str) -> "Answered":
        """Record the operator's answer."""
        from smartspec_rollback.wiring.told import Answered

        workspace = self._workspace
        try:
            is_new = workspace.answer(rollback_id, given, reason=reason)
        except Refused as refused:
            raise _why(refused, workspace.find(rollback_id)[0]) from refused
        found, _ = workspace.find(rollback_id)
        return Answered(
            person=workspace.operator.name,
            is_new=is_new,
            rollback=found,
            driven_by=workspace.ledger_of(rollback_id).holder(rollback_id),
        )

    def history(
        self, service: str | None, environment: str | None, *, limit: int
    ) -> tuple[Rollback, ...]:
        """List rollbacks, newest first."""
        target = narrowed_to(self._workspace, service, environment)
        return self._workspace.store.rollbacks(target, limit=limit)

    def record(self, said: "Said") -> "Recorded":
        """Record a deployment."""
        return self._workspace.record(said)

    def deployments(
        self, service: str | None, environment: str | None, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List deployments, newest first."""
        target = narrowed_to(self._workspace, service, environment)
        return self._workspace.store.deployments(target, limit=limit)

    def deployment(self, deployment_id: str) -> "Seen":
        """Look one up; one that only a platform knows, too."""
        from smartspec_rollback.wiring.told import Seen

        store = self._workspace.store
        entry = store.deployment(deployment_id)
        return Seen(
            entry=entry or LedgerEntry(deployment=self._workspace.locate(deployment_id)),
            is_recorded=entry is not None,
            verdict=store.newest_verdict(deployment_id),
        )

    def mark(self, deployment_id: str, outcome: VerdictOutcome, reason: str) -> Verdict:
        """Say that a deployment is healthy or failed."""
        return self._workspace.mark(deployment_id, outcome, reason)

    def gate(self, deployment_id: str, listener: "Listener") -> Verdict:
        """Judge a deployment and record the verdict."""
        return self._workspace.gate(deployment_id, listener)

    def holds(self, service: str | None, environment: str | None) -> tuple[Hold, ...]:
        """List the holds in force, newest first."""
        target = narrowed_to(self._workspace, service, environment)
        return self._workspace.store.holds(target)

    def release_hold(self, hold_id: str, *, reason: str) -> Hold:
        """Lift a hold."""
        workspace = self._workspace
        return workspace.store.release_hold(
            hold_id, by=workspace.operator, reason=reason, at=workspace.clock.now()
        )

    def proof(self) -> "Proof":
        """Prove that the audit log is what was written."""
        from smartspec_rollback.wiring.told import Proof

        store = self._workspace.store
        entries, fault = store.verify_audit()
        newest = next(iter(store.audit_log(limit=1)), None) if fault is None else None
        return Proof(
            entries=entries,
            fault=fault,
            newest_hash=newest.hash if newest else None,
            where=str(store.path),
        )

    def readiness(self, service: str | None, environment: str | None) -> "tuple[Readiness, ...]":
        """Look now whether each live deployment could be gone back on."""
        from smartspec_rollback.operations.readiness import look_at_all

        workspace = self._workspace
        targets = all_meant(workspace, service, environment)
        _ = workspace.store, workspace.operator  # once, before there are threads
        return look_at_all(workspace, targets)


def _why(refused: Refused, found: Rollback) -> Refused:
    """Say first of a rollback that is over that it is; who may answer it matters no more."""
    if found.status in ACTIVE:
        return refused
    return Refused(
        f"{found.id} is over ({found.status}); the answer was not recorded",
        remedy=f"see `smartspec show {found.id} --report`",
    )
