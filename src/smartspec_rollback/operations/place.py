"""One place that is told of rollbacks: what is due there is delivered in order, each thing once.

Called by ``courier``, which gives every place a thread of its own. Never changes a rollback. It
decides whose turn it is, and how long to wait; ``delivering`` sends and edits.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from smartspec_rollback.domain.rollback import ACTIVE, UNDER_WAY, Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.engine.report import build
from smartspec_rollback.errors import ProviderError, ProviderUnavailable, StoreCorrupt, StoreError
from smartspec_rollback.operations.delivering import EDIT_EVERY, Delivering, Telling
from smartspec_rollback.operations.owed import owed
from smartspec_rollback.ports.messenger import Messenger
from smartspec_rollback.ports.store import Delivery

_LOG = logging.getLogger(__name__)

MARK = "told-before"
"""The key under which a place keeps since when it is told; what closed earlier is not owed."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_MARK_EVERY = 60.0
_PLANNING = timedelta(hours=1)
"""A rollback is asked for before it is planned, and in the ledger only after that."""
_REMEMBERED = 2000
_REFUSALS = 3
"""When so many rollbacks are refused at once, it is not their doing but the place's own trouble."""


@dataclass(frozen=True)
class Outlet:
    """A Messenger and the Targets whose rollbacks it is told of."""

    messenger: Messenger
    targets: frozenset[Target]


class Trouble(Value):
    """A place that cannot be told: since when, why, and what mends it."""

    place: str
    since: datetime
    what: str
    remedy: str = ""


@dataclass
class _Known:
    """A rollback that is not settled here yet.

    ``seen`` is what it looked like when last told, ``turn`` when it last had its turn.
    ``refusals``: so often in a row the place did not take it; it waits until ``until`` (monotonic).
    """

    rollback: Rollback
    seen: tuple[object, ...] = ()
    turn: float = 0.0
    refusals: int = 0
    until: float = 0.0


@dataclass
class _Failing:
    """How often delivering failed in a row, and until when to wait (monotonic)."""

    times: int = 0
    until: float = 0.0
    trouble: Trouble | None = None


