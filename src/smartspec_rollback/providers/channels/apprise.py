"""Apprise as a Messenger: posts to Teams, Discord, Mattermost, PagerDuty, mail and many more.

Made by ``wiring``; ``operations.courier`` sends. It only speaks: nobody can be asked there, and
nothing that was sent can be edited, so an edit is a message of its own where its headline changed.
The addresses are secrets: no error shows one, and the library's own log, which does, is silent.
"""

import logging
import re
import threading
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import msgspec
from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value, digest
from smartspec_rollback.errors import ConfigurationError, ProviderError, ProviderUnavailable
from smartspec_rollback.ports.messenger import Form, Post

AGAIN = "(again) "
"""Begins the title of a message that may have arrived before."""

_SHORTENED = "… (shortened)"
_TITLE_LIMIT = 120
_LEAST = 40
_REMEMBERED = 1000
_PING = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")
_SLACK_PING = re.compile(r"<(?=[!@#])")
_LOUD = ("apprise", "urllib3")

_Kept = TypeVar("_Kept")

Kind = Literal["plan", "progress", "report"]


class AppriseSettings(Value):
    """Settings of the channel ``apprise``."""

    urls: Annotated[
        tuple[SecretReference, ...],
        Meta(
            min_length=1,
            max_length=20,
            description="Where the Apprise URLs are kept, each in an environment variable or a "
            "file. Whoever knows one can post there.",
            examples=[[{"env": "INCIDENT_TEAMS_URL"}, {"file": "secrets/mail-url"}]],
        ),
    ]
    posts: Annotated[
        tuple[Kind, ...],
        Meta(
            min_length=1,
            description="What is posted there; without it, all.",
            examples=[["plan", "report"]],
        ),
    ] = ("plan", "progress", "report")
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long one address may take for one message.",
            examples=["10s"],
            extra={"smartspec": "duration"},
        ),
    ] = 10.0


