"""A Matrix room with people in it, and what may befall the way to its homeserver.

Used by the tests of the channel ``matrix``. The homeserver is real; the way to it leads through a
relay of ours, which can be down, lose answers, or answer as a homeserver does that is busy.
"""

import http.client
import json
import socket
import threading
import time
from contextlib import suppress
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.error import HTTPError

from tests.synapse import Account, Homeserver

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.providers.channels.matrix import MatrixMessenger, MatrixSettings
from smartspec_rollback.providers.channels.matrix.hearing import HEARD_UP_TO
from smartspec_rollback.testing.messenger_room import DEADLINE, Shown, Trouble

BOT = "bot"


class Kept:
    """A token that a test knows."""

    place = "environment variable MATRIX_TOKEN"

    def __init__(self, token: str) -> None:
        self._token = token

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self._token)


class Relay:
    """The way from the bot to the homeserver; ``trouble`` is what befalls it now."""

    def __init__(self, port: int) -> None:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            """Passes on one request after the other."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                relay.pass_on(self)

            do_PUT = do_POST = do_GET  # noqa: N815 - the names are the standard library's

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.trouble: Trouble | None = None
        self._to = port
        self._open: set[socket.socket] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where the bot finds it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection."""
        for each in tuple(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        """Ask the homeserver and answer as it does, if nothing befalls."""
        self._open.add(handler.connection)
        try:
            body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        except OSError:  # it was cut
            handler.close_connection = True
            return
        match self.trouble:
            case Trouble.DOWN:
                self._answer(handler, 502, b"<html>bad gateway</html>")
            case Trouble.BUSY:
                told = {"errcode": "M_LIMIT_EXCEEDED", "error": "x", "retry_after_ms": 2000}
                self._answer(handler, 429, json.dumps(told).encode())
            case Trouble.REVOKED:
                told = {"errcode": "M_UNKNOWN_TOKEN", "error": "x", "soft_logout": False}
                self._answer(handler, 401, json.dumps(told).encode())
            case trouble:
                with suppress(OSError, http.client.HTTPException):
                    self._ask(handler, body, lost=trouble is Trouble.ANSWER_LOST)

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes, *, lost: bool) -> None:
        asked = http.client.HTTPConnection("127.0.0.1", self._to, timeout=60)
        try:
            headers = {
                name: handler.headers[name]
                for name in ("Authorization", "Content-Type")
                if handler.headers.get(name)
            }
            asked.request(handler.command, handler.path, body or None, headers)
            answer = asked.getresponse()
            content = answer.read()
        except OSError:
            handler.close_connection = True
            return
        finally:
            asked.close()
        if lost and "/send/" in handler.path:
            handler.close_connection = True
            return
        with suppress(OSError):
            self._answer(handler, answer.status, content)

    def _answer(self, handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


class MatrixRoom:
    """A private room of alice's, with bob and the bot in it; stands for people and server."""

    def __init__(self, homeserver: Homeserver, relay: Relay, **more: Any) -> None:
        self.homeserver = homeserver
        self.relay = relay
        self.bot = homeserver.person(BOT)
        alice, bob = homeserver.person("alice"), homeserver.person("bob")
        self.people = {f"matrix:{each.user}": each for each in (alice, bob)}
        invited = [bob.user, self.bot.user]
        body = {"preset": "private_chat", "invite": invited, **more}
        self.id: str = homeserver.client("POST", "createRoom", body=body, token=alice.token)[
            "room_id"
        ]
        homeserver.client("POST", "join", self.id, body={}, token=bob.token)

    def settings(self) -> MatrixSettings:
        """Give the settings of a channel to this room."""
        return MatrixSettings(
            homeserver=self.relay.url, room=self.id, access_token=Kept(self.bot.token), timeout=30
        )

    def messenger(self) -> MatrixMessenger:
        """Make a Messenger as a new process does."""
        return MatrixMessenger(self.settings())

    # What stands there

    def events(self) -> list[dict[str, Any]]:
        """Return every event, oldest first."""
        found: list[dict[str, Any]] = []
        start = ""
        while True:
            page = self._ask(
                "GET", "messages", query=f"?dir=f&limit=500{start and f'&from={start}'}"
            )
            found += page["chunk"]
            if "end" not in page:
                return found
            start = page["end"]

    def shown(self) -> tuple[Shown, ...]:
        """Return the bot's messages as they stand there."""
        standing: dict[str, Shown] = {}
        for event in self.events():
            content = event["content"]
            if event["type"] != "m.room.message" or event["sender"] != self.bot.user or not content:
                continue
            relation = content.get("m.relates_to", {})
            if relation.get("rel_type") == "m.replace":
                old = standing.get(relation["event_id"])
                if old is not None:
                    new = _shown(event["event_id"], content["m.new_content"])
                    standing[old.ref] = Shown(ref=old.ref, text=new.text, thread=old.thread)
                continue
            standing[event["event_id"]] = _shown(event["event_id"], content)
        return tuple(standing.values())

    def told(self, account: str) -> tuple[str, ...]:
        """Return what was replied to somebody, oldest first."""
        user = self.people[account].user
        return tuple(
            _shown("", event["content"]).text
            for event in self.events()
            if event["sender"] == self.bot.user
            and user in event["content"].get("m.mentions", {}).get("user_ids", ())
        )

    # What people do

    def type(self, command: str, arguments: str, *, account: str) -> None:
        """Type a command, once the bot listens."""
        self.until_heard()
        self.say(f"!{command} {arguments}".strip(), account=account)

    def say(self, body: str, *, account: str, **content: Any) -> str:
        """Say something, and return its event's id."""
        return self.put("m.room.message", {"msgtype": "m.text", "body": body, **content}, account)

    def reply(self, ref: str, body: str, *, account: str) -> str:
        """Reply to a message as clients did for years, with what it quotes."""
        relation = {"m.in_reply_to": {"event_id": ref}}
        quoted = f"> <{self.bot.user}> approve this plan?\n> second line\n\n{body}"
        return self.say(quoted, account=account, **{"m.relates_to": relation})

    def react(self, ref: str, key: str, *, account: str) -> str:
        """React to a message."""
        relation = {"rel_type": "m.annotation", "event_id": ref, "key": key}
        return self.put("m.reaction", {"m.relates_to": relation}, account)

    def answer(self, ref: str, answer: Answer, *, account: str) -> None:
        """Answer a message by a reaction."""
        self.until_heard()
        self.react(ref, "👍🏽" if answer is Answer.APPROVE else "❌", account=account)

    def put(self, kind: str, content: dict[str, Any], account: str) -> str:
        """Send an event."""
        body = {**content}
        made = self._ask("PUT", "send", kind, f"t{time.monotonic_ns()}", body=body, by=account)
        return str(made["event_id"])

    def delete(self, ref: str) -> None:
        """Delete a message."""
        self._ask("PUT", "redact", ref, f"t{time.monotonic_ns()}", body={})

    def edit(self, ref: str, body: str, *, account: str) -> None:
        """Edit what somebody said."""
        new = {"msgtype": "m.text", "body": body}
        relation = {"rel_type": "m.replace", "event_id": ref}
        more = {"m.new_content": new, "m.relates_to": relation}
        self.say(f"* {body}", account=account, **more)

    def redact(self, ref: str, *, account: str) -> None:
        """Take back what somebody said."""
        self._ask("PUT", "redact", ref, f"t{time.monotonic_ns()}", body={}, by=account)

    def invite(self, account: str) -> None:
        """Invite somebody, who comes."""
        self._ask("POST", "invite", body={"user_id": self.people[account].user})
        self.homeserver.client("POST", "join", self.id, body={}, token=self.people[account].token)

    def leave(self, account: str) -> None:
        """Leave the room."""
        self._ask("POST", "leave", body={}, by=account)

    def until_heard(self) -> None:
        """Wait until the bot listened for the first time."""
        path = ("user", self.bot.user, "rooms", self.id, "account_data", HEARD_UP_TO)
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self.homeserver.client("GET", *path, token=self.bot.token)
            except HTTPError:
                assert time.monotonic() < deadline, "the bot does not listen"
                time.sleep(0.02)
            else:
                return

    def hear_from_now(self) -> None:
        """Have the bot listen from this moment on, as if it had listened before."""
        bot = self.bot
        self.homeserver.client("POST", "join", self.id, body={}, token=bot.token)
        now = self.homeserver.client("GET", "sync", token=bot.token)["next_batch"]
        path = ("user", bot.user, "rooms", self.id, "account_data", HEARD_UP_TO)
        self.homeserver.client("PUT", *path, body={"token": now}, token=bot.token)

    # What may befall it

    def befall(self, trouble: Trouble) -> None:
        """Let something befall the way to the homeserver."""
        self.relay.trouble = trouble

    def mend(self) -> None:
        """End it."""
        self.relay.trouble = None

    def cut(self) -> None:
        """Cut every connection of the bot's."""
        self.relay.cut()

    def _ask(self, method: str, *path: str, body: Any = None, by: str = "", query: str = "") -> Any:
        who: Account = self.people[by] if by else next(iter(self.people.values()))
        return self.homeserver.client(
            method, "rooms", self.id, *path, body=body, token=who.token, query=query
        )


class _Words(HTMLParser):
    """Takes the words out of HTML."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.feed(document)
        self.close()

    def handle_data(self, data: str) -> None:
        self.words += data


def _shown(ref: str, content: dict[str, Any]) -> Shown:
    relation = content.get("m.relates_to", {})
    thread = relation["event_id"] if relation.get("rel_type") == "m.thread" else ""
    html = content.get("formatted_body")
    text = content["body"] if html is None else _Words(html).words
    return Shown(ref=ref, text=text, thread=thread, calls=content.get("m.mentions") != {})
