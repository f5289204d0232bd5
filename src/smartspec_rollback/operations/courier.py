"""The courier: tells every place what it is owed, whoever drives the rollbacks, and only once.

Started by a server, and by a command that runs without one. What is owed follows from the ledger
alone, so nothing is lost with a process, and rollbacks of other processes are told too. One
process serves a place; another one takes over when it ends. A place that is down delays nobody
but itself. Never changes a rollback.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.operations.delivering import Telling
from smartspec_rollback.operations.place import Outlet, Place, Trouble
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.messenger import Messenger
from smartspec_rollback.ports.store import Attendance, Store

_LOG = logging.getLogger(__name__)

_LOOK_EVERY = 0.1
_LONGEST_WAIT = 1.0
_RECENT = 200
_AT_FIRST = 10_000
_ATTEND_EVERY = 1.0


def outlets(messengers: Iterable[tuple[Target, Messenger]]) -> tuple[Outlet, ...]:
    """Put together which place is told of which Targets; the first Messenger of a place serves."""
    serving: dict[str, Messenger] = {}
    targets: dict[str, set[Target]] = {}
    for target, messenger in messengers:
        serving.setdefault(messenger.place, messenger)
        targets.setdefault(messenger.place, set()).add(target)
    return tuple(
        Outlet(messenger, frozenset(targets[place])) for place, messenger in serving.items()
    )


class Courier:
    """Tells several places; ``start`` begins, ``stop`` ends it, ``wake`` makes it look at once."""

    def __init__(
        self,
        store: Store,
        serving: Iterable[Outlet],
        *,
        clock: Clock,
        link: Callable[[str], str] = lambda _: "",
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Serve these outlets; ``link`` is a rollback's page, ``tell`` hears of troubles."""
        telling = Telling(store, clock, link)
        self._store = store
        self._clock = clock
        self._tell = tell
        self._rounds = tuple(_Rounds(self, Place(outlet, telling)) for outlet in serving)
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._recent: tuple[Rollback, ...] = ()
        self._looked = 0

    @property
    def places(self) -> tuple[str, ...]:
        """Name the places it tells."""
        return tuple(rounds.place.name for rounds in self._rounds)

    def troubles(self) -> tuple[Trouble, ...]:
        """List the places that cannot be told at present."""
        found = (rounds.place.trouble for rounds in self._rounds)
        return tuple(trouble for trouble in found if trouble is not None)

    def start(self) -> None:
        """Begin; returns at once."""
        work = [self._look, *(rounds.run for rounds in self._rounds)]
        self._threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in self._threads:
            thread.start()

    def stop(self, *, within: float = 10.0) -> None:
        """End; what is not told yet is told by whoever serves next."""
        self._stopping.set()
        self._woken.set()
        for rounds in self._rounds:
            rounds.poke()
        for thread in self._threads:
            thread.join(within)
        self._threads = []

    def wake(self) -> None:
        """Look at the ledger now: something was written."""
        self._woken.set()

    def drain(self, *, within: float) -> bool:
        """Wait until every place this process serves was told all that is in the ledger now.

        False where that took too long, or a place is in trouble; nothing is lost by that.
        """
        look = self._looked + 2  # the one that is under way may have read before
        self.wake()
        deadline = Deadline.after(self._clock, within)
        waiting = list(self._rounds)
        while waiting and not deadline.expired:
            self.wake()
            deadline.pause(_LOOK_EVERY / 2)
            waiting = [each for each in waiting if not each.is_done(look)]
        return not waiting and not self.troubles()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to end."""
        return self._stopping.is_set()

    @property
    def seen(self) -> tuple[int, tuple[Rollback, ...]]:
        """What was found at the newest look, oldest first, and which look that was."""
        return self._looked, self._recent

    def say(self, text: str) -> None:
        """Tell whoever runs this of a trouble, or that it is over."""
        _LOG.warning("%s", text, extra={"action": "courier"})
        with suppress(Exception):
            self._tell(text)

    def _look(self) -> None:
        """Read the ledger whenever it changed, and hand what was found to every place."""
        mark: int | None = None
        opened: dict[str, Rollback] = {}
        while not self._stopping.is_set():
            try:
                now = self._store.version_mark()
                if now != mark or self._woken.is_set():
                    self._woken.clear()
                    limit = _AT_FIRST if mark is None else _RECENT
                    self._recent = self._read(opened, limit=limit)
                    mark = now
                    self._looked += 1
                    for rounds in self._rounds:
                        rounds.poke()
            except SmartSpecError as error:
                _LOG.warning("the ledger could not be read: %s", error.what)
            self._stopping.wait(_LOOK_EVERY)

    def _read(self, opened: dict[str, Rollback], *, limit: int) -> tuple[Rollback, ...]:
        found = {each.id: each for each in self._store.rollbacks(limit=limit)}
        for rollback_id in tuple(opened):
            if rollback_id not in found and (old := self._store.rollback(rollback_id)) is not None:
                found[rollback_id] = old
        opened.clear()
        opened.update({each.id: each for each in found.values() if each.status in ACTIVE})
        return tuple(sorted(found.values(), key=lambda each: (each.requested_at, each.id)))


class _Rounds:
    """One place's thread."""

    def __init__(self, courier: Courier, place: Place) -> None:
        self.place = place
        self._courier = courier
        self._poked = threading.Event()
        self._done = 0
        self._elsewhere = False

    def poke(self) -> None:
        """Make it look at what is due."""
        self._poked.set()

    def is_done(self, look: int) -> bool:
        """Tell whether all that was found at a look was told, or somebody else tells it."""
        return self._elsewhere or self._done >= look or self.place.trouble is not None

    def run(self) -> None:
        """Serve the place until the courier stops, whenever nobody else does."""
        while not self._courier.is_stopping:
            attended = self._attend()
            if attended is None:
                self._poked.wait(_ATTEND_EVERY)
                self._poked.clear()
                continue
            try:
                self._serve()
            except SmartSpecError as error:
                _LOG.warning("%s: %s", self.place.name, error.what)
                self._poked.wait(_ATTEND_EVERY)
            finally:
                attended.leave()

    def _attend(self) -> Attendance | None:
        try:
            found = self._courier._store.attend(self.place.name)  # noqa: SLF001 - both are this module
        except SmartSpecError as error:
            _LOG.warning("%s: %s", self.place.name, error.what)
            return None
        self._elsewhere = found is None
        return found

    def _serve(self) -> None:
        """Deliver what is due, again and again."""
        place = self.place
        place.begin()
        while not self._courier.is_stopping:
            self._poked.clear()
            look, rollbacks = self._courier.seen
            place.take(rollbacks)
            before = place.trouble
            wait = place.deliver()
            self._tell(before, place.trouble)
            if wait is None:
                self._done = look
            self._poked.wait(_LONGEST_WAIT if wait is None else min(wait, _LONGEST_WAIT))

    def _tell(self, before: Trouble | None, after: Trouble | None) -> None:
        if before is None and after is not None:
            self._courier.say(
                f"{after.place} could not be told: {after.what}. It is told later, in order."
            )
        elif before is not None and after is None:
            self._courier.say(f"{before.place} is told again.")
