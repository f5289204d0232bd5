"""Execute: a small state machine over the journal. Look, write intent, act, look, write outcome.

If this process dies on any line, the journal says which step was begun, and the platform says
whether it was done; ``carry_out`` called again goes on from there and does nothing twice.
"""

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Rollback, Status
from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import VERIFY, Progress, ProgressState, Repeat, Step
from smartspec_rollback.domain.values import parameter, parameters
from smartspec_rollback.engine.journal import NOT_APPLIED, Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.errors import (
    ClaimLost,
    FenceConflict,
    NotDone,
    ProviderError,
    ProviderUnavailable,
    StoreError,
)
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.store import Change

_POLL = 0.02
_ATTEMPTS = 3


class Stopped(Exception):
    """The run cannot go on; ``status`` is where it stands and ``detail`` says why."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def begin(parts: Parts, journal: Journal, rollback: Rollback, plan: Plan) -> None:
    """Enter execution: place the hold on the bad release, unless somebody denied meanwhile."""
    hold = None
    if parts.store.hold_on(plan.target, plan.from_release) is None:
        hold = Hold(
            id=f"hold-{rollback.id}",
            target=plan.target,
            release=plan.from_release,
            reason=plan.reason,
            placed_at=parts.clock.now(),
            placed_by=plan.requested_by.name,
            rollback_id=rollback.id,
        )
    journal.write(
        Change(
            kind=EntryKind.HOLD_PLACED if hold else EntryKind.STATUS,
            text=f"Executing; {plan.from_release.version} is on hold",
            status=Status.EXECUTING,
            place_hold=hold,
            unless_denied=True,
        ),
    )


def carry_out(parts: Parts, journal: Journal, rollback: Rollback, plan: Plan) -> Status:
    """Do every step that is not done yet; return VERIFYING, or the status the run stopped in."""
    try:
        for number, step in enumerate(plan.steps, start=1):
            if step.kind == VERIFY:
                continue
            _Stepping(parts, journal, plan, step, f"{rollback.id}.{number}.{step.id}").run()
            _stop_if_asked(parts, step)
    except Stopped as stop:
        _close(journal, plan, stop)
        return stop.status
    journal.write(
        Change(
            kind=EntryKind.STATUS,
            text=f"All steps are done; verifying {plan.to.release.version}",
            status=Status.VERIFYING,
            deployment=Deployment(
                id=rollback.id,
                target=plan.target,
                release=plan.to.release,
                at=parts.clock.now(),
                revision=plan.to.revision,
                recorded_by=plan.requested_by.name,
                rollback_of=plan.failed_deployment_id,
            ),
        ),
    )
    return Status.VERIFYING


def _stop_if_asked(parts: Parts, step: Step) -> None:
    if parts.stop():
        raise Stopped(Status.INTERRUPTED, f"stopped on request after {step.id}")


def _close(journal: Journal, plan: Plan, stop: Stopped) -> None:
    """Write where the run stopped; the hold goes only if it is certain that nothing was done."""
    nothing_done = not journal.applied()
    if nothing_done and stop.status is Status.INTERRUPTED:
        stop.status = Status.FAILED
    placed = journal.last(EntryKind.HOLD_PLACED)
    lift = f"hold-{plan.rollback_id}" if nothing_done and placed is not None else None
    journal.write(
        Change(
            kind=EntryKind.HOLD_LIFTED if lift else EntryKind.STATUS,
            text=f"{stop.status}: {stop.detail}",
            status=stop.status,
            status_detail=stop.detail,
            lift_hold=lift,
        ),
    )


class _Stepping:
    """One step: what the journal and the platform say of it decides what is done."""

    def __init__(
        self,
        parts: Parts,
        journal: Journal,
        plan: Plan,
        step: Step,
        operation: str,
    ) -> None:
        self.parts = parts
        self.journal = journal
        self.plan = plan
        self.step = step
        self.operation = operation

    def run(self) -> None:
        """Bring the step to its journalled end, or raise Stopped."""
        if self.journal.last(EntryKind.STEP_DONE, step=self.step.id):
            return
        deadline = Deadline.after(self.parts.clock, self.step.timeout)
        if self.journal.last(EntryKind.STEP_INTENT, step=self.step.id):
            progress = self._look(deadline)
            if progress.state is ProgressState.DONE:
                self._done(f"{progress.detail} (observed after an interruption)")
                return
            if progress.state is ProgressState.UNKNOWN or self.step.repeat is Repeat.ASK:
                raise self._unknown(f"it was interrupted, and {progress.detail}")
        self._act(deadline)
        self._settle(deadline)

    def _act(self, deadline: Deadline) -> None:
        """Write the intent, then send; try again only what is known not to have been done."""
        fence = Fence(
            operation=self.operation,
            token=self.journal.claim.token,
            fingerprint=self._expected_fingerprint(),
        )
        for attempt in range(1, _ATTEMPTS + 1):
            self.journal.note(
                EntryKind.STEP_INTENT,
                self.step.title,
                step=self.step.id,
                operation=self.operation,
                data=parameters(fingerprint=fence.fingerprint, attempt=attempt),
            )
            try:
                self.parts.platform.apply(self.step, fence=fence, deadline=deadline)
            except FenceConflict as conflict:
                raise self._not_done(Status.STALE, conflict) from conflict
            except NotDone as refusal:
                raise self._not_done(Status.FAILED, refusal) from refusal
            except ProviderError as error:
                if self._survived(error, deadline, last=attempt == _ATTEMPTS):
                    return
            except (ClaimLost, StoreError):
                raise
            except Exception as error:
                raise self._unknown(f"unexpected {type(error).__name__} while acting") from error
            else:
                return

    def _survived(self, error: ProviderError, deadline: Deadline, *, last: bool) -> bool:
        """Look what a failed call did: true if it was done after all, false to send it again."""
        progress = self._look(deadline)
        if progress.state is ProgressState.DONE:
            return True
        again = isinstance(error, ProviderUnavailable) and self.step.repeat is not Repeat.ASK
        if progress.state is ProgressState.PENDING and again and not last:
            return False
        if progress.state is ProgressState.FAILED:
            raise self._failed(f"{error.what}; {progress.detail}")
        raise self._unknown(f"{error.what}; {progress.detail}")

    def _settle(self, deadline: Deadline) -> None:
        progress = self._look(deadline)
        while progress.state is ProgressState.PENDING and not deadline.expired:
            self.parts.listener.progress(self.step.id, progress.detail)
            deadline.pause(_POLL)
            progress = self._look(deadline)
        match progress.state:
            case ProgressState.DONE:
                self._done(progress.detail)
            case ProgressState.FAILED:
                raise self._failed(progress.detail)
            case ProgressState.PENDING:
                raise self._failed(f"not settled in {self.step.timeout:g}s: {progress.detail}")
            case ProgressState.UNKNOWN:
                raise self._unknown(progress.detail)

    def _look(self, deadline: Deadline) -> Progress:
        """Observe the step; a platform that does not answer is asked until the deadline."""
        while True:
            try:
                return self.parts.platform.settled(self.step)
            except ProviderError as error:
                if deadline.expired:
                    return Progress(state=ProgressState.UNKNOWN, detail=error.what)
                deadline.pause(_POLL * 10)

    def _done(self, detail: str) -> None:
        fingerprint = self._observed_fingerprint()
        self.journal.note(
            EntryKind.STEP_DONE,
            detail,
            step=self.step.id,
            operation=self.operation,
            data=parameters(fingerprint=fingerprint),
        )

    def _observed_fingerprint(self) -> str | None:
        """Remember what production looks like after the step; the next step's fence needs it."""
        deadline = Deadline.after(self.parts.clock, self.step.timeout)
        while True:
            try:
                return self.parts.platform.observe(self.plan.target).fingerprint
            except ProviderError as error:
                if deadline.expired:
                    raise self._unknown(f"it is done, but {error.what}") from error
                deadline.pause(_POLL * 10)

    def _expected_fingerprint(self) -> str:
        """Expect what the last finished step left; before the first, what the plan was made for."""
        newest: JournalEntry | None = self.journal.last(EntryKind.STEP_DONE)
        if newest is None:
            return self.plan.fingerprint
        return parameter(newest.data, "fingerprint")

    def _not_done(self, status: Status, error: NotDone) -> Stopped:
        self._write_failure(error.what, certain=True)
        if self.journal.applied():
            return Stopped(Status.INTERRUPTED, f"{self.step.id}: {error.what}")
        return Stopped(status, error.what)

    def _failed(self, detail: str) -> Stopped:
        self._write_failure(detail)
        return Stopped(Status.INTERRUPTED, f"{self.step.id}: {detail}")

    def _unknown(self, detail: str) -> Stopped:
        self._write_failure(detail)
        return Stopped(Status.UNKNOWN, f"{self.step.id}: {detail}")

    def _write_failure(self, detail: str, *, certain: bool = False) -> None:
        self.journal.note(
            EntryKind.STEP_FAILED,
            detail,
            step=self.step.id,
            operation=self.operation,
            data=(NOT_APPLIED,) if certain else (),
        )
