"""Drive: take a rollback that was opened, under a claim, to where it ends.

One process drives a rollback at a time. What to do next is decided by the recorded status alone,
so a process that takes over from a dead one runs the same code. What waits is a generator, see
``pausing``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, ANSWERABLE, STOPPED, EntryKind, Status
from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine import report
from smartspec_rollback.engine.approve import say
from smartspec_rollback.engine.before import come_to_execute, still_valid
from smartspec_rollback.engine.execute import carry_out, halt, stands_in
from smartspec_rollback.engine.journal import OUTCOME_UNKNOWN, Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.pausing import Going
from smartspec_rollback.engine.running import Running, Stopped
from smartspec_rollback.engine.verify import verify
from smartspec_rollback.errors import (
    AnotherRunning,
    ClaimLost,
    JournalLost,
    ProviderError,
    Refused,
    StoreCorrupt,
    StoreError,
)
from smartspec_rollback.ports.channel import NoticeKind
from smartspec_rollback.ports.store import Change

_DURING = STOPPED | {Status.EXECUTING}
_AFTER = frozenset({Status.VERIFYING, Status.UNSTABLE})
_OVER = (Status.DENIED, Status.EXPIRED, Status.STALE)


def drive(parts: Parts, rollback_id: str, *, just_planned: bool = False) -> Going[Report | None]:
    """Take the rollback to its end; None where a living process is driving it already.

    ``just_planned``: by this process, a moment ago. Closed in a pause, it gives the claim back and
    leaves the rollback as recorded, for whoever drives it next.
    """
    with _claimed(parts, rollback_id) as journal:
        if journal is None:
            return None
        run = _running(parts, journal)
        try:
            if run.status in ANSWERABLE | _DURING | _AFTER:
                yield from _Driving(run).go(just_planned=just_planned)
                _publish(parts, journal)
            elif journal.entries and journal.entries[-1].kind is not EntryKind.REPORTED:
                _publish(parts, journal)  # its process died between the end and the report
            return report.build(parts.store, rollback_id)
        except ClaimLost:
            return None
        except StoreError as error:
            if not journal.applied():
                run.prewarming.remove_unjournalled()
                raise
            raise JournalLost(
                f"production was changed by {', '.join(journal.applied())}, and then the "
                f"journal could not be used: {error.what}",
                remedy=f"{error.remedy} Then: smartspec resume {rollback_id}".strip(),
            ) from error


def close_if_over(parts: Parts, rollback_id: str) -> bool:
    """Close a rollback that nobody drives if it was denied, expired or went stale unexecuted.

    True if this closed it: the same command then plans anew.
    """
    with _claimed(parts, rollback_id) as journal:
        if journal is None:
            return False
        run = _running(parts, journal)
        if run.status not in ANSWERABLE:
            return False
        try:
            still_valid(run)
        except Stopped as stop:
            if stop.status not in _OVER:
                return False
            _Driving(run).close(stop)
            _publish(parts, journal)
            return True
        return False


def close_abandoned(parts: Parts, rollback_id: str, *, why: str) -> None:
    """Close a rollback that stopped in the middle, leaving production as it is.

    Refused where it did not, AnotherRunning while a living process drives it.
    """
    with _claimed(parts, rollback_id) as journal:
        if journal is None:
            raise AnotherRunning(f"{rollback_id} is being driven; nothing was abandoned")
        run = _running(parts, journal)
        if run.status not in _DURING:
            raise Refused(
                f"{rollback_id} is {run.status}; only one that stopped in the middle is abandoned",
                remedy=f"`smartspec show {rollback_id}` says where it stands",
            )
        run.tidy()
        run.move(EntryKind.STATUS, Status.ABANDONED, why)
        _publish(parts, journal)


def _running(parts: Parts, journal: Journal) -> Running:
    rollback_id = journal.claim.rollback_id
    rollback, plan = parts.store.rollback(rollback_id), parts.store.plan(rollback_id)
    if rollback is None or plan is None:
        raise StoreCorrupt(f"{rollback_id} has no plan in the ledger")
    return Running(parts, journal, rollback, plan)


@contextmanager
def _claimed(parts: Parts, rollback_id: str) -> Iterator[Journal | None]:
    claim = parts.store.claim(rollback_id, holder=parts.holder, at=parts.clock.now())
    if claim is None:
        yield None
        return
    try:
        yield Journal(parts, claim)
    finally:
        try:
            parts.store.release(claim)
        except StoreError as error:  # it must not hide how the rollback itself ended
            parts.listener.progress("ledger", f"the claim was not given back: {error.what}")


class _Driving:
    """One rollback on its way; each method leaves it in the status it journalled."""

    def __init__(self, run: Running) -> None:
        self.run = run
        self.parts = run.parts
        self.journal = run.journal
        self.plan = run.plan

    def go(self, *, just_planned: bool) -> Going[None]:
        """Go on from the recorded status until it ends or stops."""
        if self.run.status in ANSWERABLE:
            try:
                yield from come_to_execute(self.run, just_planned=just_planned)
            except Stopped as stop:
                self.close(stop)
                return
            self._during()
        elif self.run.status in _DURING:
            yield from self._take_over()
        if self.run.status in _AFTER:
            self._after()

    def close(self, stop: Stopped) -> None:
        """End a rollback before its first step; what was prewarmed goes again."""
        self.run.tidy()
        self.run.move(EntryKind.STATUS, stop.status, stop.detail)

    # During

    def _take_over(self) -> Going[None]:
        """Go on for a process that died or stopped in the middle."""
        if self.run.status is not Status.EXECUTING:
            self.run.move(EntryKind.STATUS, Status.EXECUTING, "going on from where it stopped")
        try:
            self._guard_again()
            yield from self._prewarm_again()
        except Stopped as stop:
            self._halt(stop)
            return
        self._during()

    def _during(self) -> None:
        try:
            carry_out(self.parts, self.journal, self.run.rollback, self.plan)
        except Stopped as stop:
            self._halt(stop)
            return
        self.run.status = Status.VERIFYING

    def _halt(self, stop: Stopped) -> None:
        """Stop in the middle, or close what was not begun; only then is there something to tidy."""
        status = stands_in(self.journal, stop)
        if status not in ACTIVE:
            self.run.tidy()
        halt(self.journal, self.plan, stop)
        self.run.status = status
        if status in ACTIVE:
            self.run.unguard()

    def _guard_again(self) -> None:
        try:
            self.run.guard()
        except AnotherRunning as other:
            raise Stopped(Status.INTERRUPTED, other.what, untouched=Status.REFUSED) from other
        except ProviderError as error:
            raise Stopped(Status.INTERRUPTED, error.what) from error

    def _prewarm_again(self) -> Going[None]:
        """Bring the prewarmed target back if it died before it got the traffic."""
        moving = [step for step in self.plan.steps if step.moves_traffic]
        if not self.plan.prewarm or any(self._is_done(step) for step in moving):
            return
        self.run.prewarming.begin()
        boot = yield from self.run.prewarming.wait()
        if boot is None:
            raise Stopped(Status.INTERRUPTED, "stopped on request", untouched=Status.CANCELLED)
        if not boot.ready:
            raise Stopped(Status.INTERRUPTED, boot.detail, untouched=Status.REFUSED)

    def _is_done(self, step: Step) -> bool:
        if self.journal.last(EntryKind.STEP_DONE, step=step.id):
            return True
        try:
            return self.parts.platform.settled(step).state is ProgressState.DONE
        except ProviderError:
            return False

    # After

    def _after(self) -> None:
        if self.run.status is Status.UNSTABLE:
            self.run.move(EntryKind.STATUS, Status.VERIFYING, "verifying again")
        step = self.plan.steps[-1]
        self.journal.note(
            EntryKind.STEP_INTENT,
            step.title,
            step=step.id,
            operation=f"{self.run.rollback.id}.verify",
        )
        verdict = verify(self.parts, self.plan, deployment_id=self.run.rollback.id)
        self.run.unguard()  # first: once it is concluded, nobody comes back to do it
        self._conclude(verdict)

    def _conclude(self, verdict: Verdict) -> None:
        good = verdict.outcome is VerdictOutcome.PASS
        step = self.plan.steps[-1]
        self.journal.note(
            EntryKind.STEP_DONE if good else EntryKind.STEP_FAILED,
            verdict.reason,
            step=step.id,
            operation=f"{self.run.rollback.id}.verify",
            data=(OUTCOME_UNKNOWN,) if verdict.outcome is VerdictOutcome.INCONCLUSIVE else (),
        )
        self.run.status = Status.SUCCEEDED if good else Status.UNSTABLE
        self.journal.write(
            Change(
                kind=EntryKind.VERDICT,
                text=f"{self.plan.to.release.version} verified: {verdict.outcome} "
                f"({verdict.reason})",
                status=self.run.status,
                status_detail="" if good else f"{verdict.outcome}: {verdict.reason}",
                verdict=verdict,
            ),
        )


def _publish(parts: Parts, journal: Journal) -> None:
    """Write the report's files, note where they lie, and post it to the channels.

    How the rollback ended is decided by now; whatever fails here is told, and changes nothing.
    """
    try:
        finished = report.build(parts.store, journal.claim.rollback_id)
        paths = parts.reports.publish(finished)
        if paths:
            journal.note(
                EntryKind.REPORTED,
                f"Report written to {paths[0]}",
                data=parameters(**{f"path{n}": path for n, path in enumerate(paths, start=1)}),
            )
    except OSError as error:
        parts.listener.progress("report", f"the report could not be written: {error.strerror}")
    except StoreError as error:
        parts.listener.progress("report", f"the report could not be recorded: {error.what}")
        return
    say(parts, NoticeKind.REPORT, finished.rollback.id, parts.reports.report_text(finished))
