"""Drive: take a rollback that was opened, under a claim, to where it ends.

One process drives a rollback at a time. What to do next is decided by the recorded status alone,
so a process that takes over from a dead one runs the same code.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from smartspec_rollback.domain.approval import Answer, Question, Standing, standing
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, EntryKind, Rollback, Status
from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine import report
from smartspec_rollback.engine.approve import POLL, Asking, question_of, say, unattended_refusal
from smartspec_rollback.engine.execute import Stopped, begin, carry_out
from smartspec_rollback.engine.journal import Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.prewarm import Prewarming
from smartspec_rollback.engine.verify import verify
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
    JournalLost,
    ProviderError,
    StoreCorrupt,
    StoreError,
)
from smartspec_rollback.ports.channel import NoticeKind
from smartspec_rollback.ports.platform import Guards
from smartspec_rollback.ports.store import Change

_BEFORE = (Status.PLANNED, Status.AWAITING_APPROVAL, Status.APPROVED)
_DURING = (Status.EXECUTING, Status.INTERRUPTED, Status.UNKNOWN)
_AFTER = (Status.VERIFYING, Status.UNSTABLE)


def drive(parts: Parts, rollback_id: str) -> Report | None:
    """Take the rollback to its end; None where a living process is driving it already."""
    with _claimed(parts, rollback_id) as journal:
        if journal is None:
            return None
        rollback = parts.store.rollback(rollback_id)
        plan = parts.store.plan(rollback_id)
        if rollback is None or plan is None:
            raise StoreCorrupt(f"{rollback_id} has no plan in the ledger")
        if rollback.status in (*_BEFORE, *_DURING, *_AFTER):
            try:
                _Driving(parts, journal, rollback, plan).go()
            except StoreError as error:
                if not journal.applied():
                    raise
                raise JournalLost(
                    f"production was changed by {', '.join(journal.applied())}, and then the "
                    f"journal could not be written: {error.what}",
                    remedy=f"{error.remedy} Then: smartspec resume {rollback_id}".strip(),
                ) from error
            _publish(parts, journal)
        return report.build(parts.store, rollback_id)


@contextmanager
def _claimed(parts: Parts, rollback_id: str) -> Iterator[Journal | None]:
    claim = parts.store.claim(rollback_id, holder=parts.holder, at=parts.clock.now())
    if claim is None:
        yield None
        return
    try:
        yield Journal(parts, claim)
    finally:
        parts.store.release(claim)


def save_closed(
    parts: Parts,
    planned: Rollback,
    plan: Plan,
    status: Status,
    *,
    dry_run: bool,
) -> Report:
    """Save a plan that will not be carried out: a dry run, or one that is refused.

    A ledger that cannot be written does not stop a dry run from being shown.
    """
    blocking = "; ".join(f.summary for f in plan.blocking)
    closed = msgspec.structs.replace(planned, status=status, status_detail=blocking)
    shown = report.unsaved(closed, plan)
    try:
        parts.store.open_rollback(closed, plan)
        shown = report.build(parts.store, closed.id)
    except StoreError as error:
        if not dry_run:
            raise
        parts.listener.progress("ledger", f"the plan was not saved: {error.what}")
    parts.listener.planned(shown)
    return shown


class _Driving:
    """One rollback on its way; each method leaves it in the status it journalled."""

    def __init__(self, parts: Parts, journal: Journal, rollback: Rollback, plan: Plan) -> None:
        self.parts = parts
        self.journal = journal
        self.rollback = rollback
        self.plan = plan
        self.status = rollback.status
        self.question: Question = question_of(rollback, plan)
        self.prewarming = Prewarming(parts, journal, plan)

    def go(self) -> None:
        """Go on from the recorded status until it ends or stops."""
        if self.status in _BEFORE:
            self._before()
        elif self.status in _DURING:
            self._during()
        if self.status in _AFTER:
            self._after()

    # Before: ask, prewarm, check once more

    def _before(self) -> None:
        try:
            self._still_valid()
            self.prewarming.begin()
            if self.status is not Status.APPROVED:
                self._ask()
            self._prewarm_passed()
            self._begin()
        except Stopped as stop:
            self._close(stop)
            return
        self._carry_out()

    def _still_valid(self) -> None:
        """Refuse a plan that was denied, has expired or gone stale; nothing was done yet."""
        now, decisions = self.parts.clock.now(), self.parts.store.decisions(self.rollback.id)
        if standing(self.question, decisions, now=now) is Standing.DENIED:
            raise Stopped(Status.DENIED, self._denied_text())
        if now >= self.question.expires_at:
            raise Stopped(Status.EXPIRED, "nobody approved in time")
        saved = self.parts.store.plan(self.rollback.id)
        if saved is None or saved.digest != self.rollback.plan_digest:
            raise Stopped(Status.STALE, "the saved plan is not the one that was shown")
        try:
            seen = self.parts.platform.observe(self.plan.target)
        except ProviderError as error:
            raise Stopped(Status.FAILED, error.what) from error
        if seen.fingerprint != self.plan.fingerprint:
            live = seen.live.release.version if seen.live else "nothing"
            raise Stopped(
                Status.STALE,
                f"production changed since the plan was made: {live} is live",
            )

    def _ask(self) -> None:
        """Ask and wait; approvals and denials are journalled, whoever gave them."""
        if self.status is Status.PLANNED:
            self._move(EntryKind.ASKED, Status.AWAITING_APPROVAL, self._asking_text())
        say(
            self.parts,
            NoticeKind.PLAN,
            self.rollback.id,
            self.parts.reports.plan_text(report.build(self.parts.store, self.rollback.id)),
        )
        asking = Asking(self.parts, self.question, self.plan)
        if asking.look() is Standing.OPEN:
            asking.put()
        try:
            found = self._wait(asking)
        finally:
            asking.withdraw()
        said = [d for d in asking.decisions if d.digest == self.question.digest]
        match found:
            case Standing.APPROVED:
                names = ", ".join(
                    f"{d.person.name} ({d.channel})" for d in said if d.answer is Answer.APPROVE
                )
                self._move(EntryKind.DECIDED, Status.APPROVED, f"Approved by {names}")
            case Standing.DENIED:
                raise Stopped(Status.DENIED, self._denied_text())
            case Standing.EXPIRED:
                raise Stopped(Status.EXPIRED, "nobody approved in time")
            case Standing.OPEN:
                raise Stopped(Status.CANCELLED, "stopped on request before anything was done")

    def _wait(self, asking: Asking) -> Standing:
        """Wait until the question is settled; a prewarm that fails ends it too."""
        while (found := asking.look()) is Standing.OPEN:
            boot = self.prewarming.poll()
            if boot is not None and not boot.ready:
                raise Stopped(Status.REFUSED, boot.detail)
            if self.parts.stop():
                return Standing.OPEN
            self.parts.clock.sleep(POLL)
        return found

    def _prewarm_passed(self) -> None:
        if not self.prewarming.wanted:
            return
        boot = self.prewarming.wait()
        if boot is None:
            raise Stopped(Status.CANCELLED, "stopped on request before anything was done")
        if not boot.ready:
            raise Stopped(Status.REFUSED, boot.detail)
        try:
            boot = self.prewarming.still_ready()
        except ProviderError as error:
            raise Stopped(Status.FAILED, error.what) from error
        if not boot.ready:
            raise Stopped(Status.REFUSED, f"the prewarmed target is not ready: {boot.detail}")

    def _begin(self) -> None:
        """Take the platform's guard, look once more, and enter execution."""
        self._guard()
        self._still_valid()
        if self.parts.stop():
            raise Stopped(Status.CANCELLED, "stopped on request before anything was done")
        try:
            begin(self.parts, self.journal, self.rollback, self.plan)
        except ApprovalMissing as missing:
            raise Stopped(Status.DENIED, self._denied_text()) from missing
        self.status = Status.EXECUTING

    def _guard(self) -> None:
        platform = self.parts.platform
        if not isinstance(platform, Guards):
            return
        try:
            platform.guard(self.plan.target, holder=self.rollback.id)
        except AnotherRunning as other:
            raise Stopped(Status.REFUSED, other.what) from other
        except ProviderError as error:
            raise Stopped(Status.FAILED, error.what) from error

    def _unguard(self) -> None:
        platform = self.parts.platform
        if not isinstance(platform, Guards):
            return
        try:
            platform.unguard(self.plan.target, holder=self.rollback.id)
        except ProviderError as error:
            self.parts.listener.progress("guard", f"the guard was not let go: {error.what}")

    def _close(self, stop: Stopped) -> None:
        """End a rollback before its first step; what was prewarmed goes again."""
        self.prewarming.discard()
        self._move(EntryKind.STATUS, stop.status, stop.detail)
        self._unguard()

    def _denied_text(self) -> str:
        denials = [
            d for d in self.parts.store.decisions(self.rollback.id) if d.answer is Answer.DENY
        ]
        said = [
            f"{d.person.name} ({d.channel})" + (f": {d.reason}" if d.reason else "")
            for d in denials
        ]
        return f"denied by {', '.join(said)}"

    def _asking_text(self) -> str:
        why = unattended_refusal(self.parts, self.plan)
        policy = self.plan.policy
        whom = ", ".join(policy.approvers) or "any identified person"
        text = f"Asking {whom} for {policy.quorum} approval(s)"
        return f"{text}; not unattended, since {why}" if why else text

    # During and after

    def _during(self) -> None:
        """Take over from a process that died or stopped in the middle."""
        if self.status is not Status.EXECUTING:
            self._move(EntryKind.STATUS, Status.EXECUTING, "going on from where it stopped")
        try:
            self._guard()
            self._prewarm_again()
        except Stopped as stop:
            self._move(EntryKind.STATUS, Status.INTERRUPTED, stop.detail)
            return
        self._carry_out()

    def _prewarm_again(self) -> None:
        """Bring the prewarmed target back if it died before it got the traffic."""
        moving = [step for step in self.plan.steps if step.moves_traffic]
        if not self.plan.prewarm or any(self._is_done(step) for step in moving):
            return
        self.prewarming.begin()
        boot = self.prewarming.wait()
        if boot is None or not boot.ready:
            raise Stopped(Status.INTERRUPTED, boot.detail if boot else "stopped on request")

    def _is_done(self, step: Step) -> bool:
        if self.journal.last(EntryKind.STEP_DONE, step=step.id):
            return True
        try:
            return self.parts.platform.settled(step).state is ProgressState.DONE
        except ProviderError:
            return False

    def _carry_out(self) -> None:
        self.status = carry_out(self.parts, self.journal, self.rollback, self.plan)
        if self.status not in _AFTER:
            if self.status not in ACTIVE:
                self.prewarming.discard()
            self._unguard()

    def _after(self) -> None:
        if self.status is Status.UNSTABLE:
            self._move(EntryKind.STATUS, Status.VERIFYING, "verifying again")
        step = self.plan.steps[-1]
        self.journal.note(
            EntryKind.STEP_INTENT,
            step.title,
            step=step.id,
            operation=f"{self.rollback.id}.verify",
        )
        verdict = verify(self.parts, self.plan, deployment_id=self.rollback.id)
        self._conclude(verdict)
        self._unguard()

    def _conclude(self, verdict: Verdict) -> None:
        good = verdict.outcome is VerdictOutcome.PASS
        step = self.plan.steps[-1]
        self.journal.note(
            EntryKind.STEP_DONE if good else EntryKind.STEP_FAILED,
            verdict.reason,
            step=step.id,
            operation=f"{self.rollback.id}.verify",
        )
        self.status = Status.SUCCEEDED if good else Status.UNSTABLE
        self.journal.write(
            Change(
                kind=EntryKind.VERDICT,
                text=f"{self.plan.to.release.version} verified: {verdict.outcome} "
                f"({verdict.reason})",
                status=self.status,
                status_detail="" if good else f"{verdict.outcome}: {verdict.reason}",
                verdict=verdict,
            ),
        )

    def _move(self, kind: EntryKind, status: Status, text: str) -> None:
        self.journal.write(
            Change(
                kind=kind,
                text=text if kind is not EntryKind.STATUS else f"{status}: {text}",
                status=status,
                status_detail=text,
            ),
        )
        self.status = status


def _publish(parts: Parts, journal: Journal) -> None:
    """Write the report's files, note where they lie, and post it to the channels."""
    finished = report.build(parts.store, journal.claim.rollback_id)
    try:
        paths = parts.reports.publish(finished)
    except OSError as error:
        parts.listener.progress("report", f"the report could not be written: {error.strerror}")
        paths = ()
    if paths:
        journal.note(
            EntryKind.REPORTED,
            f"Report written to {paths[0]}",
            data=parameters(**{f"path{n}": path for n, path in enumerate(paths, start=1)}),
        )
    say(parts, NoticeKind.REPORT, finished.rollback.id, parts.reports.report_text(finished))