class AppriseMessenger:
    """Posts to every address of its settings."""

    name: ClassVar[str] = "apprise"
    form: ClassVar[Form] = Form.MARKDOWN
    settings_type: ClassVar[type[Value]] = AppriseSettings

    def __init__(self, settings: AppriseSettings, **_: object) -> None:
        """Post to ``settings.urls``; nothing is read or imported yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._there: dict[str, set[int]] = {}
        self._unsure: dict[str, set[int]] = {}
        self._headlines: dict[str, str] = {}

    @property
    def place(self) -> str:
        """Name the place by where its addresses are kept, never by them."""
        return "apprise:" + ",".join(url.place for url in self._settings.urls)

    def each(self) -> tuple["AppriseMessenger", ...]:
        """Return a Messenger for each address: they are told independently."""
        return tuple(
            AppriseMessenger(msgspec.structs.replace(self._settings, urls=(url,)))
            for url in self._settings.urls
        )

    def send(self, post: Post, /, *, thread: str) -> str:  # noqa: ARG002 - there are no threads
        """Post to every address that does not have it yet; ProviderError names what failed.

        An address that may have got it before gets it once more, marked: none of these systems
        can be asked what it has.
        """
        return self._say(post)

    def edit(self, ref: str, post: Post, /) -> None:
        """Post anew if the headline changed since; what was sent stays as it is.

        What a report says right after is not said twice.
        """
        if not post.over and self._headlines.get(post.key, ref) != _mark(post):
            self._say(post)

    def _say(self, post: Post) -> str:
        mark = _mark(post)
        if post.key.rpartition("/")[2] in _unwanted(self._settings.posts):
            return mark
        message = f"{post.key} {mark}"
        with self._lock:
            failed = [
                failure
                for number in range(len(self._settings.urls))
                if (failure := self._deliver(number, message, post))
            ]
            if failed:
                raise _combined(failed)
            self._unsure.pop(message, None)
            self._there.pop(message, None)
            _remember(self._headlines, post.key, mark)
        return mark

    def _deliver(self, number: int, message: str, post: Post) -> ProviderError | None:
        there = _remember(self._there, message, self._there.get(message, set()))
        unsure = _remember(self._unsure, message, self._unsure.get(message, set()))
        if number in there:
            return None
        reference = self._settings.urls[number]
        where = f"channel apprise: {reference.place}"
        try:
            url = reference.resolve().reveal().strip()
        except ConfigurationError as error:
            return ProviderError(error.what, where=where, remedy=error.remedy)
        try:
            done = _notify(
                url,
                post,
                again=post.again or number in unsure,
                seconds=self._settings.timeout,
                where=where,
            )
        except ProviderError as error:
            return error
        if done:
            there.add(number)
            return None
        unsure.add(number)
        return ProviderUnavailable(
            "the message was not taken, or nobody knows whether it was",
            where=where,
            remedy="check the address, and that its server can be reached from here",
        )


def _notify(url: str, post: Post, *, again: bool, seconds: float, where: str) -> bool:
    """Send to one address; False where it failed or took too long. Never shows the address."""
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - only who uses it pays for it

    for name in _LOUD:  # both write addresses into their logs
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    asset = AppriseAsset(async_mode=False, storage_mode="memory", service_timeout=seconds)
    try:
        to = Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 - each of a hundred plugins may fail as it likes, URL in hand
        to = None
    if to is None:
        raise ProviderError(
            "what should be an Apprise URL is none that Apprise knows",
            where=where,
            remedy="put one whole URL there, such as msteams://… or mailto://…; see "
            "https://appriseit.com/services/",
        )
    title, body, form = _written(to, post, again=again)
    sender = Apprise(asset=asset)
    sender.add(to)
    try:
        return bool(sender.notify(body=body, title=title, body_format=form, timeout=seconds))
    except Exception:  # noqa: BLE001 - as above; what happened is unknown
        return False


def _written(to: Any, post: Post, *, again: bool) -> tuple[str, str, str]:
    """Write title and body in a form that the system shows, within its limits."""
    to.overflow_mode = "truncate"  # never several messages, whatever the address asks for
    markdown = str(getattr(to.resolve_format("markdown"), "value", "")) == "markdown"
    form = "markdown" if markdown and post.document else "text"
    body = _harmless(post.document if form == "markdown" else post.text)
    headline = _harmless(_headline(post))
    title = (AGAIN if again else "") + headline
    room = int(to.title_maxlen) if int(to.title_maxlen) > 0 else _TITLE_LIMIT
    title = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    limit = int(to.body_maxlen)
    if int(to.title_maxlen) <= 0 or bool(to.overflow_amalgamate_title):
        limit -= len(title) + 4  # there the title becomes the body's first line
    return title, cut(body, limit=limit), form


def cut(text: str, *, limit: int) -> str:
    """Cut a text to ``limit`` characters; its last paragraph, which says where to go on, stays."""
    if len(text) <= limit:
        return text
    last = text.rstrip().rpartition("\n\n")[2]
    room = limit - len(last) - len(_SHORTENED) - 4
    if room < _LEAST:
        return text[: max(0, limit - len(_SHORTENED) - 1)].rstrip() + " " + _SHORTENED
    head = text[:room]
    whole_lines = head.rpartition("\n")[0]
    if len(whole_lines) > room // 2:
        head = whole_lines
    if head.count("```") % 2:
        head = head.rpartition("```")[0]
    return f"{head.rstrip()}\n{_SHORTENED}\n\n{last}"


def _harmless(text: str) -> str:
    """Keep a text from calling people: some systems read mentions in plain text, too."""
    shown = "".join(c for c in text if c.isprintable() or c in "\n\t")
    return _SLACK_PING.sub(
        "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", _PING.sub("@\N{WORD JOINER}", shown)
    )


def _headline(post: Post) -> str:
    first = post.headline or next((line for line in post.text.splitlines() if line.strip()), "")
    return " ".join(first.lstrip("# ").split()) or post.key


def _mark(post: Post) -> str:
    return digest((post.key, _headline(post)))[7:23]


def _unwanted(wanted: tuple[str, ...]) -> frozenset[str]:
    return frozenset({"plan", "progress", "report"} - set(wanted))


def _combined(failed: list[ProviderError]) -> ProviderError:
    """Make one error of several; trying again helps only where it helps one of them."""
    again = any(isinstance(each, ProviderUnavailable) for each in failed)
    kind = ProviderUnavailable if again else ProviderError
    first = failed[0]
    return kind(
        first.what,
        where="; ".join(each.where for each in failed),
        remedy=first.remedy,
        details=[f"{each.where}: {each.what}" for each in failed] if failed[1:] else (),
    )


def _remember(held: dict[str, _Kept], key: str, value: _Kept) -> _Kept:
    """Keep the newest thousand: a server runs for months."""
    held[key] = value
    while len(held) > _REMEMBERED:
        del held[next(iter(held))]
    return value
