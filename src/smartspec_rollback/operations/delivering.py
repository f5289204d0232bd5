"""Sends and edits the messages of one place, each once.

Called by ``place``. The intent is kept before a message is sent and its ref after it; where a
process died in between, the Messenger is asked to send again under the same key, which makes no
second message.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.values import digest
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.operations.composing import Part, compose
from smartspec_rollback.operations.owed import Owed
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.messenger import Content, Messenger, Post
from smartspec_rollback.ports.store import Delivery, Store

EDIT_EVERY = 1.0
"""Seconds between two edits of one message while a rollback is on its way."""

_EDIT_TRIES = 3


@dataclass(frozen=True)
class Telling:
    """What a place works with: the ledger, the time, and where a rollback's page is."""

    store: Store
    clock: Clock
    link: Callable[[str], str]


class Delivering:
    """The messages of one place; used by one thread."""

    def __init__(self, messenger: Messenger, telling: Telling) -> None:
        self._messenger = messenger
        self._telling = telling
        self._edited: dict[str, float] = {}
        self._refused: dict[str, int] = {}
        self._edits_from = 0.0
        """Until then (monotonic) there were too many edits; what is new is told all the same."""

    def stands(self, key: str) -> bool:
        """Tell whether a message stands there already."""
        found = self._telling.store.delivery(self._messenger.place, key)
        return found is not None and found.ref is not None

    def one(self, told: Report, each: Owed) -> float | None:
        """Deliver one message as it is now; seconds to wait where an edit came too soon."""
        store, rollback_id = self._telling.store, told.rollback.id
        found = store.delivery(self._messenger.place, each.key)
        link = self._telling.link(rollback_id)
        content = compose(self._messenger.form, each.part, told, link=link)
        as_it_is = _digest(each, told, content)
        if found is None:
            self._send(each, rollback_id, content, as_it_is, again=False)
            return None
        if found.ref is None:
            # What stands there may be what was sent before, and older: it is edited next.
            self._send(each, rollback_id, content, "", again=True)
            return EDIT_EVERY
        if found.digest == as_it_is:
            return None
        now = self._telling.clock.monotonic()
        due = self._edited.get(each.key, now - EDIT_EVERY) + EDIT_EVERY
        due = self._edits_from if each.final else max(due, self._edits_from)
        if now < due:
            return due - now
        try:
            self._edit(found, each, content, as_it_is)
        except ProviderUnavailable as error:
            if not error.after:
                raise
            self._edits_from = now + error.after
            return error.after
        return None

    def _send(
        self, each: Owed, rollback_id: str, content: Content, as_it_is: str, *, again: bool
    ) -> None:
        store, clock = self._telling.store, self._telling.clock
        intent = Delivery(
            place=self._messenger.place,
            key=each.key,
            rollback_id=rollback_id,
            ref=None,
            digest="",
            at=clock.now(),
        )
        thread = ""
        if each.under and (above := store.delivery(self._messenger.place, each.under)) is not None:
            thread = above.ref or ""
        if not again:
            store.deliver(intent)
        ref = self._messenger.send(_post(each, content, again=again), thread=thread)
        store.deliver(replace(intent, ref=ref, digest=as_it_is, at=clock.now()))
        self._edited[each.key] = clock.monotonic()

    def _edit(self, found: Delivery, each: Owed, content: Content, as_it_is: str) -> None:
        """Edit; a message that cannot be edited any more is left as it is after some tries."""
        refused = self._refused.get(each.key, 0)
        if found.ref is not None and refused < _EDIT_TRIES:
            try:
                self._messenger.edit(found.ref, _post(each, content, again=False))
            except ProviderUnavailable:
                raise
            except ProviderError:
                self._refused[each.key] = refused + 1
                if refused + 1 < _EDIT_TRIES:
                    raise
        clock = self._telling.clock
        self._telling.store.deliver(replace(found, digest=as_it_is, at=clock.now()))
        self._edited[each.key] = clock.monotonic()


def _digest(each: Owed, told: Report, content: Content) -> str:
    """Digest what makes it worth an edit; a report's journal grows by the report itself."""
    if each.part is Part.REPORT:
        return digest((told.rollback.status, told.rollback.status_detail))
    return digest(content)


def _post(each: Owed, content: Content, *, again: bool) -> Post:
    return Post(
        key=each.key,
        text=content.text,
        document=content.document,
        under=each.under,
        headline=content.headline,
        again=again,
        link=content.link,
        over=each.final,
    )
