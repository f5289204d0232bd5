"""Generated columns, partitions, collations, comments, and what migrations did to rows."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Function, Relation, RelationKind
from smartspec_rollback.domain.migration import Effect, EffectKind
from smartspec_rollback.domain.workload import Call, Statement, Trial, Use
from smartspec_rollback.schema.rules import (
    collations,
    comments,
    generated,
    migrations,
    partitions,
)
from smartspec_rollback.testing.schema_samples import (
    case,
    catalog,
    column,
    said,
    statement,
    table,
)

ID, NAME = column("id", "integer"), column("name")
READS = statement("SELECT name FROM items", Use(relation="public.items", returns=("name",)))
INSERTS = statement(
    "INSERT INTO items (id, name) VALUES ($1, $2)",
    Use(relation="public.items", inserts=True, inserted=("id", "name")),
)
BLIND = statement(
    "INSERT INTO items VALUES ($1, $2)",
    Use(relation="public.items", inserts=True, inserted=None),
)
BRIEF = statement(
    "INSERT INTO items (id) VALUES ($1)",
    Use(relation="public.items", inserts=True, inserted=("id",)),
)
ELSEWHERE = statement("SELECT 1")
OPAQUE = statement("SHUFFLE items BY name", uses=None)
OBJECT = "public.items.name"


def items(**name: Any) -> Relation:
    """Make the table, with facts of its column ``name``."""
    return table("items", ID, column("name", **name))


@pytest.mark.parametrize(
    ("old", "new", "asked", "facts", "expected"),
    [
        ({}, {"generated": "id"}, INSERTS, {}, {("column-generated", OBJECT): "breaking"}),
        ({}, {"generated": "id"}, BLIND, {}, {("column-generated", OBJECT): "breaking"}),
        (
            {},
            {"generated": "id"},
            INSERTS,
            {"trials": (Trial(statement=INSERTS.id, worked=True),)},
            {("column-generated", OBJECT): "safe"},
        ),
        ({}, {"generated": "id"}, READS, {}, {("column-generated", OBJECT): "safe"}),
        ({}, {"generated": "id"}, OPAQUE, {}, {("column-generated", OBJECT): "unknown"}),
        (
            {"identity": "by default"},
            {"identity": "always"},
            INSERTS,
            {},
            {("identity-always", OBJECT): "breaking"},
        ),
        ({"identity": "always"}, {"identity": "always"}, INSERTS, {}, {}),
        ({"identity": "always"}, {"identity": "by default"}, INSERTS, {}, {}),
        (
            {"generated": "id"},
            {"generated": "id * 2"},
            READS,
            {},
            {("column-generated", OBJECT): "attention"},
        ),
        ({"generated": "id"}, {}, READS, {}, {("default-dropped", OBJECT): "attention"}),
        (
            {"generated": "id"},
            {"nullable": False},
            BRIEF,
            {},
            {("default-dropped", OBJECT): "breaking"},
        ),
        ({"generated": "id"}, {}, ELSEWHERE, {}, {("default-dropped", OBJECT): "safe"}),
    ],
)
def test_computed_columns(
    old: dict[str, Any],
    new: dict[str, Any],
    asked: Statement,
    facts: dict[str, Any],
    expected: dict[tuple[str, str], str],
) -> None:
    """A column that takes no values refuses every write that gives one."""
    built = case(catalog(items(**old)), catalog(items(**new)), asked, **facts)
    assert said(generated.findings(built)) == expected


@pytest.mark.parametrize(
    ("asked", "share", "expected"),
    [(READS, 1.0, "attention"), (ELSEWHERE, 1.0, "safe"), (ELSEWHERE, 0.3, "unknown")],
)
def test_collations(asked: Statement, share: float, expected: str) -> None:
    """Order and equality change without any error."""
    built = case(catalog(items()), catalog(items(own_collation="C")), asked, share=share)
    assert said(collations.findings(built)) == {("collation-changed", OBJECT): expected}


def test_comments_are_safe_whatever_is_known() -> None:
    """A false alarm about a comment would be the silliest."""
    built = case(catalog(items()), catalog(items(comment="x")), OPAQUE, share=0.0)
    assert said(comments.findings(built)) == {("comment-changed", "public.items"): "safe"}


def partitioned(*bounds: str, key: str = "LIST (id)") -> tuple[Relation, ...]:
    """Make the table cut by a key, with a partition for each bound."""
    parent = table("items", ID, NAME, kind=RelationKind.PARTITIONED, partition_key=key)
    parts = (
        table(
            "part_" + "_".join(re.findall(r"\d+", bound)),
            ID,
            NAME,
            partition_of="public.items",
            partition_bound=bound,
        )
        for bound in bounds
    )
    return (parent, *parts)


ONE, TWO, BOTH = (f"FOR VALUES IN ({each})" for each in ("1", "2", "1, 2"))
WHOLE = (items(),)


@pytest.mark.parametrize(
    ("old", "new", "asked", "expected"),
    [
        pytest.param(WHOLE, partitioned(), INSERTS, "breaking", id="no partition"),
        pytest.param(WHOLE, partitioned(), READS, "safe", id="no partition, only read"),
        pytest.param(WHOLE, partitioned(), OPAQUE, "unknown", id="no partition, hidden"),
        pytest.param(WHOLE, partitioned("DEFAULT"), INSERTS, "safe", id="default"),
        pytest.param(WHOLE, partitioned(ONE), INSERTS, "attention", id="some keys"),
        pytest.param(partitioned(ONE), partitioned(ONE), INSERTS, None, id="the same"),
        pytest.param(partitioned(ONE), partitioned(BOTH), INSERTS, "safe", id="more"),
        pytest.param(partitioned(ONE, TWO), partitioned(ONE), INSERTS, "breaking", id="dropped"),
        pytest.param(partitioned(ONE, TWO), partitioned(ONE), ELSEWHERE, "safe", id="unused"),
        pytest.param(
            partitioned(ONE, TWO), partitioned(ONE, "DEFAULT"), READS, "attention", id="rows gone"
        ),
        pytest.param(
            partitioned(ONE), partitioned(ONE, key="RANGE (id)"), INSERTS, "attention", id="key"
        ),
        pytest.param(partitioned("DEFAULT"), WHOLE, INSERTS, None, id="one table again"),
    ],
)
def test_partitions(
    old: tuple[Relation, ...], new: tuple[Relation, ...], asked: Statement, expected: str | None
) -> None:
    """A key without a partition is refused."""
    found = said(partitions.findings(case(catalog(*old), catalog(*new), asked)))
    wanted = {("partition-missing", "public.items"): expected}
    assert {k: v for k, v in found.items() if k[0] != "table-dropped"} == (
        {} if expected is None else wanted
    )


def test_a_partition_used_by_name_is_missed() -> None:
    """Partitions are no tables for the other rules."""
    (parent, part) = partitioned(ONE)
    asked = statement("SELECT id FROM part", Use(relation=part.qualified, returns=("id",)))
    built = case(catalog(parent, part), catalog(parent), asked)
    assert said(partitions.findings(built))["table-dropped", part.qualified] == "breaking"


def effect(kind: EffectKind, text: str, *columns: str, relation: str = "items") -> Effect:
    """Make what a migration does."""
    return Effect(kind=kind, relation=relation, columns=columns, text=text, source="1.sql:1")


def schema_effect(action: str, relation: str, to: str | None = None) -> Effect:
    """Say what a migration does to the schema."""
    return Effect(
        kind=EffectKind.SCHEMA, relation=relation, action=action, to=to, text="…", source="1.sql:1"
    )


BACKFILL, DELETE = EffectKind.BACKFILL, EffectKind.DELETE
UPPER = effect(BACKFILL, "UPDATE items SET name = upper(name)", "name")
FILL = effect(BACKFILL, "UPDATE items SET name = '' WHERE name IS NULL", "name")
FILL_MORE = effect(BACKFILL, "UPDATE items SET name = '' WHERE name IS NULL OR id > 5", "name")
CLEAR = effect(DELETE, "DELETE FROM items WHERE id < 5")


@pytest.mark.parametrize(
    ("done", "now", "asked", "expected"),
    [
        (UPPER, {}, READS, {("data-reformatted", OBJECT): "attention"}),
        (UPPER, {}, BRIEF, {("data-reformatted", OBJECT): "safe"}),
        (UPPER, {}, OPAQUE, {("data-reformatted", OBJECT): "unknown"}),
        (FILL, {"nullable": False}, READS, {}),
        (FILL, {}, READS, {("data-reformatted", OBJECT): "attention"}),
        (FILL_MORE, {"nullable": False}, READS, {("data-reformatted", OBJECT): "attention"}),
        (effect(BACKFILL, "UPDATE items SET fresh = 1", "fresh"), {}, READS, {}),
        (effect(BACKFILL, "UPDATE fresh SET a = 1", "a", relation="fresh"), {}, READS, {}),
        (CLEAR, {}, READS, {("rows-deleted", "public.items"): "attention"}),
        (CLEAR, {}, BRIEF, {("rows-deleted", "public.items"): "safe"}),
        (effect(EffectKind.INSERT, "INSERT INTO items …"), {}, READS, {}),
        (effect(EffectKind.UNPARSED, "???"), {}, READS, {}),
    ],
)
def test_what_migrations_did_to_rows(
    done: Effect, now: dict[str, Any], asked: Statement, expected: dict[tuple[str, str], str]
) -> None:
    """No catalog shows that values were rewritten or rows deleted."""
    built = case(catalog(items()), catalog(items(**now)), asked, effects=(done,))
    assert said(migrations.findings(built)) == expected


def test_who_reads_by_a_function_misses_rows_too() -> None:
    """A table that only functions name is taken for unused, and its rows for nobody's."""
    counts = Function(
        schema="public",
        name="counted",
        kind="function",
        arguments=(),
        definition="SELECT count(*) FROM items",
    )
    schema = catalog(items(), functions=(counts,))
    asked = statement("SELECT counted()", functions=(Call(name="counted", arguments=0),))
    found = said(migrations.findings(case(schema, schema, asked, effects=(CLEAR,))))
    assert found == {("rows-deleted", "public.items"): "attention"}


