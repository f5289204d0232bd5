"""Chat systems and other outlets: posts go out once and in order, commands and answers come in.

``operations.courier`` decides what is owed to an outlet, and keeps what was delivered in the
ledger; a Messenger only speaks its system's language. ``operations.desk`` answers what is heard.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.values import Value

ROLLBACK, GATE = "smartspec_rollback", "smartspec_quality_gate"
COMMANDS = (ROLLBACK, GATE)
"""The commands that are heard, by our own names, whatever they are called in a chat."""


class Form(StrEnum):
    """How posts for a Messenger are written; each is one view.

    ``facts`` is for systems, not for people: the rollback's own document
    (``smartspec.rollback/1``), in the post of its plan, its progress and its report alike.
    """

    BLOCKS = "blocks"
    HTML = "html"
    MARKDOWN = "markdown"
    FACTS = "facts"


class Content(Value):
    """What a view makes of a plan, a report or an answer; the parts are as in a Post."""

    text: str
    document: str = ""
    headline: str = ""
    link: str = ""


class Post(Value):
    """One message as it is to stand in the channel.

    ``key`` is stable: the same key is the same message (``rb-1/plan``). ``text`` is plain text that
    any reader understands; ``document`` is the same in the Messenger's form (JSON for blocks, HTML,
    Markdown). ``under`` is the key of the message whose thread it belongs to, empty for none.
    ``headline`` is what it says in one line: where nothing can be edited, an edit is worth a
    message of its own only if that changed. ``again``: it was sent before, and nobody knows
    whether it arrived. ``link`` is the page of what it is about, empty where there is none.
    ``over``: the rollback came to rest, so a report tells what is edited here, too.
    """

    key: str
    text: str
    document: str = ""
    under: str = ""
    headline: str = ""
    again: bool = False
    link: str = ""
    over: bool = False


class Commanded(Value):
    """A command that somebody typed: ``arguments`` as they wrote them, hostile like everything.

    ``command`` is one of ``COMMANDS``, without a sign before it. ``account`` is as ``people`` maps
    it (``slack:U012AB3CD``), ``room`` the place it was said in. ``event`` is the
    system's own id of the message: the same one twice counts once. ``handle`` is where ``reply``
    answers. ``said_at`` is when it was said (UTC), None where the system does not tell: it may have
    waited while nobody listened.
    """

    command: str
    arguments: str
    account: str
    room: str
    event: str
    handle: str
    said_at: datetime | None = None


class Answered(Value):
    """Somebody's answer to a plan: to the message ``ref``, or naming rollback and digest.

    The other names mean what they mean in a command. ``digest`` is empty, short or whole, as it was
    said: a whole one comes from a button that was rendered for exactly that plan.
    """

    answer: Answer
    account: str
    room: str
    event: str
    handle: str
    ref: str = ""
    rollback_id: str = ""
    digest: str = ""
    reason: str = ""
    said_at: datetime | None = None


Heard = Commanded | Answered


class Messenger(Protocol):
    """One place of one chat system.

    Errors are ProviderError; ProviderUnavailable: later again, where the system said when, not
    before its ``after``.
    """

    name: ClassVar[str]
    form: ClassVar[Form]

    @property
    def place(self) -> str:
        """Name the place uniquely and without secrets (``slack:C012AB3CD``)."""
        ...

    def send(self, post: Post, /, *, thread: str) -> str:
        """Post, in the thread of the message ``thread`` (empty for none), and return its ref.

        Called again with the same key where nobody knows whether it arrived: then the one that
        arrived is found or made to count, and no second one is shown where the system allows that.
        """
        ...

    def edit(self, ref: str, post: Post, /) -> None:
        """Replace what stands at ``ref``; a message that somebody deleted is ProviderError."""
        ...


@runtime_checkable
class Several(Protocol):
    """Ability: what is configured as one channel are places of their own, told independently."""

    def each(self) -> tuple[Messenger, ...]:
        """Return them; one that is down must not keep the others from being told."""
        ...


@runtime_checkable
class Hears(Protocol):
    """Ability: people can write there, and the system proves who did."""

    @property
    def hearing(self) -> str:
        """Name the account it hears as: of several Messengers with the same, one listens."""
        ...

    def listen(self, hear: Callable[[Heard], None], /, *, stop: Callable[[], bool]) -> None:
        """Pass on what is said until ``stop``; reconnects by itself; blocks its thread.

        An event is acknowledged to the system only after ``hear`` returned, so that none is lost.
        """
        ...

    def reply(self, handle: str, post: Post, /) -> None:
        """Answer one message, to its writer alone where the system can."""
        ...


@runtime_checkable
class HearsRequests(Hears, Protocol):
    """Ability: the system also sends what people say as signed requests to a public address."""

    def take(
        self,
        headers: Mapping[str, str],
        body: bytes,
        hear: Callable[[Heard], None],
        /,
        *,
        now: datetime,
    ) -> bytes:
        """Take a request in, and return the JSON to answer it with, status 200.

        ``hear`` has returned by then; what it raises comes out. Unidentified: nobody of that system
        signed it, or not a short while ago. UsageError: signed, and nothing that is known. The same
        request twice is heard twice, with the same ``event``.
        """
        ...


@runtime_checkable
class KnowsMembers(Protocol):
    """Ability: it can tell who is in its place at this moment."""

    def is_there(self, account: str, /) -> bool:
        """Tell whether an account is a member of the place now; ProviderError if it cannot."""
        ...


@runtime_checkable
class SignsCommands(Protocol):
    """Ability: commands begin with another sign than a slash there."""

    @property
    def sign(self) -> str:
        """Say which."""
        ...


@runtime_checkable
class Examines(Protocol):
    """Ability: it can be tried without anybody noticing."""

    def examine(self) -> str:
        """Say as whom it speaks in its place; ProviderError where it could not post there."""
        ...
