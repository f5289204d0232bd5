"""Tells of one rollback among several: a line for each entry, with its Target before it.

Used by ``several`` and ``working``, whose rollbacks share one standard error.
"""

from collections.abc import Callable

from smartspec_rollback.cli.output import Output
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry
from smartspec_rollback.domain.target import Target
from smartspec_rollback.views import markdown

_BEGUN = frozenset({EntryKind.HOLD_PLACED, EntryKind.STEP_INTENT})


def _ignored(_: Report) -> None:
    """Do nothing with a plan."""


def _unheard() -> None:
    """Do nothing when it begins."""


class Lines:
    """Implements the engine's Listener; ``begun`` once production may be touched."""

    def __init__(
        self,
        output: Output,
        target: Target,
        *,
        planned: Callable[[Report], None] = _ignored,
        begins: Callable[[], None] = _unheard,
    ) -> None:
        """Write to ``output``; ``planned`` gets each plan, ``begins`` is called at each step."""
        self._output = output
        self._target = target
        self._planned = planned
        self._begins = begins
        self.begun = False

    def planned(self, report: Report, /) -> None:
        """Pass the plan on."""
        self._planned(report)

    def entry(self, entry: JournalEntry, /) -> None:
        """Say what was written."""
        if entry.kind in _BEGUN:
            self.begun = True
            self._begins()
        self._output.progress(f"{self._target}: {markdown.progress(entry)}")

    def progress(self, step_id: str, text: str, /) -> None:
        """Say nothing: numbers of many rollbacks at once are noise."""
