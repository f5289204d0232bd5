"""Socket Mode: who is connected, what was sent to them, and what they acknowledged.

``http`` hands it the connections, ``workspace`` sends what people do through it.
"""

import json
import threading
import uuid
from dataclasses import dataclass, field

from smartspec_rollback.testing.messenger_room import DEADLINE
from smartspec_rollback.testing.slack.state import Obj, State
from smartspec_rollback.testing.slack.websocket import WebSocket


@dataclass
class Envelope:
    """Something sent to the app, and its answer once it acknowledged."""

    id: str
    answered: threading.Event = field(default_factory=threading.Event)
    answer: Obj = field(default_factory=dict)

    def wait(self) -> Obj:
        """Wait for the acknowledgement; the payload it carried."""
        assert self.answered.wait(DEADLINE), "the app did not acknowledge"
        return self.answer


class Sockets:
    """The connections of the app."""

    def __init__(self, state: State) -> None:
        """Begin without any."""
        self._state = state
        self._open: list[WebSocket] = []
        self._changed = threading.Condition()
        self._envelopes: dict[str, Envelope] = {}
        self.opened = 0

    def serve(self, connection: WebSocket) -> None:
        """Serve one connection to its end."""
        hello = {
            "type": "hello",
            "num_connections": 1,
            "connection_info": {"app_id": self._state.app},
            "debug_info": {"host": "applink", "approximate_connection_time": 3600},
        }
        connection.send(json.dumps(hello))
        with self._changed:
            self._open.append(connection)
            self.opened += 1
            self._changed.notify_all()
        try:
            connection.serve(self._hear)
        finally:
            with self._changed:
                self._open.remove(connection)
                self._changed.notify_all()

    def send(self, kind: str, payload: Obj) -> Envelope:
        """Send something to the app, once it listens."""
        envelope = Envelope(str(uuid.uuid4()))
        self._envelopes[envelope.id] = envelope
        message = {
            "envelope_id": envelope.id,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": True,
        }
        with self._changed:
            while True:
                listening = self._changed.wait_for(self._live, DEADLINE)
                assert listening, "nobody listens by Socket Mode"
                if self._live()[-1].send(json.dumps(message)):
                    return envelope

    def refresh(self) -> None:
        """Ask the app to connect anew, as Slack does every few hours."""
        warning = json.dumps({"type": "disconnect", "reason": "refresh_requested"})
        with self._changed:
            for connection in self._live():
                connection.send(warning)

    def wait_for_opened(self, count: int) -> None:
        """Wait until so many connections were opened in all."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.opened >= count, DEADLINE)

    def close(self, *, politely: bool) -> None:
        """Close every connection."""
        with self._changed:
            for connection in self._open:
                connection.close(politely=politely)

    def _live(self) -> list[WebSocket]:
        return [each for each in self._open if not each.closed]

    def _hear(self, text: str) -> None:
        message = json.loads(text)
        envelope = self._envelopes[message["envelope_id"]]
        envelope.answer = message.get("payload") or {}
        envelope.answered.set()
