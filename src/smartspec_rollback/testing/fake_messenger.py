"""A Messenger that remembers what stands in its place, and what people say there.

Used by tests of ``operations``. It can be down, lose an answer, refuse an edit, and be made
again as another process would: what stands there is in its ``FakeRoom``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.messenger import Form, Heard, Post


@dataclass
class FakeRoom:
    """A place: its messages by ref in order, each key once, and the replies by their handle.

    ``down``: nothing arrives. ``lose``: the next message arrives, and its answer does not.
    ``unwelcome``: keys that begin so are refused. ``limited``: there were too many edits, come
    again in ten seconds. ``frozen``: no message can be edited. An edit takes ``seconds_an_edit``
    by ``clock``.
    """

    place: str = "fake:room"
    down: bool = False
    lose: bool = False
    frozen: bool = False
    limited: bool = False
    unwelcome: str = ""
    seconds_an_edit: float = 0.0
    clock: Clock | None = None
    posts: dict[str, Post] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    edits: int = 0
    tries: int = 0
    replies: list[tuple[str, Post]] = field(default_factory=list)

    def texts(self) -> list[str]:
        """Return the keys of what stands there, in order."""
        return [post.key for post in self.posts.values()]

    def ref_of(self, key: str) -> str:
        """Find the message with a key."""
        return next(ref for ref, post in self.posts.items() if post.key == key)


class FakeMessenger:
    """Posts to a FakeRoom and hears what a test says."""

    name: ClassVar[str] = "fake"
    form: ClassVar[Form] = Form.HTML

    def __init__(self, room: FakeRoom) -> None:
        """Post to ``room``."""
        self.room = room

    @property
    def place(self) -> str:
        """Name the room."""
        return self.room.place

    @property
    def hearing(self) -> str:
        """Hear as the room."""
        return self.room.place

    def send(self, post: Post, /, *, thread: str) -> str:
        """Post; the same key again is the message that stands there."""
        self._try()
        room = self.room
        if room.unwelcome and post.key.startswith(room.unwelcome):
            raise ProviderError("nothing like that is taken", where=self.place)
        known = [ref for ref, each in room.posts.items() if each.key == post.key]
        ref = known[0] if known else f"${len(room.posts) + 1}"
        if not known:
            room.posts[ref] = post
            room.threads[ref] = thread
        if room.lose:
            room.lose = False
            raise ProviderUnavailable("no answer came")
        return ref

    def edit(self, ref: str, post: Post, /) -> None:
        """Replace a message."""
        self._try()
        if self.room.limited:
            raise ProviderUnavailable("too many edits", where=self.place, after=10.0)
        if self.room.frozen:
            raise ProviderError("the message is gone", where=self.place)
        if self.room.clock is not None:
            self.room.clock.sleep(self.room.seconds_an_edit)
        self.room.posts[ref] = post
        self.room.edits += 1

    def listen(self, hear: Callable[[Heard], None], /, *, stop: Callable[[], bool]) -> None:
        """Hear nothing by itself."""

    def reply(self, handle: str, post: Post, /) -> None:
        """Remember the reply; the same key again is the same reply."""
        self._try()
        if all(each.key != post.key for _, each in self.room.replies):
            self.room.replies.append((handle, post))

    def _try(self) -> None:
        self.room.tries += 1
        if self.room.down:
            raise ProviderUnavailable("the room is down", where=self.place, after=2.0)
