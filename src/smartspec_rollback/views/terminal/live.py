"""A rollback while it runs: every step with its state and elapsed time, kept up to date.

``cli`` feeds it with journal entries and transient progress. It shows what it was told and knows
nothing else; on a terminal that cannot move its cursor it prints a line per entry instead.
"""

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry
from smartspec_rollback.domain.step import VERIFY
from smartspec_rollback.views import markdown, wording
from smartspec_rollback.views.escape import clean
from smartspec_rollback.views.terminal import style
from smartspec_rollback.views.units import between, span

PREWARM, APPROVAL = "prewarm", "approval"
_PENDING, _RUNNING, _DONE, _FAILED = "pending", "running", "done", "failed"
_REFRESHES_PER_SECOND = 8
_CHANGES = {
    EntryKind.PREWARM_INTENT: _RUNNING,
    EntryKind.PREWARM_READY: _DONE,
    EntryKind.PREWARM_FAILED: _FAILED,
    EntryKind.ASKED: _RUNNING,
    EntryKind.DECIDED: _DONE,
    EntryKind.STEP_INTENT: _RUNNING,
    EntryKind.STEP_DONE: _DONE,
    EntryKind.STEP_FAILED: _FAILED,
}
_ROW_OF = {
    EntryKind.PREWARM_INTENT: PREWARM,
    EntryKind.PREWARM_READY: PREWARM,
    EntryKind.PREWARM_FAILED: PREWARM,
    EntryKind.ASKED: APPROVAL,
    EntryKind.DECIDED: APPROVAL,
}


@dataclass
class _Row:
    """One line of the display; ``begun`` is the entry's time, ``shown_since`` the display's."""

    title: str
    state: str = _PENDING
    detail: str = ""
    begun: datetime | None = None
    shown_since: float = 0.0
    took: str = ""


class LiveProgress:
    """A context manager that shows a rollback while it runs; feed it from one thread or several.

    ``update`` takes journal entries in order, ``progress`` transient text about a step.
    """

    def __init__(self, plan: Plan, console: Console) -> None:
        self._console = console
        self._title = (
            f"Rolling back {plan.target}: "
            f"`{plan.from_release.version}` → `{plan.to.release.version}`"
        )
        self._rows = {APPROVAL: _Row("Approval")}
        if plan.prewarm:
            prewarm = _Row(f"Start `{plan.to.release.version}` beside the live version (prewarm)")
            self._rows = {PREWARM: prewarm, **self._rows}
        self._rows |= {step.id: _Row(step.title) for step in plan.steps}
        self._verify = next((s.id for s in plan.steps if s.kind == VERIFY), VERIFY)
        self._note = ""
        self._started = console.get_time()
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(
            get_renderable=self._shown,
            console=console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._lines_only = console.is_dumb_terminal or not console.is_terminal

    def __enter__(self) -> Self:
        if not self._lines_only:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._lines_only:
            self._live.stop()

    def update(self, entry: JournalEntry) -> None:
        """Show what a journal entry says happened."""
        if self._lines_only:
            self._console.print(Text(markdown.progress(entry)))
            return
        row = self._rows.get(_ROW_OF.get(entry.kind, entry.step or ""))
        state = _CHANGES.get(entry.kind)
        if row is None or state is None:
            self._note = entry.text
            return
        if state == _RUNNING:
            row.begun, row.shown_since = entry.at, self._console.get_time()
        else:
            row.took = between(row.begun, entry.at) if row.begun else ""
        row.state = state
        row.detail = "" if entry.kind is EntryKind.STEP_INTENT else entry.text

    def progress(self, step_id: str, text: str) -> None:
        """Show how far a step is; of a step nobody knows it becomes the note at the bottom."""
        row = self._rows.get(self._verify if step_id == VERIFY else step_id)
        if row is None:
            self._note = text
        else:
            row.detail = text

    def _shown(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=2)
        grid.add_column(overflow="fold", ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        for row in self._rows.values():
            grid.add_row(self._sign(row), self._said(row), Text(self._elapsed(row), style.FAINT))
        total = span(float(int(self._console.get_time() - self._started)))
        title = Text.assemble(style.sentence(self._title, style=style.STRONG), f"  {total}")
        note = style.sentence(self._note, style=style.FAINT) if self._note else ""
        return Group(title, grid, note)

    def _sign(self, row: _Row) -> RenderableType:
        if row.state == _RUNNING and self._live.is_started:
            return self._spinner
        mark = wording.step_mark(row.state)
        return Text(mark, style=style.MARK_STYLES[mark])

    def _said(self, row: _Row) -> Text:
        failed = row.state == _FAILED
        title = row.title.rstrip(".") if failed else row.title
        said = style.sentence(title, style=style.FAINT if row.state == _PENDING else "")
        if failed:
            said.append(": failed", style="bold red")
        if row.detail:
            said.append(f"\n{clean(row.detail)}", style=style.FAINT)
        return said

    def _elapsed(self, row: _Row) -> str:
        if row.state == _RUNNING:
            return span(float(int(self._console.get_time() - row.shown_since)))
        return row.took