@dataclass
class Place:
    """One outlet on its way through what is due; used by one thread, read by others."""

    outlet: Outlet
    telling: Telling
    _pending: dict[str, _Known] = field(default_factory=dict)
    _closed: dict[str, datetime] = field(default_factory=dict)
    _failing: _Failing = field(default_factory=_Failing)
    _mark: datetime | None = None
    _marked_at: float = 0.0

    def __post_init__(self) -> None:
        """Deliver by the outlet's Messenger."""
        self._delivering = Delivering(self.outlet.messenger, self.telling)

    @property
    def name(self) -> str:
        """Name the place."""
        return self.outlet.messenger.place

    @property
    def trouble(self) -> Trouble | None:
        """Say what keeps this place from being told, if anything does."""
        return self._failing.trouble

    def begin(self) -> datetime:
        """Find out since when this place is told; from now on where it never was."""
        store, now = self.telling.store, self.telling.clock.now()
        found = store.delivery(self.name, MARK)
        self._mark = now if found is None else found.at
        if found is None:
            self._keep_mark(now)
        return self._mark

    def take(self, rollbacks: tuple[Rollback, ...]) -> None:
        """Take in how rollbacks stand, oldest first; those of other Targets are not told here."""
        if self._mark is None:
            self.begin()
        for each in rollbacks:
            if each.target not in self.outlet.targets or each.break_glass:
                continue
            if self._closed.get(each.id) == each.updated_at:
                continue
            if each.id in self._pending:
                self._pending[each.id].rollback = each
            elif self._mark is None or each.requested_at >= self._mark or each.status in ACTIVE:
                self._pending[each.id] = _Known(each)

    def deliver(self) -> float | None:
        """Deliver what is due; return after how many seconds more is, None where nothing is."""
        now = self.telling.clock.monotonic()
        if now < self._failing.until:
            return self._failing.until - now
        waits: list[float] = []
        refused: dict[str, ProviderError] = {}
        try:
            for known in tuple(self._pending.values()):
                self._attempt(known, refused, only_new=True)
            for known in sorted(self._pending.values(), key=lambda each: each.turn):
                if self.telling.clock.monotonic() - now > EDIT_EVERY:
                    waits.append(0.0)  # look first whether something new is due
                    break
                wait = self._attempt(known, refused)
                if wait is not None:
                    waits.append(wait)
        except ProviderError as error:
            return self._failed(error)
        stays = any(known.refusals for known in self._pending.values())
        trouble = self._failing.trouble if stays else None
        for told in tuple(refused.values())[:1]:
            trouble = self._trouble(told)
        self._failing = _Failing(trouble=trouble)
        self._move_mark()
        return min(waits, default=None)

    def _attempt(
        self, known: _Known, refused: dict[str, ProviderError], *, only_new: bool = False
    ) -> float | None:
        """Tell what is due of one rollback; what the place does not take holds up no other."""
        clock = self.telling.clock
        if (left := known.until - clock.monotonic()) > 0:
            return left
        try:
            wait = self._tell(known, only_new=only_new)
        except (ProviderUnavailable, StoreError):
            raise
        except ProviderError as error:
            why = error
        except Exception as error:  # noqa: BLE001 - a provider's fault must not end the telling
            _LOG.exception("%s cannot be told of %s", self.name, known.rollback.id)
            why = ProviderError(f"unexpected {type(error).__name__}")
        else:
            known.refusals = known.refusals if only_new else 0
            return wait
        refused[known.rollback.id] = why
        pause = _pause(known.refusals)
        known.refusals, known.until = known.refusals + 1, clock.monotonic() + pause
        if len(refused) >= _REFUSALS:
            raise why
        return pause

    def _tell(self, known: _Known, *, only_new: bool = False) -> float | None:
        """Tell all that is due of one rollback; seconds to wait where an edit came too soon.

        ``only_new``: not where there are only edits to make; people wait for what is new.
        """
        store, rollback = self.telling.store, known.rollback
        is_open = rollback.status in UNDER_WAY
        answers = len(store.decisions(rollback.id)) if is_open else 0
        seen = (rollback.status, rollback.updated_at, answers)
        if known.seen == seen:
            return None
        try:
            told = build(store, rollback.id)
        except StoreCorrupt:
            _LOG.exception("%s cannot be told", rollback.id)
            del self._pending[rollback.id]
            return None
        due = owed(told.rollback, told.journal)
        if only_new and all(self._delivering.stands(each.key) for each in due):
            return None
        waits = [self._delivering.one(told, each) for each in due]
        known.turn = self.telling.clock.monotonic()
        late = [wait for wait in waits if wait is not None]
        if late:
            return min(late)
        known.seen = seen
        if not is_open and told.rollback.updated_at == rollback.updated_at:
            del self._pending[rollback.id]
            self._closed[rollback.id] = rollback.updated_at
        return None

    def _failed(self, error: ProviderError) -> float:
        """Wait longer each time, and as long as the system asked for."""
        times = self._failing.times
        asked = error.after if isinstance(error, ProviderUnavailable) else 0.0
        pause = max(asked, _pause(times))
        until = self.telling.clock.monotonic() + pause
        self._failing = _Failing(times + 1, until, self._trouble(error))
        return pause

    def _trouble(self, error: ProviderError) -> Trouble:
        earlier = self._failing.trouble
        since = self.telling.clock.now() if earlier is None else earlier.since
        return Trouble(place=self.name, since=since, what=error.what, remedy=error.remedy)

    def _move_mark(self) -> None:
        """Keep before what everything is told, so that a later process need not look there."""
        opened = [known.rollback.requested_at for known in self._pending.values()]
        now = self.telling.clock.monotonic()
        if opened:
            told_before: datetime | None = min(opened)
        else:
            told_before = max(self._closed.values(), default=None)
        for old in tuple(self._closed)[:-_REMEMBERED]:
            del self._closed[old]
        if told_before is None or self._mark is None or now - self._marked_at < _MARK_EVERY:
            return
        if (mark := told_before - _PLANNING) > self._mark:
            self._marked_at = now
            self._keep_mark(mark)

    def _keep_mark(self, at: datetime) -> None:
        self._mark = at
        self.telling.store.deliver(
            Delivery(place=self.name, key=MARK, rollback_id="", ref=None, digest="", at=at)
        )


def _pause(times: int) -> float:
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(times, 10))
