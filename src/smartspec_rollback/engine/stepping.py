"""Stepping: one step as a small state machine over the journal.

Look, write intent, act, look, write outcome. Called by ``execute`` for one step after the other.
"""

import logging
from typing import assert_never

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.release import same_release
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Status
from smartspec_rollback.domain.snapshot import Fence, Snapshot
from smartspec_rollback.domain.step import Progress, ProgressState, Repeat, Step
from smartspec_rollback.domain.values import Parameter, parameter, parameters
from smartspec_rollback.engine.journal import NOT_APPLIED, OUTCOME_UNKNOWN, Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.running import Stopped
from smartspec_rollback.errors import (
    FenceConflict,
    NotDone,
    ProviderError,
    ProviderUnavailable,
    StoreError,
)
from smartspec_rollback.ports.clock import Deadline

_LOG = logging.getLogger(__name__)

_POLL = 0.02
_PAUSE = 0.2
_ATTEMPTS = 3
_NOT_YET = (ProgressState.PENDING, ProgressState.UNKNOWN)


class Stepping:
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
        if self._may_have_been_sent():
            progress = self._look(deadline)
            if progress.state is ProgressState.DONE:
                self._done(f"{progress.detail} (observed after an interruption)")
                return
            if progress.state is ProgressState.UNKNOWN or self.step.repeat is Repeat.ASK:
                raise self._unknown(f"it was interrupted, and {progress.detail}")
        self._act(deadline)
        self._settle(deadline)

    def _may_have_been_sent(self) -> bool:
        return self.step.id in self.journal.applied()

    def _act(self, deadline: Deadline) -> None:
        """Write the intent, then send; try again only what is known not to have been done."""
        fence = Fence(
            operation=self.operation,
            token=self.journal.claim.token,
            fingerprint=self._expected_fingerprint(),
        )
        for attempt in range(1, _ATTEMPTS + 1):
            last, sent_before = attempt == _ATTEMPTS, self._may_have_been_sent()
            self.journal.note(
                EntryKind.STEP_INTENT,
                self.step.title,
                step=self.step.id,
                operation=self.operation,
                data=parameters(fingerprint=fence.fingerprint, attempt=attempt),
            )
            try:
                self._send(fence, deadline, attempt=attempt)
            except FenceConflict as conflict:
                if sent_before:
                    return  # what changed may be our own doing; looking will tell
                self._conflicted(conflict, fence, last=last)
            except NotDone as refusal:
                raise self._not_done(Status.FAILED, refusal) from refusal
            except ProviderError as error:
                if self._survived(error, deadline, last=last):
                    return
            except StoreError:
                raise
            except Exception as error:
                raise self._unknown(f"unexpected {type(error).__name__} while acting") from error
            else:
                return
            deadline.pause(_PAUSE)

    def _send(self, fence: Fence, deadline: Deadline, *, attempt: int) -> None:
        """Let the platform act, and log how long it took to answer, whatever the answer."""
        begun = self.parts.clock.monotonic()
        try:
            self.parts.platform.apply(self.step, fence=fence, deadline=deadline)
        finally:
            _LOG.info(
                "the platform %s answered",
                self.parts.platform.name,
                extra={
                    "action": "platform.apply",
                    "rollback": self.plan.rollback_id,
                    "step": self.step.id,
                    "operation": self.operation,
                    "attempt": attempt,
                    "seconds": round(self.parts.clock.monotonic() - begun, 3),
                },
            )

    def _conflicted(self, conflict: FenceConflict, fence: Fence, *, last: bool) -> None:
        """Return if the step may be sent again: nothing that the plan rests on has changed."""
        stopped = self._not_done(Status.STALE, conflict)
        try:
            seen = self.parts.platform.observe(self.plan.target)
        except ProviderError as error:
            raise stopped from error
        if last or seen.fingerprint != fence.fingerprint:
            raise stopped from conflict

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
        """Look until the step has come to an end; not knowing may pass, so that is waited out."""
        progress = self._look(deadline)
        while progress.state in _NOT_YET and not deadline.expired:
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
            case _:
                assert_never(progress.state)

    def _look(self, deadline: Deadline) -> Progress:
        """Observe the step; a platform that does not answer is asked until the deadline."""
        while True:
            try:
                return self.parts.platform.settled(self.step)
            except ProviderError as error:
                if deadline.expired:
                    return Progress(state=ProgressState.UNKNOWN, detail=error.what)
                deadline.pause(_PAUSE)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - production was touched: say so, never crash
                detail = f"unexpected {type(error).__name__} while looking"
                return Progress(state=ProgressState.UNKNOWN, detail=detail)

    def _done(self, detail: str) -> None:
        """Write that the step is done, and what production looks like for the next one's fence.

        Only steps that move traffic are observed for that. After one that changes something else,
        what the plan foresaw is expected; after any other, what was expected before: so that what
        somebody else did meanwhile stops the next step.
        """
        fingerprint = self.step.leaves or self._expected_fingerprint()
        if self.step.moves_traffic:
            seen = self._observe()
            fingerprint = seen.fingerprint
            if interference := self._interference(seen):
                raise self._failed(f"{detail}, but {interference}")
        self.journal.note(
            EntryKind.STEP_DONE,
            detail,
            step=self.step.id,
            operation=self.operation,
            data=parameters(fingerprint=fingerprint),
        )

    def _interference(self, seen: Snapshot) -> str | None:
        """Say what somebody else put live while traffic moved; None if it is one of the two."""
        ours = (self.plan.to.release, self.plan.from_release)
        if seen.live is None:
            return "nothing is live any more"
        if any(same_release(seen.live.release, each) is not False for each in ours):
            return None
        return f"somebody else put {seen.live.release.version} live meanwhile"

    def _observe(self) -> Snapshot:
        deadline = Deadline.after(self.parts.clock, self.step.timeout)
        while True:
            try:
                return self.parts.platform.observe(self.plan.target)
            except ProviderError as error:
                if deadline.expired:
                    raise self._unknown(f"it is done, but {error.what}") from error
                deadline.pause(_PAUSE)
            except StoreError:
                raise
            except Exception as error:
                text = f"it is done, but unexpected {type(error).__name__} while looking"
                raise self._unknown(text) from error

    def _expected_fingerprint(self) -> str:
        """Expect what the last finished step left; before the first, what the plan was made for."""
        newest: JournalEntry | None = self.journal.last(EntryKind.STEP_DONE)
        if newest is None:
            return self.plan.fingerprint
        return parameter(newest.data, "fingerprint")

    def _not_done(self, untouched: Status, error: NotDone) -> Stopped:
        self._write_failure(error.what, NOT_APPLIED)
        return Stopped(Status.INTERRUPTED, f"{self.step.id}: {error.what}", untouched=untouched)

    def _failed(self, detail: str) -> Stopped:
        self._write_failure(detail)
        return Stopped(Status.INTERRUPTED, f"{self.step.id}: {detail}")

    def _unknown(self, detail: str) -> Stopped:
        self._write_failure(detail, OUTCOME_UNKNOWN)
        return Stopped(Status.UNKNOWN, f"{self.step.id}: {detail}")

    def _write_failure(self, detail: str, *marks: Parameter) -> None:
        self.journal.note(
            EntryKind.STEP_FAILED,
            detail,
            step=self.step.id,
            operation=self.operation,
            data=marks,
        )
