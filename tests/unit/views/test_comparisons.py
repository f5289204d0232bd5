"""A comparison as people and programs read it."""

import json

import pytest
from hypothesis import given
from tests.unit.views.hostile import hostile_text

from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.testing.database_samples import (
    a_comparison,
    a_coverage,
    a_schema_finding,
)
from smartspec_rollback.views.comparisons import (
    EXIT_CODES,
    MARKS,
    comparison,
    comparison_document,
)


def test_only_safe_exits_with_zero() -> None:
    """A pipeline deploys what nobody could judge."""
    assert {v: code for v, code in EXIT_CODES.items() if code == 0} == {SchemaVerdict.SAFE: 0}
    assert set(EXIT_CODES) == set(MARKS) == set(SchemaVerdict)
    assert EXIT_CODES[SchemaVerdict.BREAKING] == 1


@pytest.mark.parametrize("verdict", SchemaVerdict)
def test_the_verdict_comes_first(verdict: SchemaVerdict) -> None:
    """People in a hurry read the findings and miss what they come to."""
    head = comparison(a_comparison(verdict=verdict)).splitlines()
    assert head[0] == f"# Schema: {verdict}"
    assert head[2].startswith(f"{MARKS[verdict]} **{verdict}:**")


def test_evidence_stands_under_its_finding() -> None:
    """Nobody can tell why, on which object, by which statement, or what to do."""
    found = a_schema_finding(fix="ALTER TABLE t ALTER c SET DEFAULT 0", loses="the gifts")
    shown = comparison(a_comparison(found))
    for part in (found.code, found.object, found.fix, "the gifts", "L1, L3", found.statement):
        assert part is not None
        assert part in shown


def test_gaps_and_blind_spots_are_shown() -> None:
    """What was not looked at looks as if it had been."""
    shown = comparison(
        a_comparison(coverage=a_coverage(0.5, gaps=("b.sql is binary",)), unseen=("L3: no server",))
    )
    assert "Workload known: 50%" in shown
    assert "b.sql is binary" in shown
    assert "L3: no server" in shown


def test_many_harmless_changes_are_counted() -> None:
    """The one line that matters is far below a thousand that do not."""
    many = [a_schema_finding(SchemaVerdict.SAFE, object_=f"t{n}") for n in range(60)]
    shown = comparison(a_comparison(*many))
    assert "and 40 more" in shown
    assert len(json.loads(comparison_document(a_comparison(*many)))["findings"]) == 60


def test_the_document_holds_everything() -> None:
    """A program has to read prose."""
    found = a_schema_finding()
    document = json.loads(comparison_document(a_comparison(found, unseen=("x",))))
    assert document["schema"] == "smartspec.schema-comparison/1"
    assert (document["verdict"], document["exit_code"], document["coverage"]) == ("breaking", 1, 1)
    assert document["findings"][0]["code"] == found.code
    assert document["findings"][0]["statement"] == found.statement
    assert document["findings"][0]["layers"] == ["L1", "L3"]
    assert document["unseen"] == ["x"]


@given(hostile_text())
def test_hostile_names_stay_text(text: str) -> None:
    """A table's name adds a heading, a passed mark or a link to the page."""
    found = a_schema_finding(object_=text, summary=text, statement=text, fix=text, loses=text)
    told = a_comparison(found, reason=text, unseen=(text,), coverage=a_coverage(gaps=(text,)))
    plain = comparison(
        a_comparison(
            a_schema_finding(fix="x", loses="x"), unseen=("x",), coverage=a_coverage(gaps=("x",))
        )
    )
    assert len(comparison(told).split("\n")) == len(plain.split("\n"))
    assert comparison(told).count("\n## ") == plain.count("\n## ")
    assert json.loads(comparison_document(told))["reason"] == text
