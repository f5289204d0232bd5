"""Everything as Markdown: what is piped, saved, and posted to channels.

Called by ``cli`` and, through wiring, by the engine. The parts live in ``markdown_*``; this module
is the view's one face. Rendered from values alone, so the same value gives the same bytes.
"""

from datetime import UTC

from smartspec_rollback.domain.rollback import EntryKind, JournalEntry
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import prose
from smartspec_rollback.views.markdown_plan import plan
from smartspec_rollback.views.markdown_report import report
from smartspec_rollback.views.markdown_verdict import verdict

__all__ = ["plan", "progress", "report", "verdict"]


def progress(entry: JournalEntry) -> str:
    """Write a journal entry on one line: time (UTC), a sign, and what happened."""
    at = entry.at.astimezone(UTC)
    begins = entry.step is None or entry.kind is EntryKind.STEP_INTENT
    what = entry.text if begins else f"{entry.step}: {entry.text}"
    return f"{at:%H:%M:%S}Z {wording.entry_sign(entry.kind)} {prose(what)}"
