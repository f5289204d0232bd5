"""Events: everything that happens, told once to all who want to know, whoever did it.

The audit log is the stream: its numbers only grow, so a reader that was away goes on from where it
was, also after a restart. One thread looks; nobody who listens can hold it up.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from smartspec_rollback.domain.values import Value
from smartspec_rollback.operations.turning import turn_until
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.store import AuditEntry, Store

_LOG = logging.getLogger(__name__)

_EVERY = 0.02
_MANY = 500
PROGRESS = "progress"
"""The action of an event that says how far a step is; it is recorded nowhere."""


class Event(Value):
    """Something that happened to ``subject``: a line of the audit log, or progress (``seq`` 0)."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    text: str
    step: str = ""


Subscriber = Callable[[Event], None]


class Hub:
    """Looks for news in one ledger and passes them on; ``start`` begins, ``stop`` ends it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._listening: dict[int, Subscriber] = {}
        self._next = 0
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._mark: int | None = None
        self._seen = 0
        self._thread = threading.Thread(target=self._look, name="events", daemon=True)

    @property
    def seen(self) -> int:
        """The number of the newest event that was passed on."""
        return self._seen

    def start(self) -> None:
        """Begin with what happens from now on."""
        newest = self._store.audit_log(limit=1)
        self._seen = newest[0].seq if newest else 0
        self._thread.start()

    def stop(self) -> None:
        """End; idempotent."""
        self._over.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def subscribe(self, hears: Subscriber) -> Callable[[], None]:
        """Call ``hears`` with each event, in order, until what is returned is called.

        It is called in the hub's own thread and must not block; one that raises hears no more.
        """
        with self._guard:
            number, self._next = self._next, self._next + 1
            self._listening[number] = hears

        def unsubscribe() -> None:
            with self._guard:
                self._listening.pop(number, None)

        return unsubscribe

    def since(self, seq: int) -> tuple[Event, ...]:
        """List what happened after ``seq``, oldest first, 500 at most."""
        return tuple(map(_event, self._store.audit_since(seq, limit=_MANY)))

    def progress(self, rollback_id: str, step: str, text: str) -> None:
        """Pass on how far a step is."""
        self._tell(
            Event(
                seq=0,
                at=self._clock.now(),
                actor="",
                action=PROGRESS,
                subject=rollback_id,
                text=text,
                step=step,
            )
        )

    def _look(self) -> None:
        turn_until(
            self._over,
            self._turn,
            every=_EVERY,
            trouble=lambda what: _LOG.warning("the ledger cannot be read: %s", what),
        )

    def _turn(self) -> None:
        mark = self._store.version_mark()
        if mark == self._mark:
            return
        while news := self.since(self._seen):
            for event in news:
                self._tell(event)
                self._seen = event.seq
        self._mark = mark

    def _tell(self, event: Event) -> None:
        with self._guard:
            listening = tuple(self._listening.items())
        for number, hears in listening:
            try:
                hears(event)
            except Exception as error:  # noqa: BLE001 - one that fails must not silence the others
                _LOG.warning("a listener fell silent: %s", type(error).__name__)
                with self._guard:
                    self._listening.pop(number, None)


def _event(entry: AuditEntry) -> Event:
    return Event(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        text=entry.detail,
    )