@pytest.mark.parametrize("done", [UPPER, CLEAR])
def test_rows_there_never_were_are_not_missed(done: Effect) -> None:
    """Every migration of a table nobody has used yet would be something to look at."""
    empty, filled = replace(items(), empty=True), replace(items(), empty=False)
    never = case(catalog(empty), catalog(empty), READS, effects=(done,))
    assert said(migrations.findings(never)) == {}
    elsewhere = case(catalog(filled), catalog(empty), READS, effects=(done,))
    assert set(said(migrations.findings(elsewhere)).values()) == {"attention"}


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ((schema_effect("drop table", "items"),), "attention"),
        ((schema_effect("rename table", "items", to="old"),), "attention"),
        (
            (
                effect(
                    EffectKind.INSERT,
                    "INSERT INTO fresh SELECT id FROM items",
                    "id",
                    relation="fresh",
                ),
                schema_effect("drop table", "items"),
                schema_effect("rename table", "fresh", to="items"),
            ),
            None,
        ),
        (
            (
                effect(
                    EffectKind.INSERT,
                    "INSERT INTO fresh SELECT * FROM items WHERE id > 5",
                    relation="fresh",
                ),
                schema_effect("drop table", "items"),
                schema_effect("rename table", "fresh", to="items"),
            ),
            "attention",
        ),
    ],
)
def test_a_table_made_anew_has_the_rows_that_were_copied(
    done: tuple[Effect, ...], expected: str | None
) -> None:
    """Two catalogs show the same table, and nobody sees that its rows are gone."""
    built = case(catalog(items()), catalog(items()), READS, effects=done)
    assert said(migrations.findings(built)).get(("rows-deleted", "public.items")) == expected


def test_what_was_not_read_is_told_once() -> None:
    """What nobody could read must be shown, or silence looks like safety."""
    lost = effect(EffectKind.UNPARSED, "DO  $$\n…")
    assert migrations.unread((lost, lost, CLEAR)) == ("not read: 1.sql:1: DO $$ …",)
