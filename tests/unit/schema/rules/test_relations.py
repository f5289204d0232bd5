"""Tables added, dropped, renamed, moved, split, or replaced by a view."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    SAFE,
    UNKNOWN,
    compiled,
    delete,
    insert,
    judge,
    one,
    opaque,
    select,
    use,
    verdicts,
)

from smartspec_rollback.domain.catalog import RelationKind
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.testing.schema_samples import catalog, column, statement, table, view

ID, A, B = column("id", "integer", nullable=False), column("a"), column("b")
ITEMS = table("items", ID, A, B)
OTHER = table("other", ID)
OLD = catalog(ITEMS, OTHER)
USE_OTHER = select("id", relation="public.other")
READ = select("a")


@pytest.mark.parametrize(
    ("statements", "expected"),
    [((READ, USE_OTHER), BREAKING), ((USE_OTHER,), UNKNOWN)],
)
def test_a_dropped_table_breaks_where_it_is_used_and_is_unknown_where_too_little_is_known(
    statements: tuple[Statement, ...], expected: SchemaVerdict
) -> None:
    """No known statement uses half of the tables: that silence is no proof."""
    found = judge(OLD, catalog(OTHER), *statements)
    assert verdicts(found)["table-dropped", "public.items"] is expected
    assert found.verdict is expected


def test_a_dropped_table_nobody_uses_is_safe_unless_something_unread_names_it() -> None:
    """Ten tables are known to be used; a text nobody understood may use the eleventh."""
    many = [table(f"t{n}", ID) for n in range(20)]
    known = [select("id", relation=f"public.t{n}") for n in range(20)]
    old, new = catalog(*many, ITEMS), catalog(*many)
    assert judge(old, new, *known).verdict is SAFE
    assert judge(old, new, *known, opaque("CALL sweep('items')")).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("statements", "facts", "expected"),
    [
        ((READ,), {"same_database": True}, ATTENTION),
        ((READ,), {}, SAFE),
        ((READ, delete()), {"same_database": True}, SAFE),
    ],
)
def test_rows_that_are_gone_are_missed_by_who_does_not_delete_them(
    statements: tuple[Statement, ...], facts: dict[str, Any], expected: SchemaVerdict
) -> None:
    """Somebody emptied a table of settings by hand, and both catalogs are the same."""
    held = catalog(replace(ITEMS, empty=False), OTHER)
    gone = catalog(replace(ITEMS, empty=True), OTHER)
    assert judge(held, gone, USE_OTHER, *statements, **facts).verdict is expected


def test_an_added_table_is_safe_whatever_is_known_and_its_rows_are_lost_by_reversing() -> None:
    """A new table is what most releases bring: alarms there would teach people to look away."""
    asked = Question(kind=QuestionKind.ROWS, relation="public.fresh")
    found = judge(OLD, catalog(ITEMS, OTHER, table("fresh", ID)), answers={asked: 3})
    assert found.verdict is SAFE
    assert one(found, "table-added").loses == "3 rows"


def test_an_added_table_that_takes_the_place_of_another_in_the_search_path_breaks() -> None:
    """Unqualified names would silently mean the new, empty table."""
    path = {"search_path": ("app", "public")}
    old = catalog(ITEMS, **path)
    new = catalog(ITEMS, table("app.items", ID, A, B), **path)
    assert one(judge(old, new, READ), "table-added").verdict is BREAKING
    named = statement("SELECT a FROM public.items", use(reads=("a",)))
    assert one(judge(old, new, named), "table-added").verdict is SAFE


def test_a_renamed_table_is_one_finding_with_its_new_name_and_a_view_as_the_way_out() -> None:
    """It would be told as a loss of all rows and a new table."""
    new = catalog(table("goods", ID, A, B), OTHER)
    found = judge(OLD, new, READ, USE_OTHER)
    assert [(f.code, f.verdict) for f in found.findings] == [("renamed", BREAKING)]
    assert "CREATE VIEW" in found.findings[0].fix


def test_a_moved_table_is_safe_where_the_search_path_finds_it() -> None:
    """Statements without a schema work on, those with the old schema do not."""
    old = catalog(ITEMS, search_path=("public", "shop"))
    new = catalog(table("shop.items", ID, A, B), search_path=("public", "shop"))
    assert one(judge(old, new, READ), "schema-moved").verdict is SAFE
    named = statement("SELECT a FROM public.items", use(reads=("a",)))
    assert one(judge(old, new, named), "schema-moved").verdict is BREAKING
    away = catalog(table("shop.items", ID, A, B))
    assert one(judge(OLD, away, READ, USE_OTHER), "schema-moved").verdict is BREAKING


@pytest.mark.parametrize(
    ("updatable", "columns", "expected"),
    [(True, (ID, A, B), SAFE), (False, (ID, A, B), BREAKING), (True, (ID, B), BREAKING)],
)
def test_a_table_behind_a_view_is_judged_by_what_the_view_does(
    *, updatable: bool, columns: tuple[object, ...], expected: SchemaVerdict
) -> None:
    """The careful way to rename must stay safe, and only as long as the view does it all."""
    new = catalog(
        table("goods", ID, A, B),
        view("items", "SELECT id, a, b FROM goods", *columns, updatable=updatable),  # type: ignore[arg-type] # columns, from a parameter set
        OTHER,
    )
    found = judge(OLD, new, insert("id", "a"), USE_OTHER)
    assert verdicts(found)["renamed-behind-view", "public.items"] is expected


def test_what_was_added_to_the_table_behind_a_view_still_counts() -> None:
    """Inserts through the view would fail on a column that the view hides."""
    new = catalog(
        table("goods", ID, A, B, column("c", nullable=False)),
        view("items", "SELECT id, a, b FROM goods", ID, A, B),
        OTHER,
    )
    found = judge(OLD, new, insert("id", "a"), USE_OTHER)
    assert one(found, "column-added-required").verdict is BREAKING


def test_a_table_split_over_two_is_told_as_such() -> None:
    """The finding would not say where the columns are now."""
    new = catalog(table("heads", ID, A), table("tails", ID, B), OTHER)
    found = judge(catalog(table("items", ID, A, B), OTHER), new, READ, USE_OTHER)
    assert one(found, "split").verdict is BREAKING


def test_a_statement_that_compiles_because_another_table_has_the_name_still_breaks() -> None:
    """The old version would read another tenant's table without any error."""
    path = {"search_path": ("tenant", "public")}
    old = catalog(table("tenant.items", ID, A), table("items", ID, A), **path)
    mine = statement("SELECT a FROM items", use("tenant.items", reads=("a",)))
    found = judge(old, catalog(ITEMS, **path), mine, trials=compiled(mine))
    assert one(found, "table-dropped").verdict is BREAKING


def test_migration_tools_tables_and_partitions_are_not_judged_as_tables() -> None:
    """Every release writes to them, and every month has a new partition."""
    part = table("items_1", ID, partition_of="public.items", partition_bound="DEFAULT")
    old = catalog(ITEMS, table("schema_migrations", column("version")), part)
    assert judge(old, catalog(ITEMS, part), READ).findings == ()


def test_a_table_made_anew_without_its_rows_breaks_who_reads_it() -> None:
    """A table recreated as partitioned has the same columns, and nothing in it."""
    old = catalog(table("items", ID, A, empty=False))
    anew = table("items", ID, A, empty=True, kind=RelationKind.PARTITIONED)
    assert one(judge(old, catalog(anew), READ), "rows-deleted").verdict is BREAKING


def test_a_table_that_became_a_view_of_others_is_looked_at_by_who_writes_it() -> None:
    """What is written through it meets the constraints of tables nobody compared."""
    new = catalog(view("items", "SELECT id, a, b FROM other", ID, A, B), OTHER)
    found = judge(OLD, new, insert("id", "a"), USE_OTHER)
    assert verdicts(found)["renamed-behind-view", "public.items"] is ATTENTION
