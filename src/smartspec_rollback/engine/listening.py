"""Listening: whoever watches a rollback cannot stop it by failing."""

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.engine.parts import Listener


class Sheltered:
    """Passes on what happens until the listener fails (a closed pipe, a bug), then falls silent.

    Every entry is in the journal whether somebody hears of it or not.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener: Listener | None = listener

    def entry(self, entry: JournalEntry, /) -> None:
        """Pass on an entry."""
        if self._listener is not None:
            try:
                self._listener.entry(entry)
            except Exception:  # noqa: BLE001 - whatever it is, it is not production's fault
                self._listener = None

    def progress(self, step_id: str, text: str, /) -> None:
        """Pass on how far a step is."""
        if self._listener is not None:
            try:
                self._listener.progress(step_id, text)
            except Exception:  # noqa: BLE001 - whatever it is, it is not production's fault
                self._listener = None

    def planned(self, report: Report, /) -> None:
        """Pass on the plan."""
        if self._listener is not None:
            try:
                self._listener.planned(report)
            except Exception:  # noqa: BLE001 - whatever it is, it is not production's fault
                self._listener = None
