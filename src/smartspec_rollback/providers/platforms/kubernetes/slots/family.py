"""The slots of a Target, as they were read: which has traffic, and which could get it. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from smartspec_rollback.domain.release import Release
from smartspec_rollback.providers.platforms.kubernetes.marks import marks_of
from smartspec_rollback.providers.platforms.kubernetes.objects import name_of, uid_of
from smartspec_rollback.providers.platforms.kubernetes.reading import State
from smartspec_rollback.providers.platforms.kubernetes.slots.front import ALL, Front
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    Kept,
    current,
    matching,
)


@dataclass(frozen=True)
class Slot:
    """One workload of several; ``choice`` is what the front knows it by."""

    state: State
    choice: str
    percent: int

    @property
    def name(self) -> str:
        """The workload's name."""
        return name_of(self.state.workload)

    @property
    def uid(self) -> str:
        """The workload's uid."""
        return uid_of(self.state.workload)

    @cached_property
    def shown(self) -> Kept | None:
        """The revision that it stands for: its template's, once that was made."""
        return current(self.state.template, self.state.known) or self.state.live

    @property
    def wanted(self) -> int:
        """How many instances it is to have."""
        return self.state.kind.wanted(self.state.workload)

    @property
    def stands(self) -> str:
        """Identify the template that counts for plans.

        One that we put back ourselves counts as what it replaced, until the slot has traffic:
        no plan gets stale by its own doing.
        """
        marks = marks_of(self.state.workload)
        own = self.state.template_digest
        return marks.stood if marks is not None and marks.to == own and marks.stood else own


@dataclass(frozen=True)
class Choice:
    """A revision that could take the traffic, and the slot that it is of."""

    slot: Slot
    kept: Kept

    @property
    def stands(self) -> bool:
        """Whether the slot's template is that revision's already."""
        return self.slot.state.template_digest == self.kept.digest


@dataclass(frozen=True)
class Family:
    """All slots of a Target, by name, and what sends traffic to them."""

    front: Front
    slots: tuple[Slot, ...]

    @cached_property
    def live(self) -> Slot | None:
        """The slot with traffic; of several the one whose release was made last.

        While traffic is shared the newest release is the one on trial.
        """
        served = [each for each in self.slots if each.percent]
        return max(served, key=_made, default=None)

    @property
    def idle(self) -> tuple[Slot, ...]:
        """The other slots."""
        return tuple(each for each in self.slots if each is not self.live)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """What could be live: what is, what stands in the other slots, what stood there before.

        Earlier revisions of the slot that is live are left out: what takes traffic is not rolled.
        """
        live = self.live
        first = [Choice(live, live.shown)] if live is not None and live.shown is not None else []
        standing = [Choice(s, s.shown) for s in self.idle if s.shown is not None]
        older = [Choice(s, k) for s in self.idle for k in s.state.known if k is not s.shown]
        return (*first, *_newest(standing), *_newest(older))

    @property
    def load(self) -> int:
        """Tell how many instances carry the load now, at least 1.

        As many as the live slot is to have. Of several with traffic each tells, by its share, how
        many would carry all of it; the most are taken, but never more than there are together. One
        that is scaled to nothing carries nothing, and tells nothing.
        """
        served = [each for each in self.slots if each.percent and each.wanted]
        alone = [math.ceil(each.wanted * ALL / each.percent) for each in served]
        together = sum(each.wanted for each in served)
        return max(1, min(max(alone, default=1), together))

    def slot(self, name: str) -> Slot | None:
        """Find a slot by its workload's name."""
        return next((each for each in self.slots if each.name == name), None)

    @cached_property
    def startable(self) -> tuple[Choice, ...]:
        """The choices, then what only the ledger knows of the slots without traffic."""
        captured = [Choice(s, k) for s in self.idle for k in s.state.captured]
        known = {each.kept.digest for each in self.choices}
        return (*self.choices, *(each for each in captured if each.kept.digest not in known))

    def matching(self, release: Release) -> tuple[Choice, ...]:
        """List what could be a release, what takes the least time first."""
        found = matching(tuple(each.kept for each in self.startable), release)
        return tuple(
            sorted(
                (each for each in self.startable if any(each.kept is kept for kept in found)),
                key=lambda each: (not each.stands, -each.kept.pods.ready),
            )
        )


def _made(slot: Slot) -> tuple[str, str]:
    return (slot.shown.created if slot.shown is not None else "", slot.name)


def _newest(choices: Iterable[Choice]) -> list[Choice]:
    return sorted(choices, key=lambda each: each.kept.age, reverse=True)
