"""The desk: what people say in chats becomes commands and answers, each once, each replied to.

Started beside ``courier`` by a server, and by a command that runs without one. What is heard is in
the ledger before the chat system is told so; then it is worked off, answers before commands, and
settled once its reply was sent. A process that dies leaves the rest to the next one. One process
listens as each account. Decides nothing: ``operations`` does.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from smartspec_rollback.errors import ProviderError, ProviderUnavailable, SmartSpecError
from smartspec_rollback.operations.answering import answer, plan_meant
from smartspec_rollback.operations.commanding import carry_out
from smartspec_rollback.operations.composing import Part, view_of
from smartspec_rollback.operations.inbox import Inbox, Item, event_id
from smartspec_rollback.operations.saying import Office
from smartspec_rollback.operations.typed import LIMIT
from smartspec_rollback.ports.messenger import (
    GATE,
    Answered,
    Commanded,
    Content,
    Heard,
    Hears,
    Messenger,
    Post,
    SignsCommands,
)
from smartspec_rollback.ports.store import HeardEvent

_LOG = logging.getLogger(__name__)

SILENCE = Content(text="")
"""Nothing is said: it was no business of ours."""

_ATTEND_EVERY = 1.0
_TURN = 0.5
_ANSWERS, _COMMANDS, _GATES = 4, 4, 4
_OPEN_EACH = 10
_RECENT = 50
_LONGEST_PAUSE = 60.0
_REFUSALS = 5
_GIVE_UP = timedelta(days=1)
_REF_WITHIN = timedelta(minutes=2)


@runtime_checkable
class _Speaks(Messenger, Hears, Protocol):
    """A Messenger that can be heard."""


@dataclass
class _Tried:
    """How an open event went so far; ``reply`` is what to say, once that is known."""

    reply: Content | None = None
    times: int = 0
    refusals: int = 0
    not_before: float = 0.0


@dataclass
class _State:
    """What the desk knows of open events beyond the ledger; guarded by its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    busy: set[str] = field(default_factory=set)
    tried: dict[str, _Tried] = field(default_factory=dict)
    attending: set[str] = field(default_factory=set)


