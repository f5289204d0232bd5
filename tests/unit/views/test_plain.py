"""What is shown at a terminal without rich."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.views.hostile import hostile_text

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


@pytest.mark.parametrize("width", [1, 80])
def test_no_history_is_a_sentence(width: int) -> None:
    """If it fails, an empty ledger looks like a command that did nothing."""
    assert plain.history([], width=width) == "No rollbacks are recorded.\n"
