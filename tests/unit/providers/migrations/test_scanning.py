"""Texts are walked over once, and lines are never shifted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.migrations.scanning import (
    Lines,
    between_marks,
    blanked,
    without_literals,
)


@given(st.text("a'-/*$\n;\\", max_size=60))
def test_blanking_keeps_lines_and_no_literal(text: str) -> None:
    """A line that is named is another one, or something inside a string is taken for a command."""
    bare, endless = without_literals(text)
    assert "'" not in bare
    whole = text if endless is None else text[:endless]
    assert bare.count("\n") == whole.count("\n")


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("a 'x;' b", "a  b"),
        ("a -- x\nb", "a \nb"),
        ("f $b$ it's\n$a$ $b$ c", "f \n c"),
        ("a /* ' */ b", "a  b"),
        ("SELECT $1", "SELECT $1"),
    ],
)
def test_literals_of_every_kind_are_blanked(text: str, bare: str) -> None:
    """Psql's command inside a function's body flags a migration that is plain SQL."""
    assert without_literals(text) == (bare, None)


@given(st.text("<>x\n", max_size=60))
def test_spans_come_out_and_line_ends_stay(text: str) -> None:
    """A commented-out changeset counts, or the line named for the next one is wrong."""
    bare = blanked(text, between_marks(text, "<", ">"))
    assert bare.count("\n") == text.count("\n")
    assert not list(between_marks(bare, "<", ">")) or "<" in text


@given(st.text("a\n", max_size=40), st.lists(st.integers(0, 40), max_size=8))
def test_lines_are_told_in_one_walk(text: str, places: list[int]) -> None:
    """A problem names the wrong line."""
    lines = Lines(text)
    for place in sorted(places):
        assert lines.of(place) == text[:place].count("\n") + 1
