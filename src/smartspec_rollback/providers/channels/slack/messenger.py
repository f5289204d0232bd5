"""One Slack channel as a Messenger: posts, edits and replies; hears by Socket Mode or by HTTP.

Made by ``wiring``. A post carries its key in its metadata, so that one whose answer got lost is
found again in the channel before a second is sent. The SDK is imported with the first call.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from msgspec import UNSET

from smartspec_rollback.domain.secrets import SecretReference, Sensitive
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import (
    ConfigurationError,
    ProviderError,
    Unidentified,
    UsageError,
)
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.messenger import Form, Heard, Post
from smartspec_rollback.providers.channels.slack import posts, signed
from smartspec_rollback.providers.channels.slack.app import App
from smartspec_rollback.providers.channels.slack.calls import Calls, Refusal
from smartspec_rollback.providers.channels.slack.hearing import Handle, handle_of
from smartspec_rollback.providers.channels.slack.settings import API, SlackSettings
from smartspec_rollback.providers.channels.slack.socket_mode import listen
from smartspec_rollback.providers.system import SystemClock

_LOG = logging.getLogger(__name__)
_PAGE, _PAGES = 200, 10
_BLOCKS_REFUSED = frozenset({"invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format"})
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
_HOOKS = "https://hooks.slack.com/"
_IDLE = 0.1


class SlackMessenger:
    """Posts to one channel and hears what people say to the app."""

    name: ClassVar[str] = "slack"
    form: ClassVar[Form] = Form.BLOCKS
    settings_type: ClassVar[type[Value]] = SlackSettings

    def __init__(self, settings: SlackSettings, *, clock: Clock | None = None) -> None:
        """Speak as ``settings`` say; ``clock`` waits between attempts to connect."""
        self._settings = settings
        self._clock = clock or SystemClock()
        self._call = Calls(settings)
        self._bot = ""

    @property
    def place(self) -> str:
        """Name the channel."""
        return f"slack:{self._settings.channel}"

    def send(self, post: Post, /, *, thread: str) -> str:
        """Post, and return the message's time stamp; one that was sent before is found again."""
        if post.again and (ref := self._found(post, thread)) is not None:
            self.edit(ref, post)
            return ref
        arguments = {"metadata": posts.metadata(post), "unfurl_links": False, "unfurl_media": False}
        if thread:
            arguments["thread_ts"] = thread
        try:
            answer = self._write("chat.postMessage", post, **arguments)
        except Refusal as error:
            if not thread or error.name not in _THREAD_GONE:
                raise
            arguments.pop("thread_ts")  # somebody deleted the message above: said without it
            answer = self._write("chat.postMessage", post, **arguments)
        return str(answer["ts"])

    def edit(self, ref: str, post: Post, /) -> None:
        """Replace the message; ProviderError if somebody deleted it."""
        self._write("chat.update", post, ts=ref, metadata=posts.metadata(post))

    @property
    def hearing(self) -> str:
        """Name the app by where its token is kept."""
        for reference in (self._settings.app_token, self._settings.signing_secret):
            if reference is not UNSET:
                return f"slack app of {reference.place}"
        return f"slack app of {self._settings.bot_token.place}"

    def listen(self, hear: Callable[[Heard], None], /, *, stop: Callable[[], bool]) -> None:
        """Listen by Socket Mode until ``stop``; without an app token there is nothing to do here.

        Then people are heard by ``take``, through the server's address.
        """
        if self._settings.app_token is UNSET:
            while not stop():
                self._clock.sleep(_IDLE)
            return
        listen(
            App(self._settings, self._call, hear),
            self._call,
            self._app_token,
            self._clock,
            stop=stop,
        )

    def reply(self, handle: str, post: Post, /) -> None:
        """Answer somebody alone: by the response URL, or where that is spent, in the channel."""
        try:
            to = handle_of(handle)
        except ValueError:
            raise ProviderError("nobody knows whom to answer", where=self._call.where) from None
        if to.url and self._respond(to, post):
            return
        self._write("chat.postEphemeral", post, channel=to.channel, user=to.user)

    def examine(self) -> str:
        """Say as whom it speaks, after a look at the channel that nobody sees."""
        known = self._call("auth.test")
        self._call.read("conversations.history", channel=self._settings.channel, limit=1)
        if self._settings.app_token is not UNSET:
            self._call.open_socket(self._app_token())
        return f"{known.get('user', 'the app')} of {known.get('team', 'its workspace')}"

    def take(
        self,
        headers: Mapping[str, str],
        body: bytes,
        hear: Callable[[Heard], None],
        /,
        *,
        now: datetime,
    ) -> bytes:
        """Take in a request of Slack to the server, and return the JSON to answer it with.

        For slash commands and interactions alike. ``hear`` has returned before this does: what it
        raises comes out here, and the server says so to Slack. Unidentified: not Slack's, or not of
        now. UsageError: Slack's, but nothing that is known here.
        """
        secret = self._settings.signing_secret
        if secret is UNSET:
            raise Unidentified("no signing secret is configured", where=self._call.where)
        signed.check(headers, body, self._revealed(secret), now=now)
        return self._dispatched(headers, body, hear)

    def _dispatched(
        self, headers: Mapping[str, str], body: bytes, hear: Callable[[Heard], None]
    ) -> bytes:
        from slack_bolt import BoltRequest  # noqa: PLC0415 - heavy, as Bolt

        raised: list[Exception] = []

        def kept(heard: Heard) -> None:
            try:
                hear(heard)
            except Exception as error:
                raised.append(error)
                raise

        app = App(self._settings, self._call, kept)
        kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
        try:
            request = BoltRequest(
                body=body.decode("utf-8", "replace"), headers={"content-type": [kind]}
            )
            answer = app.bolt.dispatch(request)
            status, said = answer.status, answer.body
        except Exception as error:  # noqa: BLE001 - Bolt reads what is malformed with its bare hands
            _LOG.info("a signed request could not be read: %s", type(error).__name__)
            status, said = HTTPStatus.BAD_REQUEST, ""
        if raised:
            raise raised[0]
        if status != HTTPStatus.OK:
            raise UsageError("the request is none that is known here", where=self._call.where)
        return said.encode()

    def _write(self, method: str, post: Post, **arguments: object) -> Mapping[str, Any]:
        """Call with the post's content; as text alone where Slack does not take its blocks."""
        whole = {"channel": self._settings.channel, **arguments}
        try:
            return self._call(method, **whole, **posts.written(post))
        except Refusal as error:
            if error.name not in _BLOCKS_REFUSED or not post.document:
                raise
            _LOG.error("Slack did not take the blocks of %s: %s", post.key, error.name)
            return self._call(method, **whole, **posts.written(post, as_text=True))

    def _respond(self, to: Handle, post: Post) -> bool:
        """Use the response URL; False where it is spent or not Slack's."""
        if not to.url.startswith((_HOOKS, self._own_hooks)):
            return False
        from slack_sdk.webhook import WebhookClient  # noqa: PLC0415 - only who has Slack pays

        client = WebhookClient(
            to.url, timeout=10, logger=self._call.client.logger, retry_handlers=[]
        )
        content = posts.written(post)
        try:
            answer = client.send(
                text=content["text"],
                blocks=content.get("blocks"),
                response_type="ephemeral",
                replace_original=False,
            )
        except Exception as error:  # noqa: BLE001 - the channel is the other way
            _LOG.info("a response URL was not reached: %s", type(error).__name__)
            return False
        return bool(answer.status_code == HTTPStatus.OK)

    @property
    def _own_hooks(self) -> str:
        """Where response URLs are of what stands in for Slack."""
        api = self._settings.api_url
        return _HOOKS if api == API else api.removesuffix("api/") + "response/"

    def _found(self, post: Post, thread: str) -> str | None:
        """Look for a post in the channel, or in its thread; None where it did not arrive.

        Where the app may not read the channel nothing can be found: then it is sent again, since a
        plan shown twice is better than one never shown.
        """
        try:
            return posts.found(self._messages(thread), post, bot=self._own_bot())
        except Refusal as error:
            if error.name in {"missing_scope", *_THREAD_GONE}:
                _LOG.warning("cannot look for %s: %s", post.key, error.remedy)
                return None
            raise

    def _messages(self, thread: str) -> Iterator[Mapping[str, Any]]:
        """Read the newest messages of the channel, or those of a thread."""
        method = "conversations.replies" if thread else "conversations.history"
        arguments: dict[str, object] = {
            "channel": self._settings.channel,
            "limit": _PAGE,
            "include_all_metadata": True,
            **({"ts": thread} if thread else {}),
        }
        for _ in range(_PAGES):
            page = self._call.read(method, **arguments)
            yield from page.get("messages", ())
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            arguments["cursor"] = cursor

    def _own_bot(self) -> str:
        if not self._bot:
            self._bot = str(self._call("auth.test")["bot_id"])
        return self._bot

    def _app_token(self) -> str:
        reference = self._settings.app_token
        if reference is UNSET:
            raise ProviderError("there is no app token", where=self._call.where)
        return self._revealed(reference).reveal().strip()

    def _revealed(self, reference: SecretReference) -> Sensitive:
        try:
            return reference.resolve()
        except ConfigurationError as error:
            raise ProviderError(error.what, where=self._call.where, remedy=error.remedy) from None
