"""What commands do with a ledger, done by a server: the same verbs as those of a ledger at hand.

Made by ``cli.session`` where a server is named. The token says who asks, so whoever sits at this
terminal answers as that person; a machine's token is never asked.
"""

import secrets
from collections.abc import Callable, Sequence
from importlib.metadata import version

import msgspec

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.errors import (
    Forbidden,
    ProviderError,
    ProviderUnavailable,
    Refused,
    ServerLost,
    SmartSpecError,
    Unidentified,
    UsageError,
)
from smartspec_rollback.ports.channel import AnswerableChannel, Channel, Reply
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.remote.asking import Server, segment
from smartspec_rollback.remote.following import PATIENCE, Following, record
from smartspec_rollback.remote.place import Place
from smartspec_rollback.server.api.documents import (
    AnswerRequest,
    DeploymentDocument,
    GateRequest,
    GateRunDocument,
    GivenDocument,
    HoldDocument,
    MeDocument,
    ProofDocument,
    ReasonRequest,
    RecordedDocument,
    RollbackRequest,
    VerdictDocument,
)
from smartspec_rollback.views.json_documents import (
    DeploymentsDocument,
    HistoryDocument,
    HoldsDocument,
    ReadinessDocument,
)
from smartspec_rollback.wiring.recording import Recorded, Remark, Said
from smartspec_rollback.wiring.told import Answered, Proof, Seen

_GATE_PATIENCE = 300.0
_EVERY = 1.0
_GATE_ERRORS: dict[int, type[SmartSpecError]] = {2: UsageError, 3: Refused}
_NO_REASON = "no reason given"
_PLATFORM = "platform"


class _Begun(msgspec.Struct):
    """A rollback that the server began or knows, as far as it is needed here."""

    rollback_id: str


class _Done(msgspec.Struct):
    """An answer of which nothing but its coming matters."""


