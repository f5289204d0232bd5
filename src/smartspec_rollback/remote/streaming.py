"""The stream of a rollback's events, read in a thread that comes again where it breaks.

Made by ``following``, which takes what came, and looks whether anybody still answers.
"""

import re
import threading
from queue import SimpleQueue

from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.remote.asking import Server, segment
from smartspec_rollback.remote.http import Event, NoAnswer, NotSent, Refusing, events
from smartspec_rollback.remote.problems import error_of, is_passing

_QUIET = 40.0
_OF_THE_SERVER = 500
"""From this status on it is the server that has trouble, and may be over it soon."""

_NUMBER = re.compile(r"\d{1,15}", re.ASCII)


class Stream:
    """Events of one rollback, read in a thread until it is over or nobody answers any more."""

    def __init__(
        self, server: Server, rollback_id: str, *, after: int, clock: Clock, again: float
    ) -> None:
        self._server = server
        self._path = f"/v1/rollbacks/{segment(rollback_id)}/events"
        self._last = after
        self._clock = clock
        self._again = again
        self._over = threading.Event()
        self.news: SimpleQueue[Event] = SimpleQueue()
        self.heard = clock.monotonic()
        self.away = ""
        self.refused = ""

    def start(self) -> None:
        """Begin; the end of this process does not wait for it."""
        threading.Thread(target=self._read, name="events", daemon=True).start()

    def stop(self) -> None:
        """Come no more."""
        self._over.set()

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                if self._follow():
                    return
            except Refusing as refusal:
                answer = refusal.answer
                if not is_passing(answer) and answer.status < _OF_THE_SERVER:
                    self.refused = error_of(answer, place=str(self._server.place)).what
                    return
                self.away = f"{self._server.place} takes no streams now"
            except (NotSent, NoAnswer) as error:
                self.away = error.what
            self._over.wait(self._again)

    def _follow(self) -> bool:
        """Read one stream to its end; True once the rollback is over."""
        headers = {"Accept": "text/event-stream, application/problem+json"}
        if self._last:
            headers["Last-Event-ID"] = str(self._last)
        place = self._server.place
        for event in events(place, self._path, headers=headers, quiet=_QUIET, beat=self._beat):
            if self._over.is_set():
                return True
            if event.kind == "entry" and _NUMBER.fullmatch(event.id):
                self._last = max(self._last, int(event.id))
            self.news.put(event)
            if event.kind == "end":
                return True
        return False

    def _beat(self) -> None:
        self.heard, self.away = self._clock.monotonic(), ""