class Desk:
    """Listens to several places; ``start`` begins, ``stop`` ends it."""

    def __init__(self, office: Office, messengers: Iterable[Messenger]) -> None:
        """Listen with those Messengers that can hear; the others only speak."""
        self._office = office
        self._inbox = Inbox(office.store, office.clock)
        self._speaking: dict[str, list[_Speaks]] = {}
        for each in messengers:
            if isinstance(each, _Speaks):
                self._speaking.setdefault(each.hearing, []).append(each)
        self._state = _State()
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._threads: list[threading.Thread] = []
        self._answers = ThreadPoolExecutor(_ANSWERS, "answers")
        self._commands = ThreadPoolExecutor(_COMMANDS, "commands")
        self._gates = ThreadPoolExecutor(_GATES, "gates")  # they take minutes, and hold up no other

    def start(self) -> None:
        """Begin; returns at once."""
        for hearing, messengers in self._speaking.items():
            self._begin(self._listen, hearing, messengers[0])
        self._begin(self._work)

    def stop(self, *, within: float = 10.0) -> None:
        """End; what is not settled is worked off by whoever listens next."""
        self._stopping.set()
        self._woken.set()
        for thread in self._threads:
            thread.join(within)
        for pool in (self._answers, self._commands, self._gates):
            pool.shutdown(wait=False, cancel_futures=True)

    def hear(self, hearing: str, heard: Heard) -> None:
        """Keep what was said; once this returns, it is not lost. Errors: StoreError."""
        if isinstance(heard, Answered) and not self._concerns_us(heard):
            return
        if self._has_too_many_open(hearing, heard):
            _LOG.warning("too much at once of %.100s", heard.account)
            return
        if isinstance(heard, Commanded):
            heard = replace(heard, arguments=heard.arguments[: LIMIT + 1])
        if self._inbox.put(hearing, heard):
            self._woken.set()

    @property
    def is_listening(self) -> frozenset[str]:
        """Name the accounts that this process listens as."""
        with self._state.lock:
            return frozenset(self._state.attending)

    # Listening

    def _begin(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, hearing: str, messenger: _Speaks) -> None:
        """Listen as one account whenever no other process does."""
        while not self._stopping.is_set():
            try:
                attended = self._office.store.attend(f"hearing {hearing}")
            except SmartSpecError as error:
                _LOG.warning("%s: %s", hearing, error.what)
                attended = None
            if attended is None:
                self._stopping.wait(_ATTEND_EVERY)
                continue
            with self._state.lock:
                self._state.attending.add(hearing)
            self._woken.set()
            try:
                messenger.listen(
                    lambda heard: self.hear(hearing, heard), stop=self._stopping.is_set
                )
            except Exception as error:  # noqa: BLE001 - one place's fault must not deafen the others
                _LOG.warning("%s: listening failed: %s", hearing, _what(error))
                self._stopping.wait(_ATTEND_EVERY)
            finally:
                with self._state.lock:
                    self._state.attending.discard(hearing)
                attended.leave()

    def _concerns_us(self, said: Answered) -> bool:
        """Tell whether it is about a plan of ours, or of one whose message is not known yet."""
        store = self._office.store
        if not said.ref or store.delivered(said.room, said.ref) is not None:
            return plan_meant(self._office, said) is not None
        if said.rollback_id:
            return True
        for each in store.rollbacks(limit=_RECENT):
            sent = store.delivery(said.room, f"{each.id}/{Part.PLAN}")
            if sent is not None and sent.ref is None:
                return True
        return False

    def _has_too_many_open(self, hearing: str, heard: Heard) -> bool:
        """Tell whether nothing more is taken of somebody; commands keep no answer out."""
        found = sum(
            item.heard is not None
            and item.hearing == hearing
            and item.heard.account == heard.account
            and type(item.heard) is type(heard)
            for _, item in self._inbox.open()
        )
        return found >= _OPEN_EACH

    # Working off

    def _work(self) -> None:
        """Hand out what is open and due."""
        while not self._stopping.is_set():
            self._woken.wait(_TURN)
            self._woken.clear()
            try:
                for event, item in self._inbox.open():
                    self._hand_out(event, item)
            except SmartSpecError as error:
                _LOG.warning("the ledger could not be read: %s", error.what)

    def _hand_out(self, event: HeardEvent, item: Item) -> None:
        now, state = self._office.clock.monotonic(), self._state
        if self._office.clock.now() - event.at > _GIVE_UP:
            self._inbox.settle(event.id)
            return
        with state.lock:
            tried = state.tried.setdefault(event.id, _Tried())
            is_ours = item.hearing in state.attending
            if not is_ours or event.id in state.busy or now < tried.not_before:
                return
            state.busy.add(event.id)
        try:
            self._pool(item).submit(self._one, event, item, tried)
        except RuntimeError:  # it is being stopped
            with state.lock:
                state.busy.discard(event.id)

    def _pool(self, item: Item) -> ThreadPoolExecutor:
        if item.commanded is None:
            return self._answers
        return self._gates if item.commanded.command == GATE else self._commands

    def _one(self, event: HeardEvent, item: Item, tried: _Tried) -> None:
        """Work one event off, or leave it open for later."""
        try:
            settled = self._settle(event, item, tried)
        except SmartSpecError as error:
            _LOG.warning("%s stays open: %s", event.id, error.what)
            settled = False
        except Exception:  # noqa: BLE001 - a fault of ours must not stop the others, nor repeat
            _LOG.exception("%s failed", event.id)
            tried.reply = tried.reply or SILENCE
            tried.refusals += 1
            settled = False
        with self._state.lock:
            self._state.busy.discard(event.id)
            if settled:
                self._state.tried.pop(event.id, None)
            else:
                pause = min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(tried.times, 10))
                tried.times += 1
                tried.not_before = self._office.clock.monotonic() + pause

    def _settle(self, event: HeardEvent, item: Item, tried: _Tried) -> bool:
        heard, age = item.heard, self._office.clock.now() - event.at
        messenger = self._messenger(item)
        if heard is None or messenger is None or tried.refusals >= _REFUSALS:
            self._inbox.settle(event.id)
            return True
        if tried.reply is None:
            if isinstance(heard, Answered) and self._is_too_early(heard) and age < _REF_WITHIN:
                return False
            tried.reply = self._reply_to(heard, messenger)
        if tried.reply.text:
            key = f"reply/{event_id(item.hearing, heard.event)}"
            content = tried.reply
            post = Post(key=key, text=content.text, document=content.document)
            try:
                messenger.reply(heard.handle, post)
            except ProviderUnavailable:
                raise
            except ProviderError:
                tried.refusals += 1
                raise
        self._inbox.settle(event.id)
        return True

    def _is_too_early(self, said: Answered) -> bool:
        """Tell whether the message that was answered is not known yet: it was just sent."""
        known = self._office.store.delivered(said.room, said.ref) if said.ref else None
        return bool(said.ref) and known is None and not said.rollback_id

    def _reply_to(self, heard: Heard, messenger: _Speaks) -> Content:
        view = view_of(messenger.form)
        if isinstance(heard, Answered):
            lines = answer(self._office, heard, messenger)
            return view.said(*lines) if lines else SILENCE
        sign = messenger.sign if isinstance(messenger, SignsCommands) else "/"
        return carry_out(self._office, heard, view, sign=sign)

    def _messenger(self, item: Item) -> "_Speaks | None":
        """Choose who replies: the room's own Messenger, else any of the same account."""
        found = self._speaking.get(item.hearing, [])
        room = "" if item.heard is None else item.heard.room
        return next((each for each in found if each.place == room), found[0] if found else None)


def _what(error: Exception) -> str:
    return error.what if isinstance(error, SmartSpecError) else type(error).__name__
