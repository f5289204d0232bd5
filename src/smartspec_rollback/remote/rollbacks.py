"""Rollbacks behind a server: handed over, followed, answered. See ``verbs``."""

import secrets

import msgspec

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Rollback, Status
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.errors import ServerLost, SmartSpecError
from smartspec_rollback.ports.channel import AnswerableChannel, Channel, Reply
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.remote.asking import segment
from smartspec_rollback.remote.behind import Behind
from smartspec_rollback.remote.following import Following, record
from smartspec_rollback.server.api.documents import (
    AnswerRequest,
    GivenDocument,
    ReasonRequest,
    RollbackRequest,
)
from smartspec_rollback.views.json_documents import HistoryDocument
from smartspec_rollback.wiring.told import Answered

_SOON = 5.0
_EVERY = 0.2


class _Begun(msgspec.Struct):
    """A rollback that the server began or knows, as far as it is needed here."""

    rollback_id: str


class _Done(msgspec.Struct):
    """An answer of which nothing but its coming matters."""


class Rollbacks(Behind):
    """The verbs about rollbacks."""

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
        if report.rollback.status in ACTIVE:
            return self._followed(report, listener, asks, after=0)
        # One that was done before, and is not known to be stable, is verified again.
        again = self._taken_up(report)
        if again is None:
            return report
        return self._followed(again, listener, asks, after=_newest(report))

    def resume(self, rollback_id: str, listener: Listener) -> Report:
        """Have the server go on with a rollback, and follow it."""
        before = self.report(rollback_id)
        self._server.post(_Done, f"{_of(rollback_id)}/resume", again=True)
        report: Report | None = self._accepted(rollback_id)
        if report is not None and report.rollback.status not in ACTIVE:
            report = self._taken_up(before)
        if report is None:
            return self._accepted(rollback_id)
        return self._followed(report, listener, self._decider(None), after=_newest(before))

    def abandon(self, rollback_id: str, listener: Listener, *, reason: str) -> Report:
        """Give up a rollback that stopped in the middle."""
        before = self.report(rollback_id)
        body = ReasonRequest(reason=reason)
        self._server.post(_Done, f"{_of(rollback_id)}/abandon", body, again=False)
        report = self._accepted(rollback_id)
        for entry in report.journal:
            if entry.seq > _newest(before):
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

    def _taken_up(self, before: Report) -> Report | None:
        """Wait until the server verifies again; None where nothing comes of it soon, or ever."""
        if before.rollback.status is not Status.UNSTABLE:
            return None
        deadline = Deadline.after(self._clock, _SOON)
        while not deadline.expired:
            found = self._accepted(before.rollback.id)
            if _newest(found) != _newest(before):
                return found
            deadline.pause(_EVERY)
        return None

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


def _newest(report: Report) -> int:
    """Return the number of the newest journal entry."""
    return report.journal[-1].seq if report.journal else 0


def _of(rollback_id: str) -> str:
    return f"/v1/rollbacks/{segment(rollback_id)}"
