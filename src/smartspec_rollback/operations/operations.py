"""The verbs: what may be asked for, by whom, and what it does. One place for every way in.

Called by ``server``, ``desk`` and whatever else speaks for other people. Each verb first asks
whether who asks may do that to that Target; a refusal is audited and raises Forbidden. Then the
same engine is called as by the commands.
"""

from collections.abc import Iterable
from dataclasses import replace

from smartspec_rollback.domain.access import Action, Principal, permits, why_not
from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.names import checked_name, checked_text, nearest
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Rollback, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine import approve
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.errors import (
    Forbidden,
    Refused,
    StoreCorrupt,
    UnknownName,
    UsageError,
)
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.ports.store import AuditEntry, AuditFault
from smartspec_rollback.wiring import Workspace
from smartspec_rollback.wiring.recording import Recorded, Said

SHORT = 8
"""How many hexadecimal digits of a digest name a plan, where a person types it."""

_CANDIDATES = 20


class Given(Value):
    """An answer that counts: whose it is, whether it is new, and where the rollback stands."""

    rollback_id: str
    answer: Answer
    person: str
    is_new: bool
    digest: str
    status: Status


class Standing(Value):
    """What is known of a Target: what is live, what is being done, and what is banned."""

    target: Target
    live: LedgerEntry | None
    active: Rollback | None
    holds: tuple[Hold, ...]


