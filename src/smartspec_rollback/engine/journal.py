"""Writing the journal: the only way the engine changes what is recorded of a rollback."""

import logging

from smartspec_rollback.domain.rollback import (
    Claim,
    EntryKind,
    JournalEntry,
)
from smartspec_rollback.domain.values import Parameter
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.ports.store import Change

_LOG = logging.getLogger(__name__)

NOT_APPLIED = Parameter(name="applied", value="no")
"""Marks a failed step of which it is certain that nothing was done."""

OUTCOME_UNKNOWN = Parameter(name="outcome", value="unknown")
"""Marks a step of which nobody knows whether it was done, or what it found."""


class Journal:
    """The journal of one rollback, held by a claim.

    Reads its own entries back from the store once, then keeps them beside what it writes.
    """

    def __init__(self, parts: Parts, claim: Claim) -> None:
        self.parts = parts
        self.claim = claim
        self.entries: list[JournalEntry] = list(parts.store.journal(claim.rollback_id))

    def write(self, change: Change) -> JournalEntry:
        """Write one change durably, then let the listener hear of it."""
        entry = self.parts.store.append(self.claim, change, at=self.parts.clock.now())
        self.entries.append(entry)
        _LOG.info(
            "%s",
            entry.text,
            extra={
                "action": f"journal.{entry.kind}",
                "rollback": entry.rollback_id,
                "seq": entry.seq,
                "step": entry.step,
                "operation": entry.operation,
            },
        )
        self.parts.listener.entry(entry)
        return entry

    def note(
        self,
        kind: EntryKind,
        text: str,
        *,
        step: str | None = None,
        operation: str | None = None,
        data: tuple[Parameter, ...] = (),
    ) -> JournalEntry:
        """Write an entry that changes nothing else."""
        return self.write(
            Change(kind=kind, text=text, step=step, operation=operation, data=data),
        )

    def last(self, kind: EntryKind, *, step: str | None = None) -> JournalEntry | None:
        """Find the newest entry of a kind, of a step where one is named."""
        for entry in reversed(self.entries):
            if entry.kind is kind and (step is None or entry.step == step):
                return entry
        return None

    def applied(self) -> tuple[str, ...]:
        """Name the steps that were sent and not known to be undone: they may have had an effect."""
        return tuple(
            dict.fromkeys(
                entry.step
                for entry in self.entries
                if entry.kind is EntryKind.STEP_INTENT
                and entry.step is not None
                and not self._refused_by_fence(entry)
            ),
        )

    def _refused_by_fence(self, intent: JournalEntry) -> bool:
        """Say whether the very next word on this operation is that nothing was done."""
        for entry in self.entries:
            if entry.seq > intent.seq and entry.operation == intent.operation:
                return entry.kind is EntryKind.STEP_FAILED and NOT_APPLIED in entry.data
        return False
