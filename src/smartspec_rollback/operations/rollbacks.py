"""What may be asked about rollbacks: begin one, answer it, go on with it, give it up, see it."""

from collections.abc import Iterable
from dataclasses import replace

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.names import checked_name, checked_text, nearest
from smartspec_rollback.domain.plan import Plan, names_plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Rollback, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.engine import approve
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import (
    Forbidden,
    Refused,
    StoreCorrupt,
    UnknownName,
    UsageError,
)
from smartspec_rollback.operations.asking import Asking
from smartspec_rollback.operations.saying import stranger
from smartspec_rollback.operations.watching import Unwatched

_NEAR = 1000


class ProofTooOld(Forbidden):
    """Whoever approves a plan of high risk has to prove anew who they are."""


class Given(Value):
    """An answer that counts: whose it is, whether it is new, and where the rollback stands."""

    rollback_id: str
    answer: Answer
    person: str
    is_new: bool
    digest: str
    status: Status


class Rollbacks(Asking):
    """The verbs about rollbacks."""

    def rollback(
        self, who: Principal, request: Request, *, rollback_id: str | None = None
    ) -> Report:
        """Begin a rollback, or join the one that is running; returns once its plan is made.

        It goes on by itself. The Report of a dry run or of a refused plan is final. A new one is
        called ``rollback_id``, where that is given.
        """
        if request.break_glass:
            raise UsageError("break-glass is for a terminal, where no server is needed")
        failed = self._located(request.failed_deployment_id)
        self.require(who, Action.REQUEST, failed.target)
        request = _checked(request)
        begun = self.workspace.begin(
            request, Unwatched(), failed=failed, by=who.person, rollback_id=rollback_id
        )
        if isinstance(begun, Report):
            return begun
        self._runner.drive(begun.rollback_id, fresh=begun.fresh)
        return self.workspace.report(begun.rollback_id)

    def resume(self, who: Principal, rollback_id: str) -> Report:
        """Go on with a rollback that stopped, or verify it again; returns at once."""
        found = self._found(who, rollback_id, Action.REQUEST)
        self._runner.drive(found.id)
        return self.workspace.report(found.id)

    def abandon(self, who: Principal, rollback_id: str, *, reason: str) -> Report:
        """Give up a rollback that stopped in the middle; production stays as it is."""
        found = self._found(who, rollback_id, Action.REQUEST)
        why = checked_text("reason", reason)
        return self.workspace.abandon(found.id, Unwatched(), reason=why, by=who.person)

    def answer(
        self,
        who: Principal,
        rollback_id: str,
        given: Answer,
        *,
        digest: str,
        channel: str,
        reason: str = "",
    ) -> Given:
        """Record a person's answer to the plan that ``digest`` names.

        ``digest`` is the whole one, or at least its first eight digits. Refused where the plan is
        another by now, or the question is over; Forbidden for machines, for whom the policy does
        not count, for an approval by an account that is nobody's in ``people``, and where a plan of
        high risk wants a fresher proof of who answers.
        """
        found = self._found(who, rollback_id, Action.ANSWER)
        said = checked_text("reason", reason) if reason else ""
        self._same_plan(found, digest)
        plan = self._plan(found)
        if given is Answer.APPROVE:
            if why := stranger(who.person):  # with two accounts one person would count twice
                raise Forbidden(why, remedy="map the account to a person there, then approve")
            self._proved_lately(who, plan)
        is_new = approve.answer(
            self._store,
            found,
            given,
            person=who.person,
            at=self.workspace.clock.now(),
            reason=said,
            channel=channel,
        )
        # A denial closes it, so that what was prewarmed goes at once.
        self._runner.drive_if_nobody_does(found.id)
        now = self._store.rollback(found.id) or found
        return Given(
            rollback_id=found.id,
            answer=given,
            person=who.person.name,
            is_new=is_new,
            digest=found.plan_digest,
            status=now.status,
        )

    def report(self, who: Principal, rollback_id: str) -> Report:
        """Tell how a rollback stands."""
        return self.workspace.report(self._found(who, rollback_id, Action.READ).id)

    def rollbacks(
        self,
        who: Principal,
        target: Target | None = None,
        *,
        failed_deployment_id: str | None = None,
        status: Status | None = None,
        limit: int,
    ) -> tuple[Rollback, ...]:
        """List the newest that ``who`` may see, newest first."""
        found = self._store.rollbacks(
            target, failed_deployment_id=failed_deployment_id, status=status, limit=limit
        )
        return tuple(each for each in found if self.may(who, Action.READ, each.target))

    def _found(self, who: Principal, rollback_id: str, action: Action) -> Rollback:
        """Look a rollback of the ledger up that ``who`` may do this to."""
        checked_name("rollback id", rollback_id)
        found = self._store.rollback(rollback_id)
        if found is None:
            seen = self.rollbacks(who, limit=_NEAR)
            raise UnknownName("rollback", rollback_id, nearest=nearest(rollback_id, _ids(seen)))
        self.require(who, action, found.target)
        return found

    def _plan(self, found: Rollback) -> Plan:
        plan = self._store.plan(found.id)
        if plan is None:
            raise StoreCorrupt(f"the plan of {found.id} is missing from the ledger")
        return plan

    def _same_plan(self, found: Rollback, digest: str) -> None:
        """Refuse an answer to what is over, or to another plan than the one that stands."""
        if found.status not in ACTIVE:
            raise Refused(f"{found.id} is over ({found.status}); the answer was not recorded")
        if not names_plan(digest, found.plan_digest):
            raise Refused(
                "this names another plan; the answer was not recorded",
                where=f"rollback {found.id}",
                remedy="read the plan again, and answer with the digest that stands there",
            )

    def _proved_lately(self, who: Principal, plan: Plan) -> None:
        within = self.workspace.configuration.server.confirm_within
        if plan.risk is not Risk.HIGH or who.proved_at is None:
            return
        if (self.workspace.clock.now() - who.proved_at).total_seconds() > within:
            raise ProofTooOld("its risk is high: log in once more, then approve")


def _checked(request: Request) -> Request:
    """Check every text of a request; UsageError says which is wrong."""
    if request.override is not None:
        checked_name("check", request.override)
        if request.reason is None:
            raise UsageError("an override needs a reason", remedy="say why; it is recorded")
    if request.target_version is not None:
        checked_name("version", request.target_version)
    reason = None if request.reason is None else checked_text("reason", request.reason)
    return replace(request, reason=reason)


def _ids(found: Iterable[Rollback]) -> Iterable[str]:
    return (each.id for each in found)