class Operations:
    """Everything that may be asked of one ledger; safe to use from any thread."""

    def __init__(self, workspace: Workspace, runner: Runner) -> None:
        self.workspace = workspace
        self._runner = runner
        self._store = workspace.store

    # Who may

    def may(self, who: Principal, action: Action, target: Target | None) -> bool:
        """Tell whether ``who`` may do ``action``; None asks about the whole ledger."""
        return permits(self.workspace.configuration.grants, who, action, target)

    def require(self, who: Principal, action: Action, target: Target | None) -> None:
        """Raise Forbidden, and audit it, where ``who`` may not do ``action``."""
        refusal = why_not(self.workspace.configuration.grants, who, action, target)
        if refusal is None:
            return
        self._store.audit(
            actor=who.person.name,
            action="access.refused",
            subject=str(target) if target is not None else "ledger",
            detail=refusal,
            at=self.workspace.clock.now(),
        )
        raise Forbidden(refusal, remedy="ask whoever looks after `server.roles` of smartspec.yaml")

    # Rollbacks

    def rollback(self, who: Principal, request: Request) -> Report:
        """Begin a rollback, or join the one that is running; returns once its plan is made.

        It goes on by itself. The Report of a dry run or of a refused plan is final.
        """
        if request.break_glass:
            raise UsageError("break-glass is for a terminal, where no server is needed")
        failed = self._located(request.failed_deployment_id)
        self.require(who, Action.REQUEST, failed.target)
        request = _checked(request)
        begun = self.workspace.begin(request, Unwatched(), failed=failed, by=who.person)
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
        not count, and where a plan of high risk wants a fresher proof of who answers.
        """
        found = self._found(who, rollback_id, Action.ANSWER)
        said = checked_text("reason", reason) if reason else ""
        self._same_plan(found, digest)
        plan = self._plan(found)
        if given is Answer.APPROVE:
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
        if given is Answer.DENY and self._store.holder(found.id) is None:
            self._runner.drive(found.id)  # closes it, so that what was prewarmed goes at once
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

    # Deployments

    def record(self, who: Principal, said: Said) -> Recorded:
        """Record a deployment, and what can be learnt about it right then."""
        self.require(who, Action.RECORD, self.target(said.service, said.environment))
        return self.workspace.record(said, by=who.person)

    def mark(
        self, who: Principal, deployment_id: str, outcome: VerdictOutcome, *, reason: str
    ) -> Verdict:
        """Record what a person or a pipeline says of a deployment's health."""
        self.require(who, Action.JUDGE, self._located(deployment_id).target)
        why = checked_text("reason", reason)
        return self.workspace.mark(deployment_id, outcome, why, by=who.person)

    def gate(self, who: Principal, deployment_id: str, listener: Listener) -> Verdict:
        """Judge a deployment and record the Verdict; takes as long as measuring does."""
        self.require(who, Action.JUDGE, self._located(deployment_id).target)
        return self.workspace.gate(deployment_id, listener, by=who.person)

    def deployment(self, who: Principal, deployment_id: str) -> tuple[LedgerEntry, Verdict | None]:
        """Look one up with its newest verdict; one that only a platform knows, too."""
        checked_name("deployment id", deployment_id)
        entry = self._store.deployment(deployment_id)
        if entry is None:
            entry = LedgerEntry(deployment=self._located(deployment_id))
        self.require(who, Action.READ, entry.deployment.target)
        return entry, self._store.newest_verdict(deployment_id)

    def deployments(
        self, who: Principal, target: Target | None = None, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List the newest that ``who`` may see, newest first."""
        found = self._store.deployments(target, limit=limit)
        return tuple(e for e in found if self.may(who, Action.READ, e.deployment.target))

    def candidates(self, who: Principal) -> tuple[LedgerEntry, ...]:
        """List what is live and may be taken back by ``who``: failed first, then the newest."""
        live = [self._store.live(t) for t in self._targets(who, Action.REQUEST)]
        found = [entry for entry in live if entry is not None]
        found.sort(key=lambda entry: entry.deployment.at, reverse=True)
        found.sort(key=self._failed, reverse=True)
        return tuple(found[:_CANDIDATES])

    # Holds, services, audit

    def holds(self, who: Principal, target: Target | None = None) -> tuple[Hold, ...]:
        """List the holds in force that ``who`` may see, newest first."""
        found = self._store.holds(target)
        return tuple(each for each in found if self.may(who, Action.READ, each.target))

    def release_hold(self, who: Principal, hold_id: str, *, reason: str) -> Hold:
        """Lift a hold, so that its release may be deployed again."""
        checked_name("hold id", hold_id)
        why = checked_text("reason", reason)
        known = {each.id: each for each in self._store.holds()}
        if hold_id in known:
            self.require(who, Action.RELEASE_HOLD, known[hold_id].target)
        else:
            self.require(who, Action.RELEASE_HOLD, None)
        return self._store.release_hold(
            hold_id, by=who.person, reason=why, at=self.workspace.clock.now()
        )

    def services(self, who: Principal) -> tuple[Standing, ...]:
        """Say of each Target that ``who`` may see what is live, being done and banned."""
        return tuple(
            Standing(
                target=target,
                live=self._store.live(target),
                active=self._store.active(target),
                holds=self._store.holds(target),
            )
            for target in self._targets(who, Action.READ)
        )

    def audit_log(self, who: Principal, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the newest entries of the audit log, newest first."""
        self.require(who, Action.AUDIT, None)
        return self._store.audit_log(limit=limit)

    def verify_audit(self, who: Principal) -> tuple[int, AuditFault | None]:
        """Check the whole chain: how many entries, and the first fault if there is one."""
        self.require(who, Action.AUDIT, None)
        return self._store.verify_audit()

    def target(self, service: str, environment: str) -> Target:
        """Look a Target up; UnknownName with the nearest known one."""
        checked_name("service", service)
        checked_name("environment", environment)
        return self.workspace.configuration.target(service, environment).settings.target

    # How

    def _targets(self, who: Principal, action: Action) -> Iterable[Target]:
        return (t for t in self.workspace.targets if self.may(who, action, t))

    def _failed(self, entry: LedgerEntry) -> bool:
        verdict = self._store.newest_verdict(entry.deployment.id)
        return verdict is not None and verdict.outcome is VerdictOutcome.FAIL

    def _located(self, deployment_id: str) -> Deployment:
        return self.workspace.locate(checked_name("deployment id", deployment_id))

    def _found(self, who: Principal, rollback_id: str, action: Action) -> Rollback:
        """Look a rollback of the ledger up that ``who`` may do this to."""
        checked_name("rollback id", rollback_id)
        found = self._store.rollback(rollback_id)
        if found is None:
            seen = self.rollbacks(who, limit=_CANDIDATES)
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
        if len(digest) < SHORT or not found.plan_digest.startswith(digest.lower()):
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


class ProofTooOld(Forbidden):
    """Whoever approves a plan of high risk has to prove anew who they are."""


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
