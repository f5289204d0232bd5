"""What is shown at a terminal without rich."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.golden import cases
from tests.unit.views.hostile import hostile_text, plan_full_of

from smartspec_rollback.testing.samples import a_person, a_rollback
from smartspec_rollback.views import plain
from smartspec_rollback.views.tables import width_of


def test_history_is_columns_where_they_fit() -> None:
    """If it fails, history at a terminal is a Markdown table that breaks in the middle of rows."""
    shown = plain.history([a_rollback("rb-1"), a_rollback("rb-22")], width=120)
    head, *rows = shown.splitlines()
    assert len(rows) == 2
    at = head.index("Deployment")
    assert [row[at:].split()[0] for row in rows] == ["deploy-12345", "deploy-12345"]
    assert not set("|`#") & set(shown)


def test_history_is_blocks_where_columns_do_not_fit() -> None:
    """If it fails, ids cannot be copied from a narrow terminal."""
    shown = plain.history([a_rollback("rb-1"), a_rollback("rb-22")], width=80)
    first, second = shown.split("\n\n")
    assert first.splitlines()[0].split() == ["Rollback", "rb-1"]
    assert second.splitlines()[0].split() == ["Rollback", "rb-22"]
    assert len(first.splitlines()) == len(second.splitlines()) == 8


@given(hostile_text(), st.integers(24, 200))
def test_nothing_runs_over_the_edge(text: str, width: int) -> None:
    """If it fails, a long or hostile name breaks the layout, or steers the terminal."""
    told = msgspec.structs.replace(a_rollback(), requested_by=a_person(text or "x"))
    lines = plain.history([told], width=width).split("\n")
    assert all(line.isprintable() for line in lines)
    assert max(map(width_of, lines)) <= width


def test_what_is_asked_fits_on_a_line_or_two() -> None:
    """If it fails, people approve with nothing before their eyes but a log."""
    told = plain.gist(cases.safe(), width=120)
    assert told == (
        "v1.2.1 → v1.2.0 on checkout/production · low risk · "
        "Quality gate failed (p99 latency > 200ms)"
    )
    assert plain.gist(cases.safe(), width=80) == told.replace("risk · ", "risk\n")
    assert plain.gist(cases.safe(), width=30).splitlines()[1] == "Quality gate failed (p99 lat…"


@given(hostile_text(), st.integers(24, 200))
def test_what_is_asked_never_steers(text: str, width: int) -> None:
    """If it fails, a reason can hide the question, or push it off the screen."""
    told = plain.gist(plan_full_of(text), width=width)
    assert all(line.isprintable() for line in told.split("\n"))
    assert told.count("\n") <= 1
    assert max(map(width_of, told.split("\n"))) < width


@pytest.mark.parametrize("width", [1, 80])
def test_no_history_is_a_sentence(width: int) -> None:
    """If it fails, an empty ledger looks like a command that did nothing."""
    assert plain.history([], width=width) == "No rollbacks are recorded.\n"
