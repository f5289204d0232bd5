"""Statements that handle whole rows, and what numbers, keys and partitions do behind a name."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    SAFE,
    UNKNOWN,
    insert,
    judge,
    one,
    select,
    update,
    use,
    verdicts,
)

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    DefinedType,
    Function,
    Grant,
    Relation,
    RelationKind,
    Sequence,
    TypeKind,
)
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import ResultColumn, Statement, Trial
from smartspec_rollback.testing.schema_samples import catalog, column, statement, table

ID = column("id", "integer", nullable=False)
NAME = column("name")
ROWS = statement(
    "SELECT row_to_json(i) FROM items i",
    use(reads=("id", "name"), star=True),
    results=(ResultColumn(name="row_to_json", type="json"),),
)
WRITE = insert("name")


def items(*columns: Column, **facts: Any) -> Catalog:
    """Make a schema of one table."""
    return catalog(table("items", *columns), **facts)


def compiled(each: Statement) -> dict[str, Any]:
    """Say that a statement compiles on the new schema."""
    return {"trials": (Trial(statement=each.id, worked=True),)}


def test_a_column_gone_from_whole_rows_is_no_safe_change_though_they_still_compile() -> None:
    """JSON made of a row would lose a key, and the statement would pass for working."""
    found = judge(items(ID, NAME), items(ID), ROWS, **compiled(ROWS))
    assert one(found, "column-dropped").verdict is ATTENTION


def test_a_column_added_to_whole_rows_is_to_be_looked_at() -> None:
    """JSON made of a row gains a key, and a row as text has one field more."""
    found = judge(items(ID, NAME), items(ID, NAME, column("note")), ROWS, **compiled(ROWS))
    assert one(found, "column-added").verdict is ATTENTION


def test_a_column_takes_the_place_of_a_function_of_the_row() -> None:
    """``i.title`` would go on compiling and mean the new column."""
    title = Function(
        schema="public", name="title", kind="function", arguments=("public.items",), returns="text"
    )
    asks = statement("SELECT i.title FROM items i", use(reads=("id", "name"), star=True))
    found = judge(
        items(ID, NAME, functions=(title,)),
        items(ID, NAME, column("title"), functions=(title,)),
        asks,
    )
    assert one(found, "column-added").verdict is ATTENTION


def test_rows_made_from_json_lack_a_new_column_whatever_its_default() -> None:
    """``jsonb_populate_record`` gives NULL for what is not in the JSON, and no default."""
    text = "INSERT INTO items SELECT * FROM jsonb_populate_record(NULL::items, $1)"
    makes = statement(text, use(inserts=True, inserted=("id", "name")))
    rank = column("rank", "integer", nullable=False, default="0")
    found = judge(items(ID, NAME), items(ID, NAME, rank), makes)
    assert one(found, "column-added-with-default").verdict is ATTENTION


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("lower(name)", ATTENTION),
        ("lower(COALESCE(name, ''::text))", SAFE),
        ("(id * 2)", SAFE),
        ("NULLIF(id, 0)", ATTENTION),
    ],
)
def test_a_computed_column_that_must_have_a_value_needs_one_from_its_expression(
    expression: str, expected: SchemaVerdict
) -> None:
    """An insert that leaves its source empty would be refused after a comparison said safe."""
    computed = column("made", nullable=False, generated=expression)
    found = judge(items(ID, NAME), items(ID, NAME, computed), WRITE)
    assert one(found, "column-added-with-default").verdict is expected


def keyed(*, deferrable: bool) -> Catalog:
    """Make a schema with a key on ``name``."""
    key = Constraint(
        name="u",
        kind=ConstraintKind.UNIQUE,
        columns=("name",),
        definition="UNIQUE (name)" + " DEFERRABLE" * deferrable,
        deferrable=deferrable,
    )
    return catalog(table("items", ID, NAME, constraints=(key,)))


UPSERT = insert("id", "name", arbiter=("name",))


@pytest.mark.parametrize(
    ("was", "is_now", "asks", "expected"),
    [
        (False, True, UPSERT, BREAKING),
        (False, True, WRITE, None),
        (True, False, update("name"), ATTENTION),
        (True, False, select("name"), None),
    ],
)
def test_on_conflict_takes_no_deferrable_key(
    was: bool,  # noqa: FBT001 - a parameter of the table above
    is_now: bool,  # noqa: FBT001 - a parameter of the table above
    asks: Statement,
    expected: SchemaVerdict | None,
) -> None:
    """The server compiles such a statement and refuses every execution of it."""
    found = judge(keyed(deferrable=was), keyed(deferrable=is_now), asks, **compiled(asks))
    assert verdicts(found).get(("unique-dropped", "public.items.u")) is expected


def numbered(*, identity: bool, owned_by: str | None = "public.items.id") -> Catalog:
    """Make a schema whose ``id`` takes its numbers from a sequence."""
    number = Sequence(
        schema="public", name="items_id_seq", type="integer", owned_by=owned_by, identity=identity
    )
    given = {"identity": "by default"} if identity else {"default": "nextval('items_id_seq')"}
    made = column("id", "integer", nullable=False, **given)
    return catalog(table("items", made, NAME), sequences=(number,))


def test_an_identity_in_place_of_a_serial_may_start_again() -> None:
    """Without setval the next insert of the old version meets a key that is there."""
    found = judge(numbered(identity=False), numbered(identity=True), WRITE)
    assert verdicts(found)["sequence-changed", "public.items.id"] is ATTENTION


@pytest.mark.parametrize(("rows", "expected"), [(0, SAFE), (3, ATTENTION), (None, ATTENTION)])
def test_an_identity_that_starts_beyond_every_row_goes_on(
    rows: int | None, expected: SchemaVerdict
) -> None:
    """Somebody who chose the start well would be told to look; who chose it too low would not."""
    old, new = numbered(identity=False), numbered(identity=True)
    said = "CREATE SEQUENCE items_id_seq START WITH 100 INCREMENT BY 1"
    new = replace(new, sequences=tuple(replace(s, definition=said) for s in new.sequences))
    asked = Question(
        kind=QuestionKind.OUTSIDE,
        relation="public.items",
        columns=("id",),
        arguments=(str(-(2**63)), "99"),
    )
    assert judge(old, new, WRITE, answers={asked: rows}).verdict is expected


def test_a_sequence_that_goes_on_is_nothing_to_look_at() -> None:
    """Every table with a serial column would be called changed."""
    assert judge(numbered(identity=False), numbered(identity=False), WRITE).verdict is SAFE


def test_a_sequence_taken_from_its_column_is_not_found_by_it() -> None:
    """``pg_get_serial_sequence`` gives NULL then, and so does nextval of it."""
    asks = statement("SELECT nextval(pg_get_serial_sequence('items', 'id'))")
    found = judge(numbered(identity=False), numbered(identity=False, owned_by=None), asks)
    assert verdicts(found)["sequence-changed", "public.items_id_seq"] is ATTENTION


def test_an_insert_that_overrides_an_identity_needs_one() -> None:
    """``OVERRIDING USER VALUE`` is taken without complaint, and the value is kept."""
    text = "INSERT INTO items (id, name) OVERRIDING USER VALUE VALUES ($1, $2)"
    asks = statement(text, use(inserts=True, inserted=("id", "name")))
    found = judge(numbered(identity=True), numbered(identity=False), asks)
    assert verdicts(found)["identity-always", "public.items.id"] is ATTENTION


def test_a_statement_that_lists_labels_sees_new_ones_without_a_row() -> None:
    """``enum_range`` gives labels that no row holds."""
    old, new = (
        DefinedType(schema="public", name="mood", kind=TypeKind.ENUM, labels=labels)
        for labels in (("sad",), ("sad", "ok"))
    )
    asks = statement("SELECT enum_range(NULL::mood)")
    found = judge(catalog(types=(old,)), catalog(types=(new,)), asks)
    assert one(found, "enum-value-added").verdict is ATTENTION


@pytest.mark.parametrize(("demand", "expected"), [("CHECK ((id > 5))", ATTENTION), ("", SAFE)])
def test_a_new_partition_may_demand_more_than_the_whole(
    demand: str, expected: SchemaVerdict
) -> None:
    """Rows that the default partition took go to the new one, which refuses them."""
    whole = table("items", ID, NAME, kind=RelationKind.PARTITIONED, partition_key="LIST (id)")

    def part(name: str, bound: str, check: str = "") -> Relation:
        guard = Constraint(name="c", kind=ConstraintKind.CHECK, columns=("id",), definition=check)
        return table(
            name,
            ID,
            NAME,
            partition_of="public.items",
            partition_bound=bound,
            constraints=(guard,) if check else (),
        )

    rest = part("rest", "DEFAULT")
    found = judge(
        catalog(whole, rest),
        catalog(whole, rest, part("five", "FOR VALUES IN (5)", demand)),
        insert("id", "name"),
    )
    assert found.verdict is expected


def test_what_is_told_of_privileges_hides_no_other_difference() -> None:
    """A part made anew loses its grants too; that alone would be safe, its new check is not."""
    whole = table("items", ID, NAME, kind=RelationKind.PARTITIONED, partition_key="LIST (id)")
    mine = (Grant(grantee="app", privilege="SELECT"),)
    guard = Constraint(
        name="c", kind=ConstraintKind.CHECK, columns=("id",), definition="CHECK ((id > 5))"
    )
    place: dict[str, Any] = {"partition_of": "public.items", "partition_bound": "DEFAULT"}
    app: dict[str, Any] = {"role": "app", "member_of": ("app",)}
    found = judge(
        catalog(whole, table("rest", ID, NAME, grants=mine, **place), **app),
        catalog(whole, table("rest", ID, NAME, constraints=(guard,), **place), **app),
        insert("id", "name"),
    )
    assert verdicts(found)["not-comparable", "public.rest"] is UNKNOWN
