"""Keys and plain indexes added, dropped and renamed."""

from typing import Any

import pytest
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    SAFE,
    UNKNOWN,
    compiled,
    insert,
    judge,
    one,
    select,
    update,
    verdicts,
)

from smartspec_rollback.domain.catalog import (
    Catalog,
    Constraint,
    ConstraintKind,
    Index,
)
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.testing.schema_samples import catalog, column, table

READ = select("id", "sku")


def unique(
    *columns: str, name: str = "u", kind: ConstraintKind = ConstraintKind.UNIQUE
) -> Constraint:
    """Make a key as a constraint."""
    listed = ", ".join(columns)
    return Constraint(
        name=name, kind=kind, columns=columns, definition=f"{kind.upper()} ({listed})"
    )


def index(*columns: str, name: str = "i", predicate: str | None = None, uniq: bool = True) -> Index:
    """Make an index, unique unless told otherwise."""
    where = f" WHERE {predicate}" if predicate else ""
    word = "UNIQUE " if uniq else ""
    listed = ", ".join(columns)
    return Index(
        name=name,
        columns=columns,
        unique=uniq,
        definition=f"CREATE {word}INDEX {name} ON public.items USING btree ({listed}){where}",
        predicate=predicate,
    )


def holding(*guards: Constraint | Index, **facts: Any) -> Catalog:
    """Make a schema with these keys."""
    return catalog(
        table(
            "items",
            column("id", "integer", nullable=False),
            column("sku", **facts),
            column("day"),
            constraints=tuple(g for g in guards if isinstance(g, Constraint)),
            indexes=tuple(g for g in guards if isinstance(g, Index)),
        )
    )


KEY = unique("id", name="items_pkey", kind=ConstraintKind.PRIMARY_KEY)


@pytest.mark.parametrize(
    ("guard", "statements", "expected"),
    [
        (unique("sku"), (insert("id", "sku"),), ATTENTION),
        (unique("sku"), (update("sku"),), ATTENTION),
        (unique("sku"), (update("day"),), SAFE),
        (unique("sku"), (insert("id"),), SAFE),
        (unique("sku"), (select("id"),), SAFE),
        (unique("id", "sku"), (insert("id", "sku"),), SAFE),
        (index("sku"), (insert("id", "sku"),), ATTENTION),
        (index("sku", predicate="(day IS NOT NULL)"), (insert("id", "sku"),), SAFE),
        (index("(lower(sku))"), (insert("id", "sku"),), ATTENTION),
        (unique("sku", kind=ConstraintKind.EXCLUDE), (insert("id", "sku"),), ATTENTION),
    ],
)
def test_an_added_key_is_weighed_by_the_rows_that_are_written(
    guard: Constraint | Index, statements: tuple[Statement, ...], expected: SchemaVerdict
) -> None:
    """A second row with the same value is refused now, and was not before."""
    found = judge(holding(KEY), holding(KEY, guard), *statements)
    assert one(found, "unique-added").verdict is expected


def test_a_key_on_a_constant_default_refuses_every_second_insert() -> None:
    """The old version gives each row the same default, so that only its first insert works."""
    found = judge(
        holding(KEY), holding(KEY, unique("sku"), nullable=False, default="''"), insert("id")
    )
    assert verdicts(found)["unique-added", "public.items.u"] is BREAKING


@pytest.mark.parametrize(
    ("arbiter", "by_name", "new", "expected"),
    [
        (("sku",), False, (), BREAKING),
        (("sku",), False, (index("sku"),), SAFE),
        (("sku",), False, (index("sku", predicate="(day IS NULL)"),), BREAKING),
        (("u",), True, (index("sku"),), BREAKING),
        (("u",), True, (unique("sku", name="renamed"),), BREAKING),
        (("sku",), False, (unique("sku", name="renamed"),), SAFE),
    ],
)
def test_the_key_that_on_conflict_names_is_needed(
    *,
    arbiter: tuple[str, ...],
    by_name: bool,
    new: tuple[Constraint | Index, ...],
    expected: SchemaVerdict,
) -> None:
    """Without it the statement does not even compile; under another name only sometimes."""
    upsert = insert("id", "sku", arbiter=arbiter, arbiter_constraint=by_name)
    old, after = holding(KEY, unique("sku")), holding(KEY, *new)
    assert judge(old, after, upsert).verdict is expected
    assert judge(old, after, upsert, trials=compiled(upsert)).verdict is not BREAKING


@pytest.mark.parametrize(
    ("duplicates", "statement", "expected"),
    [(0, READ, SAFE), (2, READ, ATTENTION), (None, READ, ATTENTION), (None, select("id"), SAFE)],
)
def test_a_dropped_key_is_weighed_by_the_duplicates_there_are(
    duplicates: int | None, statement: Statement, expected: SchemaVerdict
) -> None:
    """The old version looks one row up and finds two."""
    asked = Question(kind=QuestionKind.DUPLICATES, relation="public.items", columns=("sku",))
    found = judge(holding(KEY, unique("sku")), holding(KEY), statement, answers={asked: duplicates})
    assert one(found, "unique-dropped").verdict is expected


def test_a_primary_key_of_other_columns_is_one_matter_of_its_own() -> None:
    """It would be told as a new and a lost constraint under unrelated codes."""
    wider = unique("id", "sku", name="items_pkey", kind=ConstraintKind.PRIMARY_KEY)
    found = judge(holding(KEY), holding(wider), insert("id", "sku"))
    assert {each.code for each in found.findings} == {"primary-key-changed"}
    assert found.verdict is SAFE


def test_plain_indexes_are_safe_whatever_is_known_and_new_keys_are_not() -> None:
    """An index changes speed alone: to call it unknown would make every release unknown."""
    found = judge(holding(index("day", uniq=False)), holding(index("sku", name="j", uniq=False)))
    assert [each.code for each in found.findings] == ["index-changed", "index-changed"]
    assert found.verdict is SAFE
    assert judge(holding(), holding(unique("sku"))).verdict is UNKNOWN
