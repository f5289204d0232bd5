"""Shows a rollback while it runs: the engine's Listener, on standard error.

Made by ``session``. Journal entries and progress become plain lines or, on a terminal, a live
display; while a question stands the display waits. Entries may come from several threads.
"""

import re
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.stop import Stage, Stop
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Status
from smartspec_rollback.views import markdown, plain

if TYPE_CHECKING:
    from smartspec_rollback.views.terminal import LiveProgress

_BEGUN = frozenset({EntryKind.HOLD_PLACED, EntryKind.STEP_INTENT})
_UNDECIDED = frozenset({Status.PLANNED, Status.AWAITING_APPROVAL})
_EVERY = 5.0
"""Seconds between two lines of progress that differ in numbers only."""
_NUMBER = re.compile(r"\d+(\.\d+)?")


class Screen:
    """What a person at this terminal, or a pipeline's log, sees of a rollback."""

    def __init__(self, output: Output, stop: Stop) -> None:
        """Show on ``output``; tell ``stop`` when the first step begins."""
        self._output = output
        self._stop = stop
        self._lock = threading.RLock()
        self._report: Report | None = None
        self._entries: dict[int, JournalEntry] = {}
        self._live: LiveProgress | None = None
        self._prompt = ""
        self._is_before_eyes = False
        self._told: dict[str, tuple[str, float]] = {}
        self._doing = "the running step"
        stop.waiting_for = lambda: self._doing

    @property
    def rollback_id(self) -> str:
        """The rollback that is shown; empty before there is one."""
        return self._report.rollback.id if self._report else ""

    # Listener

    def planned(self, report: Report, /) -> None:
        """Show the plan, once: it is the command's result, so it goes to standard output."""
        seen = self._report is not None and self._report.digest == report.digest
        with self._lock:
            self._report = report
            self._remember(report)
        if seen:
            return
        from smartspec_rollback.cli.showing import show_plan, tell_plan

        if not self._output.as_json:
            show_plan(self._output, report)
            self._is_before_eyes = self._output.on_terminal
        elif report.rollback.status in _UNDECIDED:
            tell_plan(self._output, report)
            self._is_before_eyes = True

    def entry(self, entry: JournalEntry, /) -> None:
        """Show a journal entry."""
        with self._lock:
            self._entries[entry.seq] = entry
            if entry.kind in _BEGUN:
                self._stop.stage = Stage.FINISH
                self._doing = entry.text
                self._begin_live(entry)
            if self._live is not None:
                self._live.update(entry)
            else:
                self._line(markdown.progress(entry))

    def progress(self, step_id: str, text: str, /) -> None:
        """Show how far a step is: what is new at once, mere numbers not too often."""
        with self._lock:
            if self._live is not None:
                self._live.progress(step_id, text)
                return
            last, at = self._told.get(step_id, ("", float("-inf")))
            now, gist = time.monotonic(), _NUMBER.sub("#", text)
            if gist != last or now - at >= _EVERY:
                self._told[step_id] = (gist, now)
                self._line(f"  {step_id}: {text}")

    # For this process's own terminal, and for commands

    def follow(self, report: Report) -> None:
        """Show this rollback from here on, without its plan and what was done of it before."""
        with self._lock:
            self._report = report
            self._remember(report)

    def say(self, text: str) -> None:
        """Show a line that a person has to see."""
        with self._lock:
            self._line(text, always=True)

    def asking(self, prompt: str) -> None:
        """Leave the terminal to a question; its plan has to be before the person's eyes."""
        with self._lock:
            self._end_live()
            self._prompt = prompt
            if self._report is None:
                return
            if not self._is_before_eyes:
                from smartspec_rollback.cli.showing import tell_plan

                tell_plan(self._output, self._report)
                self._is_before_eyes = True
            gist = plain.gist(self._report.plan, width=self._output.aside_width)
            self._prompt = f"{gist}\n{prompt}"
            self._output.prompt(f"\n{gist}\n")

    def answered(self) -> None:
        """Take the terminal back."""
        with self._lock:
            self._prompt = ""

    def close(self) -> None:
        """Leave the terminal as it was found."""
        with self._lock:
            self._end_live()

    def _line(self, text: str, *, always: bool = False) -> None:
        if self._output.quiet and not always:
            return
        if self._prompt:
            self._output.prompt(self._prompt, news=text)
        else:
            self._output.note(text)

    def _remember(self, report: Report) -> None:
        """Know what was done before, by this process or by one that died."""
        self._entries |= {entry.seq: entry for entry in report.journal}

    def _begin_live(self, entry: JournalEntry) -> None:
        """Show every step from here on; those of before this entry as they ended."""
        if self._live is not None or self._report is None or not self._output.live:
            return
        from smartspec_rollback.views.terminal import LiveProgress

        console = self._output.console()
        if console.is_dumb_terminal:
            return
        self._live = LiveProgress(self._report.plan, console)
        for earlier in sorted(seq for seq in self._entries if seq < entry.seq):
            self._live.update(self._entries[earlier])
        with suppress(OSError):
            self._live.__enter__()

    def _end_live(self) -> None:
        if self._live is not None:
            with suppress(OSError):
                self._live.__exit__(None, None, None)
            self._live = None
