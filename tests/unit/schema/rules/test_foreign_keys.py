"""Foreign keys: who writes the referring rows, and who deletes those referred to."""

import pytest
from msgspec.structs import replace
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    SAFE,
    UNKNOWN,
    delete,
    insert,
    judge,
    one,
    select,
    update,
    verdicts,
)

from smartspec_rollback.domain.catalog import Catalog, Column, Constraint, ConstraintKind, Relation
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.testing.schema_samples import catalog, column, table

ID, OWNER = column("id", "integer", nullable=False), column("owner", "integer")
PEOPLE = table("people", ID)
GONE = delete("public.people")


def refers(on_delete: str = "no action", *, name: str = "fk", validated: bool = True) -> Constraint:
    """Make a foreign key to people."""
    return Constraint(
        name=name,
        kind=ConstraintKind.FOREIGN_KEY,
        columns=("owner",),
        definition=f"FOREIGN KEY (owner) REFERENCES public.people(id) ON DELETE {on_delete}",
        references="public.people",
        referenced_columns=("id",),
        on_delete=on_delete,
        validated=validated,
    )


def items(*keys: Constraint, columns: tuple[Column, ...] = (ID, OWNER)) -> Relation:
    """Make the referring table."""
    return table("items", *columns, constraints=keys)


INSERT = insert("id", "owner")


def holding(*keys: Constraint) -> Catalog:
    """Make the schema with these foreign keys."""
    return catalog(PEOPLE, items(*keys))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (insert("id", "owner"), ATTENTION),
        (update("owner"), ATTENTION),
        (insert("id"), SAFE),
        (update("id"), SAFE),
        (update("owner", nulls=("owner",)), SAFE),
    ],
)
def test_a_new_foreign_key_is_weighed_by_who_writes_its_columns(
    statement: Statement, expected: SchemaVerdict
) -> None:
    """A value that refers to nothing is refused now, and was not before."""
    found = judge(holding(), holding(refers()), statement, select("id", relation="public.people"))
    assert one(found, "foreign-key-added").verdict is expected


def test_orphans_under_a_key_not_yet_tried_show_that_the_old_version_breaks() -> None:
    """NOT VALID spares the orphans there are; the next one is refused."""
    asked = Question(
        kind=QuestionKind.ORPHANS,
        relation="public.items",
        columns=("owner",),
        arguments=("public.people", "id"),
    )
    found = judge(
        holding(), holding(refers(validated=False)), insert("id", "owner"), answers={asked: 1}
    )
    assert one(found, "foreign-key-added").verdict is BREAKING


@pytest.mark.parametrize(
    ("on_delete", "statements", "rows", "expected"),
    [
        ("no action", (GONE,), 4, BREAKING),
        ("restrict", (GONE,), None, BREAKING),
        ("no action", (GONE,), 0, SAFE),
        ("cascade", (GONE,), 4, None),
        ("set null", (GONE,), 4, None),
        ("no action", (select("id", relation="public.people"),), 4, None),
        ("no action", (), 4, UNKNOWN),
    ],
)
def test_a_new_table_may_refuse_deletes(
    on_delete: str,
    statements: tuple[Statement, ...],
    rows: int | None,
    expected: SchemaVerdict | None,
) -> None:
    """The old version deletes a person, and a table it has never heard of says no."""
    asked = Question(kind=QuestionKind.ROWS, relation="public.items")
    found = judge(
        catalog(PEOPLE),
        catalog(PEOPLE, items(refers(on_delete))),
        *statements,
        answers={asked: rows},
    )
    assert verdicts(found).get(("foreign-key-blocks-delete", "public.items.fk")) is expected


@pytest.mark.parametrize(
    ("was_empty", "is_empty", "expected"),
    [(True, True, SAFE), (False, False, SAFE), (False, True, ATTENTION)],
)
def test_that_nothing_refers_is_worth_something_in_the_same_database(
    was_empty: bool,  # noqa: FBT001 - a case of the table
    is_empty: bool,  # noqa: FBT001 - as above
    expected: SchemaVerdict,
) -> None:
    """A database made for a test is empty, which says nothing of the one in production."""
    found = judge(
        catalog(replace(PEOPLE, empty=was_empty)),
        catalog(replace(PEOPLE, empty=is_empty), replace(items(refers("no action")), empty=True)),
        GONE,
    )
    assert one(found, "foreign-key-blocks-delete").verdict is expected


