"""What a command says: its result on standard output, everything else on standard error.

Used by all of ``cli``. Saying something never fails: a closed pipe, a full disk or a dead
terminal must not stop a rollback. What steers a terminal is taken out of everything said.
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_USUAL_WIDTH = 80
_CLEAR = "\r\x1b[K"
_UP_AND_CLEAR = "\x1b[1A\x1b[K"
_UNMOVING = frozenset({"", "dumb", "unknown"})


class Output:
    """Both streams of a command; safe to use from several threads."""

    def __init__(self) -> None:
        """Take the standard streams, made unable to fail on characters they cannot encode."""
        self.format = "text"
        self.quiet = False
        self.logging = False
        self.lost = ""
        """Why the result could not be written; empty if it was, or if nobody wanted it."""
        self._lock = threading.RLock()
        self._out = _tolerant(sys.stdout)
        self._err = _tolerant(sys.stderr)

    @property
    def as_json(self) -> bool:
        """Whether the result is one JSON document."""
        return self.format == "json"

    @property
    def on_terminal(self) -> bool:
        """Whether the result goes to a terminal."""
        return _is_terminal(self._out)

    @property
    def for_person(self) -> bool:
        """Whether the result is read at a terminal, and so is no Markdown."""
        return self.format == "text" and self.on_terminal

    @property
    def rich(self) -> bool:
        """Whether the result is shown in colour and columns, to a person."""
        return self.for_person and _is_utf8(self._out)

    @property
    def width(self) -> int:
        """How many columns the result's terminal has; 80 where nobody says."""
        return _columns(self._out)

    @property
    def aside_width(self) -> int:
        """How many columns the terminal beside the result has; 80 where nobody says."""
        return _columns(self._err)

    @property
    def rich_aside(self) -> bool:
        """Whether what is said beside the result can be in colour and columns."""
        return _is_terminal(self._err) and _is_utf8(self._err)

    @property
    def live(self) -> bool:
        """Whether progress is shown by a display that moves."""
        still = self.quiet or self.logging
        return self.rich_aside and self.format == "text" and not still

    def result(self, text: str) -> None:
        """Write what the command is for."""
        self.lost = self.lost or self._write(self._out, printable(text))

    def document(self, document: bytes) -> None:
        """Write the one JSON document of the command."""
        with self._lock:
            buffer = getattr(self._out, "buffer", None)
            if buffer is None:
                self.lost = self.lost or self._write(self._out, document.decode())
            else:
                self.lost = self.lost or self._write(buffer, document)

    def render(self, show: "Callable[[Console], None]", *, aside: bool = False) -> None:
        """Write a terminal view of the result, or ``aside`` of something else."""
        from rich.console import Console

        stream = self._err if aside else self._out
        console = Console(file=stream)
        with console.capture() as captured:
            show(console)
        failed = self._write(stream, captured.get())
        if not aside:
            self.lost = self.lost or failed

    def note(self, text: str) -> None:
        """Say something that a person has to know."""
        self._write(self._err, printable(text).rstrip("\n") + "\n")

    def prompt(self, text: str, *, news: str = "") -> None:
        """Write what the person's answer stands behind: lines about it, and the question.

        ``news`` goes above it, and takes the place of the same lines where they stood before.
        """
        if news:
            over = _CLEAR + _UP_AND_CLEAR * text.count("\n")
            self._write(self._err, over if self._can_move else "\n")
            self.note(news)
        self._write(self._err, printable(text))

    def progress(self, text: str) -> None:
        """Say how it is going, unless nobody wants to know."""
        if not self.quiet:
            self.note(text)

    def console(self) -> "Console":
        """Make a console for a display that moves, on standard error."""
        from rich.console import Console

        return Console(file=self._err)

    @property
    def _can_move(self) -> bool:
        """Whether the terminal beside the result knows how to move its cursor."""
        return _is_terminal(self._err) and os.environ.get("TERM", "dumb") not in _UNMOVING

    def _write(self, stream: object, content: str | bytes) -> str:
        """Write and flush; return why that failed, or nothing."""
        with self._lock:
            try:
                stream.write(content)  # type: ignore[attr-defined] # a text or a binary stream
                stream.flush()  # type: ignore[attr-defined] # as above
            except BrokenPipeError:
                _silence(stream)
            except (OSError, ValueError) as error:
                _silence(stream)
                return getattr(error, "strerror", None) or str(error)
        return ""


def printable(text: str) -> str:
    """Take out what could steer a terminal or turn text around."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _REPLACEMENT for c in text)


def _tolerant(stream: TextIO | None) -> TextIO:
    """Let a stream write anything; one that is closed becomes one that nobody reads."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - lives as long as we
    if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
        reconfigure(errors="backslashreplace")
    return stream


def _silence(stream: object) -> None:
    """Point a stream that cannot be written to at nothing, so that closing it says nothing."""
    with suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())  # type: ignore[attr-defined] # every file has one
        os.close(nothing)


def _columns(stream: TextIO) -> int:
    told = os.environ.get("COLUMNS", "")
    try:
        columns = int(told) if told.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return columns or _USUAL_WIDTH


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"
