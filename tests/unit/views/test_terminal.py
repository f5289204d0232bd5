import io
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from tests.golden import cases
from tests.unit.checks.facts import SNAPSHOT
from tests.unit.views.hostile import hostile_text, plan_full_of, report_full_of

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.rollback import EntryKind
from smartspec_rollback.domain.snapshot import Revision, Share, Workload
from smartspec_rollback.testing.samples import a_deployment, a_hold, a_release, a_verdict
from smartspec_rollback.views import terminal, wording


def _shown(show: Callable[[Console], None], *, width: int = 80) -> list[str]:
    out = io.StringIO()
    show(Console(file=out, width=width, force_terminal=False, no_color=True))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_plan_begins_with_its_verdict_and_leaves_the_question_to_the_prompt() -> None:
    """If it fails, somebody at three o'clock has to search for what matters."""
    lines = _shown(lambda console: terminal.render_plan(cases.safe(), console))
    assert lines[0] == "Rollback Plan: deploy-12345"
    assert lines[2].strip() == "✅ SAFE (LOW RISK)"
    assert "Approve this plan?" not in "\n".join(lines)
    assert "From elsewhere: smartspec approve rb-1 or smartspec deny rb-1" in lines
    assert "  [✅] No breaking database schema changes detected." in lines
    assert "  1. Switch production traffic from v1.2.1 to v1.2.0." in lines


def test_a_refused_plan_ends_with_what_to_do() -> None:
    """If it fails, a refusal on a terminal is a dead end."""
    lines = _shown(lambda console: terminal.render_plan(cases.refused(), console), width=120)
    assert lines[2].strip() == "❌ REFUSED"
    assert not any(line.startswith("From elsewhere") for line in lines)
    assert lines[-1].strip().startswith("to do: choose another with --target-version")


def test_a_dry_run_says_that_nothing_was_changed() -> None:
    """If it fails, a dry run on a terminal looks like a request for approval."""
    dry = _shown(lambda console: terminal.render_plan(cases.safe(), console, question=False))
    assert dry[-1] == "Dry run: nothing was changed."


def test_an_unattended_plan_asks_nobody() -> None:
    """If it fails, people answer a question that nobody asked."""
    said = "Approved unattended (--auto-approve, started by alice)."
    lines = _shown(lambda c: terminal.render_plan(cases.safe(), c, unattended=said))
    assert lines[-1] == said
    assert not any("smartspec approve" in line for line in lines)


def test_passed_checks_take_one_line_and_others_say_why() -> None:
    """If it fails, what needs attention drowns in what does not."""
    lines = _shown(lambda console: terminal.render_plan(cases.uncertain(), console))
    first = lines.index("  [❔] Schema not checked: no database configured for checkout.")
    assert lines[first + 1].strip() == "to do: declare database: none if checkout has none"
    assert lines[lines.index("  [✅] v1.2.0 was verified healthy.") + 1] == ""


@settings(max_examples=25)  # each one lays out a whole plan and a whole report
@given(hostile_text(), st.integers(60, 200))
def test_no_text_reaches_the_terminal_as_a_sequence_or_markup(text: str, width: int) -> None:
    """If it fails, a reason can clear the screen, colour a refusal green, or break the layout."""

    def show(console: Console) -> None:
        terminal.render_plan(plan_full_of(f"[red]{text}[/]"), console)
        terminal.render_report(report_full_of(text), console)

    lines = _shown(show, width=width)
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= width
    marked = [line for line in lines if line.strip().startswith("[✅]")]
    assert len(marked) == len(cases.succeeded().steps) + 1


def test_a_report_says_outcome_advice_and_where_every_step_stands() -> None:
    """If it fails, people don't learn how far a rollback came that stopped halfway."""
    lines = _shown(lambda console: terminal.render_report(cases.interrupted(), console))
    assert lines[2].strip() == "❌ PARTIALLY APPLIED"
    assert "  [▶] smartspec resume rb-1 goes on." in lines
    assert "  [❔] 2. Scale down v1.2.1 instances to 0." in lines
    assert "       unknown: no answer" in lines
    assert "       Undo: start the v1.2.1 instances again" in lines


