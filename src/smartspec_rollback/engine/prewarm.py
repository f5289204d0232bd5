"""Prewarm: start the target beside the live release while people read the plan.

It proves that the old version still boots today, and makes the switch instant. The platform is
spoken to in a thread of its own; the journal is written by the rollback's own thread alone.
"""

from threading import Event, Thread

from smartspec_rollback.domain.facts import Boot
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EntryKind
from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.domain.values import Parameter, parameters
from smartspec_rollback.engine.journal import Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.pausing import Going, Pause
from smartspec_rollback.engine.smoke import run_tests
from smartspec_rollback.errors import ProviderError, SmartSpecError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.platform import Prewarmed, Prewarms

PREWARM_TIMEOUT = 300.0
"""Seconds a release may take to become ready and pass its tests beside the live one."""

_POLL = 0.05
_PAUSE = 0.5
_ATTEMPTS = 5


class Prewarming:
    """One prewarm, from its journalled intent to its journalled result."""

    def __init__(self, parts: Parts, journal: Journal, plan: Plan) -> None:
        self._parts = parts
        self._journal = journal
        self._plan = plan
        self._cancelled = Event()
        self._thread: Thread | None = None
        self._found: Boot | None = None
        self._told = False

    @property
    def wanted(self) -> bool:
        """Whether the plan has a prewarm at all."""
        return self._plan.prewarm

    def begin(self) -> None:
        """Journal the intent and start; idempotent, also after a crash."""
        if not self.wanted or self._thread is not None:
            return
        version = self._plan.to.release.version
        self._journal.note(
            EntryKind.PREWARM_INTENT,
            f"Starting {version} beside the live version, without traffic",
            operation=self._operation,
        )
        self._thread = Thread(target=self._work, name="prewarm", daemon=True)
        self._thread.start()

    def poll(self) -> Boot | None:
        """Return the result once there is one, after journalling it; never block."""
        if self._found is None or self._told:
            return self._found
        self._told = True
        kind = EntryKind.PREWARM_READY if self._found.ready else EntryKind.PREWARM_FAILED
        self._journal.note(kind, self._found.detail, operation=self._operation)
        return self._found

    @property
    def is_news(self) -> bool:
        """Whether there is a result that nobody polled for yet."""
        return self._found is not None and not self._told

    def wait(self) -> Going[Boot | None]:
        """Wait for the result; None where the plan has no prewarm or somebody wants to stop."""
        while not self._is_settled():
            yield Pause(_POLL, self._is_settled)
        return self.poll()

    def still_ready(self) -> Boot:
        """Look once more, just before the switch: it may have died since."""
        prewarmed = self._observe()
        ready = prewarmed.progress.state is ProgressState.DONE
        return Boot(ready=ready, detail=prewarmed.progress.detail, at=self._parts.clock.now())

    def discard(self) -> None:
        """Remove what was started, if anything; never what receives traffic."""
        self._cancelled.set()
        if self._thread is not None:
            self._thread.join()
        discard_prewarmed(self._parts, self._journal, self._plan)

    def remove_unjournalled(self) -> None:
        """Remove what was started where the journal cannot be written any more; never fails.

        The intent stands in the journal, so whoever comes next looks for leftovers again.
        """
        platform = self._parts.platform
        if self._thread is None or not isinstance(platform, Prewarms):
            return
        self._cancelled.set()
        self._thread.join()
        try:
            platform.discard(self._parts.target, self._plan.to.release, operation=self._operation)
        except ProviderError as error:
            self._parts.listener.progress("prewarm", f"it could not be removed: {error.what}")

    def _is_settled(self) -> bool:
        return self._thread is None or self._found is not None or self._parts.stop()

    @property
    def _operation(self) -> str:
        return f"{self._plan.rollback_id}.prewarm"

    def _observe(self) -> Prewarmed:
        platform = self._parts.platform
        if not isinstance(platform, Prewarms):
            raise ProviderError(f"the platform {platform.name} cannot prewarm")
        return platform.prewarmed(self._parts.target, self._plan.to.release)

    def _work(self) -> None:
        try:
            self._found = self._boot()
        except SmartSpecError as error:
            self._found = Boot(ready=False, detail=error.what, at=self._parts.clock.now())
        except Exception as error:  # noqa: BLE001 - whatever it is, the target did not boot
            detail = f"unexpected {type(error).__name__} while starting it"
            self._found = Boot(ready=False, detail=detail, at=self._parts.clock.now())

    def _boot(self) -> Boot:
        parts, release = self._parts, self._plan.to.release
        if not isinstance(parts.platform, Prewarms):
            return Boot(ready=False, detail=f"{parts.platform.name} cannot prewarm")
        deadline = Deadline.after(parts.clock, PREWARM_TIMEOUT)
        parts.platform.prewarm(parts.target, release, operation=self._operation)
        seen = self._observe()
        while seen.progress.state is ProgressState.PENDING:
            if self._cancelled.is_set() or deadline.expired:
                return Boot(ready=False, detail=f"{release.version} did not become ready in time")
            parts.listener.progress("prewarm", seen.progress.detail)
            deadline.pause(_POLL)
            seen = self._observe()
        if seen.progress.state is not ProgressState.DONE:
            return Boot(
                ready=False,
                detail=f"{release.version} does not boot: {seen.progress.detail}",
                at=parts.clock.now(),
            )
        return self._smoke(seen, deadline)

    def _smoke(self, seen: Prewarmed, deadline: Deadline) -> Boot:
        parts, version = self._parts, self._plan.to.release.version
        extra: tuple[Parameter, ...] = parameters(SMARTSPEC_PREWARM="1")
        count = 0
        tests = self._plan.verification
        if (tests.probes or tests.commands) and not seen.addresses:
            detail = f"{version} cannot be tested: the platform names no address of it"
            return Boot(ready=False, detail=detail, at=parts.clock.now())
        for address in seen.addresses:
            for result in run_tests(
                parts,
                self._plan,
                base_url=address,
                deadline=deadline,
                extra=extra,
            ):
                if self._cancelled.is_set():
                    return Boot(ready=False, detail="stopped before its tests were over")
                count += 1
                if not result.passed:
                    return Boot(
                        ready=False,
                        detail=f"{version} fails its test {result.name}: {result.detail}",
                        at=parts.clock.now(),
                    )
        passed = f" and passed {count} smoke tests" if count else ""
        return Boot(
            ready=True,
            detail=f"{version} is ready beside the live version ({seen.progress.detail}){passed}",
            at=parts.clock.now(),
        )


def discard_prewarmed(parts: Parts, journal: Journal, plan: Plan) -> None:
    """Remove a prewarmed target again and journal it; what fails for good is told to people."""
    begun = journal.last(EntryKind.PREWARM_INTENT)
    gone = journal.last(EntryKind.PREWARM_REMOVED)
    if begun is None or (gone is not None and gone.seq > begun.seq):
        return
    if not isinstance(parts.platform, Prewarms):
        return
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            operation = f"{plan.rollback_id}.prewarm"
            parts.platform.discard(parts.target, plan.to.release, operation=operation)
            break
        except ProviderError as error:
            if attempt == _ATTEMPTS:
                journal.note(
                    EntryKind.PREWARM_FAILED,
                    f"The prewarmed {plan.to.release.version} could not be removed: {error.what}",
                )
                return
            parts.clock.sleep(_PAUSE)
    journal.note(
        EntryKind.PREWARM_REMOVED,
        f"Removed the prewarmed {plan.to.release.version} again",
    )
