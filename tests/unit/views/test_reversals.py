"""What a reversal came to, as people and programs read it."""

import json

import pytest
from hypothesis import given
from tests.unit.views.hostile import hostile_text

from smartspec_rollback.domain.reversal import Loss, Reversal, ReversalVerdict
from smartspec_rollback.views.reversals import EXIT_CODES, MARKS, reversal, reversal_document

LOST = Loss(relation="public.t", column="n", rows=3, statement="DROP COLUMN n", what="values")


def test_only_lossless_exits_with_zero() -> None:
    """A pipeline reverses what loses rows."""
    assert {v for v, code in EXIT_CODES.items() if code == 0} == {ReversalVerdict.LOSSLESS}
    assert set(EXIT_CODES) == set(MARKS) == set(ReversalVerdict)


@pytest.mark.parametrize("verdict", ReversalVerdict)
def test_the_verdict_comes_first(verdict: ReversalVerdict) -> None:
    """The list of losses is read and the verdict is not."""
    head = reversal(Reversal(verdict=verdict, reason="so it is", server="PostgreSQL 18"))
    assert head.startswith(f"# Reversal: {verdict}\n\n{MARKS[verdict]} **{verdict}:** so it is")


def test_losses_and_failures_are_shown() -> None:
    """Nobody sees which rows are gone, or which statement failed and why."""
    told = Reversal(
        verdict=ReversalVerdict.FAILS,
        reason="it fails",
        losses=(LOST, Loss(relation="", column=None, rows=None, statement="", what="anything")),
        schema_differences=("- public.t.n text",),
        failed_statement="DROP TABLE t",
        failed_message="others depend on it",
        written=1,
        notes=("one file is code",),
    )
    shown = reversal(told)
    for part in (
        "public.t.n",
        "(3 rows)",
        "DROP COLUMN n",
        "anywhere",
        "others depend on it",
        "- public.t.n text",
        "one file is code",
        "1 row,",
    ):
        assert part in shown
    document = json.loads(reversal_document(told))
    assert document["schema"] == "smartspec.schema-reversal/1"
    assert (document["verdict"], document["exit_code"]) == ("fails", 3)
    assert document["losses"][0]["rows"] == 3


@given(hostile_text())
def test_hostile_text_stays_text(text: str) -> None:
    """A message of the server adds a heading or a passed mark to the page."""
    lost = Loss(relation=text or "x", column=text, rows=1, statement=text or "x", what=text)
    told = Reversal(
        verdict=ReversalVerdict.LOSES,
        reason=text,
        losses=(lost,),
        schema_differences=(text,),
        failed_statement=text,
        failed_message=text,
        server=text,
        notes=(text,),
    )
    assert reversal(told).count("\n## ") == 3
    assert len(reversal(told).split("\n")) == 20
    assert json.loads(reversal_document(told))["reason"] == text


def test_one_row_is_one_row() -> None:
    """It reads as if nobody had cared to look at it."""
    loss = Loss(relation="public.t", column="n", rows=1, statement="", what="values")
    told = Reversal(verdict=ReversalVerdict.LOSES, reason="lost", losses=(loss,), server="here")
    assert "- `public.t.n` (1 row): values" in reversal(told)
