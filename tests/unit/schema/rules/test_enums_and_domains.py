"""Enum labels and domains: what rows hold, what the old version sends, what nobody minds."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from smartspec_rollback.domain.catalog import DefinedType, TypeKind
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.rules import domains, enums
from smartspec_rollback.testing.schema_samples import (
    case,
    catalog,
    column,
    said,
    statement,
    table,
)

ITEMS = table("items", column("id", "integer"), column("mood", "public.mood"))
EMPTY = table("items", *ITEMS.columns, empty=True)
READS = statement("SELECT mood FROM items", Use(relation="public.items", returns=("mood",)))
FILTERS = statement(
    "SELECT id FROM items WHERE mood = $1",
    Use(relation="public.items", reads=("mood",), returns=("id",)),
)
OTHER = statement("SELECT id FROM items", Use(relation="public.items", returns=("id",)))
SENDS = statement(
    "INSERT INTO items (mood) VALUES ($1)",
    Use(relation="public.items", inserts=True, inserted=("mood",)),
)
SENDS_LOW = statement(
    "INSERT INTO items (mood) VALUES ('low')",
    Use(
        relation="public.items",
        inserts=True,
        inserted=("mood",),
        not_nulls=("mood",),
        literals=(("mood", "low"),),
    ),
)
OPAQUE = statement("SELECT mood FROM items FOR REASONS", uses=None)
LABELS = Question(
    kind=QuestionKind.OTHER_LABELS,
    relation="public.items",
    columns=("mood",),
    arguments=("low", "up"),
)


def mood(*labels: str) -> DefinedType:
    """Make the enum."""
    return DefinedType(schema="public", name="mood", kind=TypeKind.ENUM, labels=labels)


@dataclass(frozen=True)
class Labels:
    """One change of the labels and what is to be said of it."""

    name: str
    now: tuple[str, ...]
    statements: tuple[Statement, ...]
    expected: dict[tuple[str, str], str]
    facts: dict[str, Any] = field(default_factory=dict)
    table_now: Any = ITEMS


ADDED, WRITTEN, GONE = "enum-value-added", "enum-value-written", "enum-value-dropped"
TYPE, COLUMN = "public.mood", "public.items.mood"
MORE = ("low", "mid", "up")

CASES = (
    Labels("the same", ("low", "up"), (READS,), {}),
    Labels("not counted", MORE, (READS,), {(ADDED, COLUMN): "attention"}),
    Labels("table empty", MORE, (READS,), {(ADDED, TYPE): "safe"}, table_now=EMPTY),
    Labels("no rows", MORE, (READS,), {(ADDED, TYPE): "safe"}, {"answers": {LABELS: 0}}),
    Labels("rows", MORE, (READS,), {(WRITTEN, COLUMN): "breaking"}, {"answers": {LABELS: 3}}),
    Labels(
        "only compared",
        MORE,
        (FILTERS,),
        {(WRITTEN, COLUMN): "attention"},
        {"answers": {LABELS: 3}},
    ),
    Labels("not read", MORE, (OTHER,), {(WRITTEN, COLUMN): "safe"}, {"answers": {LABELS: 3}}),
    Labels(
        "little known",
        MORE,
        (OTHER,),
        {(WRITTEN, COLUMN): "unknown"},
        {"answers": {LABELS: 3}, "share": 0.5},
    ),
    Labels("hidden", MORE, (OTHER, OPAQUE), {(ADDED, COLUMN): "unknown"}),
    Labels("dropped, a parameter", ("low",), (SENDS,), {(GONE, TYPE): "breaking"}),
    Labels("dropped, its literal", ("up",), (SENDS_LOW,), {(GONE, TYPE): "breaking"}),
    Labels("dropped, another literal", ("low",), (SENDS_LOW,), {(GONE, TYPE): "safe"}),
    Labels("dropped, read", ("low",), (READS,), {(GONE, TYPE): "attention"}),
    Labels("dropped, unused", ("low",), (OTHER,), {(GONE, TYPE): "safe"}),
    Labels("dropped, unknown", ("low",), (OTHER,), {(GONE, TYPE): "unknown"}, {"share": 0.1}),
    Labels(
        "renamed",
        ("low", "high"),
        (READS,),
        {(GONE, TYPE): "attention", (WRITTEN, COLUMN): "breaking"},
        {"answers": {LABELS: 1}},
    ),
    Labels("reordered", ("up", "low"), (FILTERS,), {("representation-changed", TYPE): "attention"}),
)


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_labels(each: Labels) -> None:
    """A label the old version cannot read would be called safe, or one nobody has an alarm."""
    facts = case(
        catalog(ITEMS, types=(mood("low", "up"),)),
        catalog(each.table_now, types=(mood(*each.now),)),
        *each.statements,
        **each.facts,
    )
    assert said(enums.findings(facts)) == each.expected


def test_a_dropped_label_comes_with_the_way_back() -> None:
    """Without the SQL people would have to write it in an incident."""
    facts = case(
        catalog(ITEMS, types=(mood("low", "up"),)), catalog(ITEMS, types=(mood("low"),)), SENDS
    )
    (finding,) = enums.findings(facts)
    assert finding.fix == "ALTER TYPE public.mood ADD VALUE IF NOT EXISTS 'up' AFTER 'low';"


def domain(**facts: Any) -> DefinedType:
    """Make the domain ``public.mood``."""
    known = {"schema": "public", "name": "mood", "kind": TypeKind.DOMAIN, "base": "text"}
    return DefinedType(**known | facts)


LONG = "CHECK ((length(VALUE) > 3))"
NULLS = statement(
    "INSERT INTO items (mood) VALUES (NULL)",
    Use(relation="public.items", inserts=True, inserted=("mood",), nulls=("mood",)),
)
VIOLATIONS = Question(
    kind=QuestionKind.VIOLATIONS,
    relation="public.items",
    columns=("mood",),
    arguments=("(length(mood) > 3)",),
)


@pytest.mark.parametrize(
    ("was", "now", "asked", "facts", "expected"),
    [
        pytest.param({}, {}, SENDS, {}, None, id="the same"),
        pytest.param({}, {"checks": (LONG,)}, SENDS, {}, "attention", id="check, written"),
        pytest.param({}, {"checks": (LONG,)}, READS, {}, "safe", id="check, only read"),
        pytest.param({}, {"checks": (LONG,)}, OTHER, {"share": 0.2}, "unknown", id="unknown"),
        pytest.param({}, {"nullable": False}, NULLS, {}, "breaking", id="NULL written"),
        pytest.param({}, {"nullable": False}, SENDS, {}, "attention", id="NULL perhaps"),
        pytest.param({"checks": (LONG,)}, {}, READS, {}, "attention", id="loosened, read"),
        pytest.param(
            {"checks": (LONG,)},
            {},
            READS,
            {"answers": {VIOLATIONS: 0}},
            "safe",
            id="loosened, no row uses it",
        ),
        pytest.param({"base": "integer"}, {"base": "bigint"}, READS, {}, "attention", id="wider"),
        pytest.param({"base": "integer"}, {}, READS, {}, "breaking", id="another base"),
        pytest.param(
            {"default": "'a'", "nullable": False},
            {"nullable": False},
            statement(
                "INSERT INTO items (id) VALUES (1)",
                Use(relation="public.items", inserts=True, inserted=("id",)),
            ),
            {},
            "breaking",
            id="default dropped",
        ),
    ],
)
def test_domains(
    was: dict[str, Any],
    now: dict[str, Any],
    asked: Statement,
    facts: dict[str, Any],
    expected: str | None,
) -> None:
    """A domain is the one demand on values that no column shows."""
    built = case(
        catalog(ITEMS, types=(domain(**was),)),
        catalog(ITEMS, types=(domain(**now),)),
        asked,
        **facts,
    )
    wanted = {} if expected is None else {("domain-changed", TYPE): expected}
    assert said(domains.findings(built)) == wanted
