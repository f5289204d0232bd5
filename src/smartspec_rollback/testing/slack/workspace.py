"""A Slack workspace for tests: the server, an app with its tokens, one channel, and people.

Tests make it with a ``with`` block, give its tokens to what they test, and let people type, press
and submit, by Socket Mode or as signed requests. What the app did wrong in the form of its calls
stands in ``refused``.
"""

import hashlib
import hmac
import html
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.testing.messenger_room import Shown, Trouble
from smartspec_rollback.testing.slack import payloads
from smartspec_rollback.testing.slack.http import Server
from smartspec_rollback.testing.slack.mrkdwn import Read, read
from smartspec_rollback.testing.slack.sockets import Envelope
from smartspec_rollback.testing.slack.state import Channel, Obj, Response, State, User

ALICE, BOB = "U0ALICE00", "U0BOB0000"
CHANNEL = "C012AB3CD"


@dataclass(frozen=True)
class Signed:
    """A request as Slack signs it."""

    headers: Mapping[str, str]
    body: bytes


class Workspace:
    """The whole workspace."""

    def __init__(self) -> None:
        """Begin with a channel that the app is in, and two people."""
        self.state = State()
        self.state.channels[CHANNEL] = Channel(CHANNEL)
        self.state.users = {ALICE: User(ALICE, "alice"), BOB: User(BOB, "bob")}
        self.server = Server(self.state)

    def __enter__(self) -> Self:
        """Start."""
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and show what went wrong in here."""
        self.server.stop()
        assert not self.server.errors, self.server.errors[0]

    @property
    def url(self) -> str:
        """The address of its Web API."""
        return f"http://127.0.0.1:{self.server.server_port}/api/"

    @property
    def refused(self) -> list[str]:
        """What calls were refused for their form."""
        return self.server.refused

    @property
    def channel(self) -> Channel:
        """The channel."""
        return self.state.channels[CHANNEL]

    def add_user(self, user_id: str, name: str) -> None:
        """Let somebody join."""
        self.state.users[user_id] = User(user_id, name)

    # What people see and do; see ``messenger_room.Talk``.

    def shown(self) -> tuple[Shown, ...]:
        """Return the messages that stand in the channel, oldest first."""
        with self.state.lock:
            held = [dict(message) for message in self.channel.messages.values()]
        return tuple(
            Shown(
                ref=message["ts"],
                text=_words(message),
                thread=message.get("thread_ts", ""),
                calls=any(found.calls for found in _readings(message)),
            )
            for message in held
        )

    def message(self, ref: str) -> Obj:
        """Return one message as it is kept."""
        with self.state.lock:
            return dict(self.channel.messages[ref])

    def delete(self, ref: str) -> None:
        """Delete a message."""
        with self.state.lock:
            del self.channel.messages[ref]

    def befall(self, trouble: Trouble) -> None:
        """Let something befall Slack."""
        if trouble is Trouble.REVOKED:
            self.state.revoked = True
            return
        self.server.trouble = trouble
        if trouble is Trouble.DOWN:
            self.server.sockets.close(politely=False)

    def mend(self) -> None:
        """End whatever befell it."""
        self.server.trouble = None
        self.state.revoked = False

    def type(self, command: str, arguments: str, *, account: str) -> None:
        """Type a slash command; the app gets it by Socket Mode."""
        self.typed(command, arguments, account=account)

    def answer(self, ref: str, answer: Answer, *, account: str) -> None:
        """Press the button of a message."""
        wanted = Press.APPROVE if answer is Answer.APPROVE else Press.DENY
        self.press(ref, wanted, account=account)

    def told(self, account: str) -> tuple[str, ...]:
        """Return what only this person sees, oldest first."""
        user = account.removeprefix("slack:")
        with self.state.lock:
            held = [each for each in self.state.whispered if each.user == user]
        return tuple(_words({"text": each.text, "blocks": each.blocks}) for each in held)

    def cut(self) -> None:
        """Close the Socket Mode connections."""
        self.server.sockets.close(politely=True)

    # The same with what the app answered.

    def typed(self, command: str, arguments: str, *, account: str) -> Envelope:
        """Type a slash command, and return what was sent by Socket Mode."""
        payload = self.command(command, arguments, account=account)
        return self.server.sockets.send("slash_commands", payload)

    def press(self, ref: str, press: Press, *, account: str) -> Envelope:
        """Press a button of a message, and return what was sent by Socket Mode."""
        return self.server.sockets.send("interactive", self.pressed(ref, press, account=account))

    def press_told(self, press: Press, *, account: str) -> Envelope:
        """Press the first such button in what only this person sees."""
        user = self._user(account)
        with self.state.lock:
            told = [each for each in self.state.whispered if each.user == user.id][-1]
            message: Obj = {"ts": self.state.next_ts(), "blocks": told.blocks}
            block_id, button = _button(message, press)
            trigger, url = self.state.trigger(user.id), self._response_url(user)
            payload = payloads.press(
                self.state,
                user,
                message,
                button,
                block_id=block_id,
                channel=CHANNEL,
                trigger=trigger,
                url=url,
            )
        del payload["message"]  # of what one person sees, Slack sends no content
        payload["container"]["is_ephemeral"] = True
        return self.server.sockets.send("interactive", payload)

    def submit(self, values: Mapping[str, str], *, account: str) -> Envelope:
        """Fill in the newest modal of a person and send it, by Socket Mode."""
        return self.server.sockets.send("interactive", self.submitted(values, account=account))

    # What Slack sends, as it is.

    def command(self, command: str, arguments: str, *, account: str) -> Obj:
        """Make the payload of a slash command."""
        user = self._user(account)
        with self.state.lock:
            escaped = html.escape(arguments, quote=False)
            trigger, url = self.state.trigger(user.id), self._response_url(user)
            return payloads.command(
                self.state, user, CHANNEL, f"/{command}", escaped, trigger=trigger, url=url
            )

    def pressed(self, ref: str, press: Press, *, account: str) -> Obj:
        """Make the payload of a press on a button that stands in a message."""
        user = self._user(account)
        with self.state.lock:
            message = self.channel.messages[ref]
            block_id, button = _button(message, press)
            trigger, url = self.state.trigger(user.id), self._response_url(user)
            return payloads.press(
                self.state,
                user,
                message,
                button,
                block_id=block_id,
                channel=CHANNEL,
                trigger=trigger,
                url=url,
            )

    def submitted(self, values: Mapping[str, str], *, account: str) -> Obj:
        """Make the payload of a modal that was filled in; ``values`` by block id."""
        user = self._user(account)
        with self.state.lock:
            view = [v for v in self.state.views.values() if v["opened_for"] == user.id][-1]
            trigger = self.state.trigger(user.id)
            return payloads.submission(self.state, user, view, values, trigger=trigger)

    def signed(self, payload: Obj, *, at: float) -> Signed:
        """Sign a payload as an HTTP request of that time (Unix seconds)."""
        form = payload if "command" in payload else {"payload": json.dumps(payload)}
        return self.sign(urlencode(form).encode(), at=at)

    def sign(self, body: bytes, *, at: float) -> Signed:
        """Sign a body."""
        stamp = str(int(at))
        secret = self.state.signing_secret.encode()
        made = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={made.hexdigest()}",
        }
        return Signed(headers, body)

    def say(self, text: str, **more: object) -> str:
        """Let somebody else say something in the channel."""
        with self.state.lock:
            ts = self.state.next_ts()
            message = {"type": "message", "user": BOB, "text": text, "ts": ts, **more}
            self.channel.messages[ts] = message
        return ts

    def _user(self, account: str) -> User:
        user = self.state.users[account.removeprefix("slack:")]
        assert not user.deleted, "who left types nothing"
        return user

    def _response_url(self, user: User) -> str:
        path = f"/response/{secrets.token_hex(8)}"
        self.state.responses[path] = Response(user.id, CHANNEL)
        return f"http://127.0.0.1:{self.server.server_port}{path}"


def _button(message: Obj, press: Press) -> tuple[str, Obj]:
    for block in message.get("blocks", []):
        for element in block.get("elements", []):
            if element.get("action_id") == press.value:
                return block["block_id"], element
    raise AssertionError(f"the message has no button {press}")


def _words(message: Obj) -> str:
    return "\n".join(found.words for found in _readings(message)[bool(message.get("blocks")) :])


def _readings(message: Obj) -> list[Read]:
    """Read a message's text, and then its blocks."""
    found = [read(message["text"], markup=message.get("mrkdwn", True))]
    for block in message.get("blocks") or []:
        texts = [block["text"]] if "text" in block else block.get("elements", [])
        for each in texts:
            if each["type"] in {"mrkdwn", "plain_text"}:
                is_marked = each["type"] == "mrkdwn"
                found.append(read(each["text"]) if is_marked else Read(words=each["text"]))
    return found
