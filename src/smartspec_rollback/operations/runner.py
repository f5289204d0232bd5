"""Drives the rollbacks of one ledger: those begun here, and those whose process died.

Used by ``smartspec serve`` and ``smartspec worker``. Each is driven by the same code as in the
process of a command. One that waits for people holds no thread. Told to stop, a Runner takes over
nothing more and waits for what is being carried out; what only waits it lets go, for whoever drives
it next. One that is killed leaves nothing that another could not take over.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import UNDER_WAY, Rollback
from smartspec_rollback.engine.parts import Listener
from smartspec_rollback.engine.pausing import Going, Pause
from smartspec_rollback.errors import ProviderUnavailable, SmartSpecError, StoreError
from smartspec_rollback.operations.turning import turn_until
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.wiring import Workspace

_LOG = logging.getLogger(__name__)

_TICK = 0.05
_TAKE_OVER_EVERY = timedelta(seconds=1)
_UNDISTURBED = timedelta(seconds=3)
_AGAIN_AFTER = timedelta(seconds=10)
_MANY = 1000


@dataclass
class _Driven:
    """One rollback on its way; ``pause`` while it holds no thread."""

    rollback_id: str
    going: Going[Report | None]
    pause: Pause | None = None
    thread: threading.Thread | None = None


class Runner:
    """Drives rollbacks side by side; safe to use from any thread."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        listen: Callable[[Rollback], Listener],
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        takes_over: bool = True,
    ) -> None:
        """Let ``listen`` make who watches each rollback; ``tell`` hears news, ``warn`` trouble.

        Without ``takes_over`` it drives only what it is told to.
        """
        self._workspace = workspace
        self._listen = listen
        self._tell = tell
        self._warn = warn
        self._takes_over = takes_over
        self._guard = threading.RLock()
        self._driven: dict[str, _Driven] = {}
        self._not_before: dict[str, datetime | None] = {}
        self._looked: datetime | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look for what to do from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take over nothing more, let go what waits, and wait for what is carried out."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        while (busy := self._busy()) is not None:
            busy.join()
        self._let_go()

    def drive(self, rollback_id: str, *, fresh: bool = False) -> None:
        """Drive a rollback, unless that is being done already; errors of driving are told.

        ``fresh``: it was begun by this process a moment ago. UnknownName if there is none such.
        """
        with self._guard:
            self._not_before.pop(rollback_id, None)
            if rollback_id in self._driven or self._over.is_set():
                return
            known = self._workspace.store.rollback(rollback_id)
            listener = Unwatched() if known is None else self._listen(known)
            driven = _Driven(rollback_id, self._workspace.drive(rollback_id, listener, fresh=fresh))
            self._go_on(driven)
            self._driven[rollback_id] = driven

    def drive_if_nobody_does(self, rollback_id: str) -> None:
        """Drive what was answered, even if it failed here before; errors of driving are told."""
        if self._workspace.store.holder(rollback_id) is None:
            self._try(rollback_id)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is driven here."""
        with self._guard:
            return not self._driven

    def turn(self) -> None:
        """Look once: go on with what need not wait any more, take over what nobody drives."""
        with self._guard:
            waiting = [each for each in self._driven.values() if each.pause is not None]
        for driven in waiting:
            if driven.pause is not None and _is_over(driven.pause):
                self._go_on(driven)
        if not self._takes_over:
            return
        now = self._workspace.clock.now()
        if self._looked is None or now - self._looked >= _TAKE_OVER_EVERY:
            self._looked = now
            self._take_over(now)

    def _run(self) -> None:
        turn_until(
            self._over,
            self.turn,
            every=_TICK,
            trouble=lambda what: self._warn(f"the ledger cannot be used: {what}"),
        )

    def _take_over(self, now: datetime) -> None:
        store = self._workspace.store
        for status in sorted(UNDER_WAY):
            for each in store.rollbacks(status=status, limit=_MANY):
                # Whoever just began it may not have claimed it yet.
                if now - each.updated_at < _UNDISTURBED or self._leaves(each.id, now):
                    continue
                if store.holder(each.id) is None:
                    self._tell(f"{each.target}: taking over {each.id} ({each.status})")
                    self._try(each.id)

    def _try(self, rollback_id: str) -> None:
        """Drive it; one that cannot even begin holds up no other."""
        try:
            self.drive(rollback_id)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - as in a rollback's own thread
            self._fell(rollback_id, error)

    def _leaves(self, rollback_id: str, now: datetime) -> bool:
        """Whether it is driven here, or failed here in a way that trying again would not mend."""
        with self._guard:
            if rollback_id in self._driven:
                return True
            if rollback_id not in self._not_before:
                return False
            again = self._not_before[rollback_id]
            return again is None or now < again

    def _go_on(self, driven: _Driven) -> None:
        """Give it a thread; where there is none to be had, everything stays as it was."""
        with self._guard:
            thread = threading.Thread(
                target=self._step, args=(driven,), name=driven.rollback_id, daemon=True
            )
            thread.start()
            driven.pause, driven.thread = None, thread

    def _step(self, driven: _Driven) -> None:
        """Carry on until the next pause or the end, in the rollback's own thread."""
        try:
            pause = next(driven.going)
        except StopIteration as end:
            self._ended(driven, end.value)
        except Exception as error:  # noqa: BLE001 - the others go on; the journal says where this is
            self._fell(driven.rollback_id, error)
        else:
            with self._guard:
                driven.pause, driven.thread = pause, None

    def _ended(self, driven: _Driven, report: Report | None) -> None:
        with self._guard:
            self._driven.pop(driven.rollback_id, None)
        if report is not None:
            known = report.rollback
            self._tell(f"{known.target}: {known.id} is {known.status}")

    def _fell(self, rollback_id: str, error: Exception) -> None:
        """Leave it where the journal says it is; people are to look.

        Only what may pass by itself is tried again: the rest would come to the same.
        """
        again = isinstance(error, StoreError | ProviderUnavailable)
        said = str(error)
        if not isinstance(error, SmartSpecError):
            _LOG.error("driving %s", rollback_id, exc_info=error)
            said = f"unexpected {type(error).__name__}"
        with self._guard:
            self._driven.pop(rollback_id, None)
            now = self._workspace.clock.now()
            self._not_before[rollback_id] = now + _AGAIN_AFTER if again else None
        self._warn(f"{rollback_id}: error: {said}")

    def _busy(self) -> threading.Thread | None:
        with self._guard:
            alive = (each.thread for each in self._driven.values() if each.pause is None)
            return next((thread for thread in alive if thread is not None), None)

    def _let_go(self) -> None:
        with self._guard:
            waiting, self._driven = tuple(self._driven.values()), {}
        for driven in waiting:
            try:
                driven.going.close()
            except Exception:  # noqa: BLE001 - the others are to be let go, too
                _LOG.exception("letting %s go", driven.rollback_id)


def _is_over(pause: Pause) -> bool:
    try:
        return pause.over()
    except Exception:  # noqa: BLE001 - it must not keep the others waiting
        return True  # going on meets the same, where it is dealt with
