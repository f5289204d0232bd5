"""What a server keeps and is told: deployments, verdicts, holds, the audit log. See ``verbs``."""

from collections.abc import Sequence

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine.parts import Listener
from smartspec_rollback.errors import (
    ProviderError,
    ProviderUnavailable,
    Refused,
    SmartSpecError,
    UsageError,
)
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.remote.asking import segment
from smartspec_rollback.remote.behind import Behind
from smartspec_rollback.server.api.documents import (
    DeploymentDocument,
    GateRequest,
    GateRunDocument,
    HoldDocument,
    ProofDocument,
    ReasonRequest,
    RecordedDocument,
    VerdictDocument,
)
from smartspec_rollback.views.json_documents import (
    DeploymentsDocument,
    HoldsDocument,
    ReadinessDocument,
)
from smartspec_rollback.wiring.recording import Recorded, Remark, Said
from smartspec_rollback.wiring.told import Proof, Seen

_EVERY = 1.0
_GATE_ERRORS: dict[int, type[SmartSpecError]] = {2: UsageError, 3: Refused}
_PLATFORM = "platform"


class Records(Behind):
    """The verbs about everything but rollbacks."""

    def locate_all(self, deployment_ids: Sequence[str]) -> tuple[Deployment, ...]:
        """Find several deployments; UsageError where two are of one Target."""
        found: dict[object, Deployment] = {}
        for each in dict.fromkeys(deployment_ids):
            one = self.deployment(each).entry.deployment
            if (other := found.get(one.target)) is not None:
                raise UsageError(
                    f"{other.id} and {one.id} are both of {one.target}; one rollback at a time "
                    "there",
                    remedy="name the one that is live; nothing was done",
                )
            found[one.target] = one
        return tuple(found.values())

    def record(self, said: Said) -> Recorded:
        """Record a deployment; the server looks at its platform and its database."""
        done = self._server.post(
            RecordedDocument,
            "/v1/deployments",
            {
                "deployment_id": said.deployment_id,
                "service": said.service,
                "environment": said.environment,
                "version": said.version,
                "artifact": said.artifact,
                "commit": said.commit,
                "at": said.at,
                "phase": said.phase,
                "database": said.database,
            },
            again=True,
        )
        return Recorded(
            deployment=done.deployment.deployment,
            is_new=done.is_new,
            entry=done.deployment,
            remarks=tuple(Remark(text=r.text, is_warning=r.is_warning) for r in done.remarks),
        )

    def deployments(
        self, service: str | None, environment: str | None, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List deployments, newest first."""
        return self._server.get(
            DeploymentsDocument,
            "/v1/deployments",
            service=service,
            environment=environment,
            limit=limit,
        ).deployments

    def deployment(self, deployment_id: str) -> Seen:
        """Look one up."""
        found = self._server.get(
            DeploymentDocument, f"/v1/deployments/{segment(deployment_id)}", slow=True
        )
        entry = found.deployment
        return Seen(
            entry=entry,
            is_recorded=entry.deployment.recorded_by != _PLATFORM,
            verdict=found.newest_verdict,
        )

    def mark(self, deployment_id: str, outcome: VerdictOutcome, reason: str) -> Verdict:
        """Say that a deployment is healthy or failed."""
        health = "healthy" if outcome is VerdictOutcome.PASS else "failed"
        path = f"/v1/deployments/{segment(deployment_id)}/verdicts"
        body = {"health": health, "reason": reason}
        return self._server.post(VerdictDocument, path, body, again=False).verdict

    def gate(self, deployment_id: str, listener: Listener) -> Verdict:
        """Have the server judge a deployment, and wait for its verdict."""
        self._me()
        body = GateRequest(deployment_id=deployment_id)
        run = self._server.post(GateRunDocument, "/v1/gates", body, again=True, harmless=True)
        listener.progress("gate", f"{run.gate_id}: judged by {self._place}")
        deadline = Deadline.after(self._clock, self._patience)
        while run.exit_code is None:
            self._clock.sleep(_EVERY)
            try:
                run = self._server.get(
                    GateRunDocument, f"/v1/gates/{segment(run.gate_id)}", slow=True
                )
            except ProviderUnavailable as error:
                if deadline.expired:
                    raise
                listener.progress("gate", f"{error.what}; waiting for the server")
            else:
                deadline = Deadline.after(self._clock, self._patience)
        if run.verdict is not None:
            return run.verdict
        error_type = _GATE_ERRORS.get(run.exit_code, ProviderError)
        raise error_type(run.error, remedy=run.remedy)

    def holds(self, service: str | None, environment: str | None) -> tuple[Hold, ...]:
        """List the holds in force, newest first."""
        return self._server.get(
            HoldsDocument, "/v1/holds", service=service, environment=environment
        ).holds

    def release_hold(self, hold_id: str, *, reason: str) -> Hold:
        """Lift a hold."""
        body = ReasonRequest(reason=reason)
        path = f"/v1/holds/{segment(hold_id)}/release"
        return self._server.post(HoldDocument, path, body, again=False).hold

    def proof(self) -> Proof:
        """Prove that the audit log is what was written."""
        found = self._server.get(ProofDocument, "/v1/audit/proof", slow=True)
        return Proof(
            entries=found.entries,
            fault=found.fault,
            newest_hash=found.newest_hash,
            where=str(self._place),
        )

    def readiness(self, service: str | None, environment: str | None) -> tuple[Readiness, ...]:
        """Say whether each live deployment could be gone back on, as the server saw it last."""
        answers = self._server.get(ReadinessDocument, "/v1/readiness").answers
        fitting = tuple(
            answer
            for answer in answers
            if service in (None, answer.target.service)
            and environment in (None, answer.target.environment)
        )
        if not fitting and (service is not None or environment is not None):
            known = ", ".join(str(answer.target) for answer in answers)
            raise UsageError("no Target that you may see is called that", remedy=f"known: {known}")
        return fitting
