"""Saying something never fails, and never steers a terminal."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.cli.output import Output, printable


class _Broken(io.StringIO):
    """A stream that somebody closed, or whose disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, _: str, /) -> int:
        raise self._error


@given(st.text())
def test_printable(text: str) -> None:
    """If this failed, text from outside could move the cursor or turn a line around."""
    shown = printable(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    assert len(shown) == len(text)
    assert printable(shown) == shown


def test_a_stream_that_fails_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a closed pipe in the middle of a rollback would leave it half done."""
    monkeypatch.setattr(sys, "stdout", _Broken(BrokenPipeError()))
    monkeypatch.setattr(sys, "stderr", _Broken(OSError(5, "Input/output error")))
    output = Output()
    output.result("plan")
    output.note("note")
    output.progress("progress")
    assert output.lost == ""


def test_a_lost_result_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a full disk would look like an empty result."""
    monkeypatch.setattr(sys, "stdout", _Broken(OSError(28, "No space left on device")))
    output = Output()
    output.document(b"{}\n")
    assert output.lost == "No space left on device"


def test_quiet_hides_progress_only(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, --quiet would hide an error or a question."""
    output = Output()
    output.quiet = True
    output.progress("working")
    output.note("warning")
    output.prompt("yes or no? ")
    assert capsys.readouterr().err == "warning\nyes or no? "


def test_results_are_plain_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, logs would be full of colour codes."""
    output = Output()
    assert not output.rich
    assert not output.live
    output.result("red \x1b[31malert\n")
    assert "\x1b" not in capsys.readouterr().out