@pytest.mark.parametrize(
    ("was", "now", "statements", "expected"),
    [
        ("no action", "set null", (GONE,), ("foreign-key-added", ATTENTION)),
        ("no action", "set null", (INSERT,), ("foreign-key-added", SAFE)),
        ("set null", "no action", (INSERT,), ("foreign-key-added", SAFE)),
        ("set null", "no action", (GONE,), ("foreign-key-blocks-delete", BREAKING)),
        ("no action", "restrict", (GONE,), ("foreign-key-added", ATTENTION)),
        ("no action", "restrict", (INSERT,), ("foreign-key-added", SAFE)),
        ("cascade", "set null", (INSERT,), ("foreign-key-added", SAFE)),
    ],
)
def test_another_action_concerns_those_who_delete(
    was: str, now: str, statements: tuple[Statement, ...], expected: tuple[str, SchemaVerdict]
) -> None:
    """What nobody deletes would be unknown for ever, or rows would vanish unseen."""
    people = select("id", relation="public.people")
    found = judge(holding(refers(was)), holding(refers(now)), people, *statements)
    assert [(f.code, f.verdict) for f in found.findings] == [expected]


def test_deletes_reach_a_new_key_through_cascades() -> None:
    """The deleted row's children go along, and a grandchild refuses."""
    inner = Constraint(
        name="leaf",
        kind=ConstraintKind.FOREIGN_KEY,
        columns=("item",),
        definition="FOREIGN KEY (item) REFERENCES public.items(id)",
        references="public.items",
        referenced_columns=("id",),
        on_delete="no action",
    )
    old = holding(refers("cascade"))
    leaves = table("leaves", column("item", "integer"), constraints=(inner,))
    found = judge(old, catalog(PEOPLE, items(refers("cascade")), leaves), GONE, select("id"))
    assert one(found, "foreign-key-blocks-delete").verdict is BREAKING


@pytest.mark.parametrize(
    ("before", "after", "code", "expected"),
    [
        ("cascade", "no action", "foreign-key-blocks-delete", BREAKING),
        ("no action", "cascade", "foreign-key-added", ATTENTION),
    ],
)
def test_another_action_on_delete_is_another_rule_for_deletes(
    before: str, after: str, code: str, expected: SchemaVerdict
) -> None:
    """The same key with another action refuses, or takes more rows along."""
    found = judge(holding(refers(before)), holding(refers(after)), GONE, select("id"))
    assert one(found, code).verdict is expected


def test_a_column_nobody_fills_yet_refuses_no_delete() -> None:
    """A nullable reference that was only added would stop every rollback."""
    old = catalog(PEOPLE, items(columns=(ID,)))
    asked = Question(kind=QuestionKind.SET, relation="public.items", columns=("owner",))
    for rows, expected in ((0, SAFE), (1, BREAKING)):
        found = judge(old, holding(refers()), GONE, insert("id"), answers={asked: rows})
        assert one(found, "foreign-key-blocks-delete").verdict is expected


@pytest.mark.parametrize(
    ("key", "orphans", "statements", "expected"),
    [
        (refers(), 0, (select("id"),), SAFE),
        (refers(), 2, (select("id"),), ATTENTION),
        (refers("cascade"), 0, (GONE, select("id")), ATTENTION),
    ],
)
def test_a_dropped_foreign_key_is_weighed_by_orphans_and_by_what_followed_deletes(
    key: Constraint, orphans: int, statements: tuple[Statement, ...], expected: SchemaVerdict
) -> None:
    """Joins find nothing, or children stay behind that used to go along."""
    asked = Question(
        kind=QuestionKind.ORPHANS,
        relation="public.items",
        columns=("owner",),
        arguments=("public.people", "id"),
    )
    found = judge(holding(key), holding(), *statements, answers={asked: orphans})
    assert one(found, "constraint-dropped").verdict is expected


def test_a_foreign_key_under_another_name_is_no_change() -> None:
    """Tools name constraints anew; each would be an alarm."""
    found = judge(holding(refers()), holding(refers(name="other")), GONE, insert("id", "owner"))
    assert found.findings == ()