def test_a_verdict_shows_measured_bound_and_baseline() -> None:
    """If it fails, a verdict has to be believed instead of read."""
    baseline = cases.safe().baseline
    lines = _shown(lambda c: terminal.render_verdict(cases.verdict(), c, baseline=baseline))
    kept = next(line for line in lines if "p99 latency <= 200ms" in line)
    assert kept.split()[-4:] == ["≤", "200ms", "2000", "50ms"]
    assert any(line.split()[:2] == ["❔", "inconclusive"] for line in lines)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_ids_in_lists_are_never_broken_up(width: int) -> None:
    """If it fails, an id on a narrow terminal cannot be copied."""
    entry = LedgerEntry(deployment=a_deployment("deploy-" + "7" * 30), conclusive=a_verdict())
    hold = a_hold("hold-" + "7" * 30)

    def show(console: Console) -> None:
        terminal.render_deployments([entry], console)
        terminal.render_holds([hold], console)

    lines = "\n".join(_shown(show, width=width))
    assert {entry.deployment.id, hold.id} <= set(lines.split())


def test_what_runs_is_shown_without_markdown() -> None:
    """If it fails, `local status` at a terminal shows headings and backticks."""
    live = Revision(id="r1", release=a_release("v1.2.0"), deployment_id="deploy-1")
    work = Workload(revision="r1", version="v1.2.0", desired=3, running=3, ready=2)
    seen = msgspec.structs.replace(
        SNAPSHOT, live=live, workloads=(work,), traffic=(Share(revision="r1", percent=100),)
    )
    lines = _shown(lambda console: terminal.render_host(seen, console))
    assert lines[0] == "checkout/production"
    assert "  v1.2.0 is live by deploy-1." in lines
    assert lines[-1] == "  [·] v1.2.0: 2 of 3 ready, 100% of traffic"


def test_what_the_doctor_looked_at_says_what_to_do() -> None:
    """If it fails, the doctor's line at a terminal is a riddle, or breaks in the middle."""
    long = "the ledger at `/srv/" + "folder/" * 20 + "smartspec.db` is damaged"
    lines = _shown(lambda c: terminal.render_looked(wording.BLOCKING, long, "move it aside", c))
    assert lines[0].startswith("  [❌] the ledger at")
    assert all(line.startswith("       ") for line in lines[1:])
    assert lines[-1].strip() == "to do: move it aside"
    assert "`" not in "".join(lines)


def test_empty_lists_are_sentences() -> None:
    """If it fails, nothing recorded looks like nothing printed."""
    assert _shown(lambda console: terminal.render_holds([], console)) == ["No release is on hold."]


def _live(*, width: int = 80, upto: int = 9) -> str:
    """Render a live display after some journal entries, as its last frame stays on screen."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=True, no_color=True, _environ={"TERM": "xterm"}
    )
    plan = cases.safe()
    with terminal.LiveProgress(plan, console) as live:
        for entry in cases.journal(plan)[:upto]:
            live.update(entry)
        live.progress("2-scale-down", "waiting for 2 active requests")
        live.progress("channel", "webhook could not be told")
    return Text.from_ansi(out.getvalue()).plain


def test_live_progress_shows_every_step_with_its_state() -> None:
    """If it fails, people watching a rollback cannot tell what is done and what is not."""
    shown = _live().rpartition("Rolling back checkout/production")[2]
    lines = [line.rstrip() for line in shown.splitlines()]
    assert any(line.startswith("✅ Switch production traffic") for line in lines)
    assert any(line.startswith("▶  Scale down v1.2.1") for line in lines)
    assert any(line.startswith("·  Run verification tests") for line in lines)
    assert "   waiting for 2 active requests" in lines
    assert "webhook could not be told" in lines


def test_a_step_without_outcome_is_never_shown_as_done() -> None:
    """If it fails, a rollback looks further than it is."""
    shown = _live(upto=7).rpartition("Rolling back checkout/production")[2]
    assert "✅ Switch" not in shown
    assert "▶  Switch" in shown


def test_a_terminal_without_a_cursor_gets_lines() -> None:
    """If it fails, progress is invisible on a dumb terminal until all is over."""
    plan = cases.safe()

    def show(console: Console) -> None:
        with terminal.LiveProgress(plan, console) as live:
            for entry in cases.journal(plan):
                live.update(entry)

    lines = _shown(show)
    assert len(lines) == 9
    assert lines[0] == "12:00:01Z · Planned"


def test_a_failed_step_says_so_in_words() -> None:
    """If it fails, only colour tells that a step failed."""
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, no_color=True)
    plan = cases.safe()
    failed = msgspec.structs.replace(
        cases.journal(plan)[7], kind=EntryKind.STEP_FAILED, text="refused"
    )
    with terminal.LiveProgress(plan, console) as live:
        live.update(failed)
    shown = Text.from_ansi(out.getvalue()).plain
    assert "v1.2.0: failed" in shown
    assert wording.BLOCKING in shown