class RemoteVerbs:
    """The verbs of the ledger behind one server; implements ``cli.verbs.Verbs``."""

    def __init__(
        self,
        place: Place,
        *,
        clock: Clock,
        stop: Callable[[], bool],
        terminal: Callable[[], AnswerableChannel | None],
        patience: float = PATIENCE,
    ) -> None:
        """Ask at ``place``; ``terminal`` makes the channel to who sits here, if anybody does."""
        self._place = place
        self._server = Server(place)
        self._clock = clock
        self._stop = stop
        self._terminal = terminal
        self._patience = patience
        self._known: MeDocument | None = None

    # Rollbacks

    @property
    def decides_here(self) -> bool:
        """Whether the answers of who sits at this terminal may count: a machine's never do."""
        return not self._me().is_machine

    def rollback(
        self,
        request: Request,
        listener: Listener,
        *,
        failed: Deployment | None = None,
        terminal: Channel | None = None,
    ) -> Report:
        """Hand a rollback over, follow it, and return what became of it."""
        del failed  # the server looks it up
        asks = self._decider(terminal)
        begun = self._server.post(
            _Begun,
            "/v1/rollbacks",
            RollbackRequest(
                failed_deployment_id=request.failed_deployment_id,
                target_version=request.target_version,
                dry_run=request.dry_run,
                reason=request.reason,
                auto_approve=request.auto_approve,
                override=request.override,
            ),
            again=True,
            harmless=request.dry_run,
            headers={"Idempotency-Key": secrets.token_urlsafe(24)},
        )
        report = self._accepted(begun.rollback_id, harmless=request.dry_run)
        listener.planned(report)
        if report.rollback.status not in ACTIVE:
            return report
        return self._followed(report, listener, asks, after=0)

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

    def resume(self, rollback_id: str, listener: Listener) -> Report:
        """Have the server go on with a rollback, and follow it."""
        before = self.report(rollback_id)
        self._server.post(_Done, f"{_of(rollback_id)}/resume", again=True)
        report = self._accepted(rollback_id)
        after = before.journal[-1].seq if before.journal else 0
        if report.rollback.status not in ACTIVE and report.journal == before.journal:
            return report
        return self._followed(report, listener, self._decider(None), after=after)

    def abandon(self, rollback_id: str, listener: Listener, *, reason: str) -> Report:
        """Give up a rollback that stopped in the middle."""
        before = self.report(rollback_id)
        body = ReasonRequest(reason=reason)
        self._server.post(_Done, f"{_of(rollback_id)}/abandon", body, again=False)
        report = self._accepted(rollback_id)
        known = before.journal[-1].seq if before.journal else 0
        for entry in report.journal:
            if entry.seq > known:
                listener.entry(entry)
        return report

    def report(self, rollback_id: str) -> Report:
        """Tell how a rollback stands."""
        self._me()
        return record(self._server, rollback_id)

    def answer(self, rollback_id: str, given: Answer, *, reason: str) -> Answered:
        """Answer the plan that stands now, as the token's person."""
        report = self.report(rollback_id)
        said = self._answered(report, given, reason)
        status = said.status
        rollback = msgspec.structs.replace(report.rollback, status=status)
        return Answered(
            person=said.person, is_new=said.is_new, rollback=rollback, driven_by=str(self._place)
        )

    def history(
        self, service: str | None, environment: str | None, *, limit: int
    ) -> tuple[Rollback, ...]:
        """List rollbacks, newest first."""
        return self._server.get(
            HistoryDocument,
            "/v1/rollbacks",
            service=service,
            environment=environment,
            limit=limit,
        ).rollbacks

    # Deployments

    def record(self, said: Said) -> Recorded:
        """Record a deployment; the server looks at its platform and its database."""
        at = None if said.at is None else said.at
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
                "at": at,
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

    # Holds, audit, readiness

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

    # How

    def _me(self) -> MeDocument:
        """Learn who the token says we are, and that the server is of this very version."""
        if self._known is None:
            self._known = self._introduced()
        return self._known

    def _introduced(self) -> MeDocument:
        try:
            found = self._server.get(MeDocument, "/v1/me")
        except Unidentified:
            raise
        except Forbidden as error:
            error.remedy = "give the token the scope `read` too, to follow what it asks for"
            raise
        own = version("smartspec-rollback")
        if found.version != own:
            raise UsageError(
                f"the server is version {found.version}, this command is {own}",
                where=str(self._place),
                remedy="install the server's version of smartspec-rollback here",
            )
        return found

    def _decider(self, terminal: Channel | None) -> AnswerableChannel | None:
        """Say who at this terminal is asked; nobody where the token is a machine's."""
        if self._me().is_machine:
            return None
        if isinstance(terminal, AnswerableChannel):
            return terminal
        return self._terminal() if terminal is None else None

    def _accepted(self, rollback_id: str, *, harmless: bool = False) -> Report:
        """Fetch a rollback that the server has; ServerLost where that cannot be."""
        try:
            return record(self._server, rollback_id)
        except SmartSpecError as error:
            if harmless:
                raise
            raise ServerLost(
                f"the server has {rollback_id}, and does not say how it stands: {error.what}",
                where=str(self._place),
                remedy=f"`smartspec show {rollback_id} --report` once it answers again",
            ) from None

    def _followed(
        self,
        report: Report,
        listener: Listener,
        terminal: AnswerableChannel | None,
        *,
        after: int,
    ) -> Report:
        following = Following(
            self._server,
            listener,
            self._clock,
            stop=self._stop,
            give=self._give,
            terminal=terminal,
            patience=self._patience,
        )
        return following.to_the_end(report, after=after)

    def _give(self, report: Report, reply: Reply) -> str:
        """Hand in what was typed; say why it does not count, nothing where it does."""
        try:
            self._answered(report, reply.answer, reply.reason)
        except SmartSpecError as error:
            return error.what
        return ""

    def _answered(self, report: Report, given: Answer, reason: str) -> GivenDocument:
        verb = "approve" if given is Answer.APPROVE else "deny"
        body = AnswerRequest(digest=report.digest, reason=reason or None)
        path = f"{_of(report.rollback.id)}/{verb}"
        return self._server.post(GivenDocument, path, body, again=True)


def _of(rollback_id: str) -> str:
    return f"/v1/rollbacks/{segment(rollback_id)}"
