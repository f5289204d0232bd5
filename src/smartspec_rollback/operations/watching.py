"""Listeners of the engine for rollbacks that nobody watches at a terminal."""

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.operations.events import Hub


class Unwatched:
    """Implements the engine's Listener: nobody hears; the journal has everything that counts."""

    def planned(self, report: Report, /) -> None:
        """Do nothing with a plan."""

    def entry(self, entry: JournalEntry, /) -> None:
        """Do nothing with an entry."""

    def progress(self, step_id: str, text: str, /) -> None:
        """Do nothing with progress."""


class Told(Unwatched):
    """Passes progress on to a hub, which has the entries from the ledger itself."""

    def __init__(self, hub: Hub, rollback_id: str) -> None:
        self._hub = hub
        self._rollback_id = rollback_id

    def progress(self, step_id: str, text: str, /) -> None:
        """Pass on how far a step is."""
        self._hub.progress(self._rollback_id, step_id, text)
