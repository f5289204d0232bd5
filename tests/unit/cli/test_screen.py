"""What somebody sees of a rollback while it runs."""

import io

import msgspec
import pytest
from rich.console import Console
from rich.text import Text
from tests.golden import cases

from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.screen import Screen
from smartspec_rollback.cli.stop import Stage, Stop
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Status
from smartspec_rollback.engine.report import unsaved
from smartspec_rollback.testing.samples import NOON, a_plan, a_rollback

PLAN = a_plan()


def _screen(*, form: str = "text", quiet: bool = False) -> tuple[Screen, Stop]:
    output, stop = Output(), Stop()
    output.format, output.quiet = form, quiet
    return Screen(output, stop), stop


def _entry(kind: EntryKind, text: str = "Switch traffic") -> JournalEntry:
    return JournalEntry(
        rollback_id="rb-1", seq=1, at=NOON, token=1, kind=kind, text=text, step="1-switch"
    )


def test_plan_is_a_result_and_progress_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, a saved plan would be mixed with progress, or be shown twice."""
    screen, _ = _screen()
    report = unsaved(a_rollback(plan=PLAN), PLAN)
    screen.planned(report)
    screen.planned(report)
    screen.entry(_entry(EntryKind.STEP_INTENT))
    out, err = capsys.readouterr()
    assert out.count("# Rollback Plan") == 1
    assert "Switch traffic" in err
    assert "Switch traffic" not in out
    assert screen.rollback_id == "rb-1"


def test_json_keeps_standard_output_free(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, JSON would not parse, or people would decide on a plan they did not see."""
    screen, _ = _screen(form="json")
    screen.planned(unsaved(a_rollback(plan=PLAN), PLAN))
    out, err = capsys.readouterr()
    assert out == ""
    assert "# Rollback Plan" in err
    closed = a_plan("rb-2")
    screen.planned(unsaved(a_rollback(plan=closed, status=Status.DRY_RUN), closed))
    assert capsys.readouterr().err == ""


def test_first_step_ends_leaving_at_once() -> None:
    """If this failed, Ctrl-C could tear a process out of a step."""
    screen, stop = _screen(quiet=True)
    stop.stage = Stage.ASK
    screen.entry(_entry(EntryKind.ASKED))
    stages = [stop.stage]
    screen.entry(_entry(EntryKind.STEP_INTENT, "Scale down"))
    stages.append(stop.stage)
    assert stages == [Stage.ASK, Stage.FINISH]
    assert stop.waiting_for() == "Scale down"


def test_progress_is_told_once_per_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, a pipeline's log would hold thousands of lines, or miss what is new."""
    screen, _ = _screen()
    for seconds in range(60, 0, -1):
        screen.progress("gate", f"warming up for {seconds}s more")
    screen.progress("gate", "measuring v1.2.1 for 60s")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["  gate: warming up for 60s more", "  gate: measuring v1.2.1 for 60s"]


def test_question_stands_below_what_is_said_meanwhile(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this failed, news would hide the question, or somebody approve an unseen plan."""
    monkeypatch.setenv("COLUMNS", "80")
    screen, _ = _screen()
    screen.planned(unsaved(a_rollback(plan=PLAN), PLAN))
    capsys.readouterr()
    screen.asking("yes or no? ")
    assert "# Rollback Plan" in capsys.readouterr().err
    screen.entry(_entry(EntryKind.PREWARM_READY, "v1.2.0 is ready"))
    *_, gist, reason, last = capsys.readouterr().err.splitlines()
    assert gist.startswith("v1.2.1 → v1.2.0 on checkout/production · ")
    assert reason == "Quality gate failed (p99 latency > 200ms)"
    assert last == "yes or no? "
    screen.answered()
    screen.say("done")
    assert capsys.readouterr().err == "done\n"


def test_quiet_still_says_what_must_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, --quiet would hide why an answer did not count."""
    screen, _ = _screen(quiet=True)
    screen.entry(_entry(EntryKind.STEP_DONE))
    screen.progress("verify", "watching")
    screen.say("Not counted: bob is not an approver.")
    assert capsys.readouterr().err == "Not counted: bob is not an approver.\n"


def test_nobody_is_asked_about_a_plan_they_did_not_see(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, a resumed rollback would be approved unread."""
    screen, _ = _screen()
    screen.follow(unsaved(a_rollback(plan=PLAN), PLAN))
    screen.asking("yes or no? ")
    screen.asking("yes or no? ")
    assert capsys.readouterr().err.count("# Rollback Plan") == 1


class _Terminal(Output):
    """A terminal, kept in memory."""

    live = True

    def __init__(self) -> None:
        super().__init__()
        self.drawn = io.StringIO()

    def console(self) -> Console:
        return Console(
            file=self.drawn,
            width=80,
            force_terminal=True,
            no_color=True,
            _environ={"TERM": "xterm"},
        )


def test_what_was_done_before_is_shown_as_done() -> None:
    """If this failed, a resumed rollback would look as if it began anew, done steps pending."""
    plan = cases.safe()
    done = cases.journal(plan)
    for known, told in ((done[:8], done[8:]), (done, done)):
        output = _Terminal()
        screen = Screen(output, Stop())
        screen.follow(msgspec.structs.replace(cases.interrupted(), plan=plan, journal=known))
        for entry in told:
            screen.entry(entry)
        screen.close()
        shown = Text.from_ansi(output.drawn.getvalue()).plain
        last = shown.rpartition("Rolling back checkout/production")[2]
        assert "✅ Switch production traffic" in last
        assert "▶  Scale down v1.2.1" in last
        assert "·  Run verification tests" in last
