"""Columns added, dropped, renamed and split."""

import pytest
from msgspec.structs import replace
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    ENOUGH,
    SAFE,
    UNKNOWN,
    compiled,
    insert,
    judge,
    one,
    opaque,
    select,
    use,
    verdicts,
)

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    DefinedType,
    Function,
    Grant,
    Sequence,
    Trigger,
    TypeKind,
)
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.migration import Effect, EffectKind
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import ResultColumn, Run, Statement, Trial
from smartspec_rollback.testing.schema_samples import catalog, column, statement, table

ID = column("id", "integer", nullable=False)
NAME = column("name")
OLD = catalog(table("items", ID, NAME))
READ = select("id", "name")
WRITE = insert("id", "name")
STAR = select("*", reads=(), returns=(), star=True)
BLIND = statement("INSERT INTO items VALUES ($1, $2)", use(inserts=True, inserted=None))


def function(name: str, body: str) -> Function:
    """Make a trigger function."""
    return Function(
        schema="public",
        name=name,
        kind="function",
        arguments=(),
        returns="trigger",
        language="plpgsql",
        definition=body,
    )


def trigger(name: str, runs: str, when: str) -> Trigger:
    """Make a trigger on inserts."""
    definition = f"CREATE TRIGGER {name} {when} ON items EXECUTE FUNCTION {runs}()"
    return Trigger(name=name, definition=definition, function=f"public.{runs}", events=("insert",))


def with_column(*more: Column) -> Catalog:
    """Make the schema with more columns."""
    return catalog(table("items", ID, NAME, *more))


@pytest.mark.parametrize(
    ("new", "statements", "code", "expected"),
    [
        (column("note"), (READ, WRITE), "column-added", SAFE),
        (column("note"), (READ, STAR), "column-added", ATTENTION),
        (column("n", nullable=False, default="0"), (WRITE,), "column-added-with-default", SAFE),
        (column("n", nullable=False), (WRITE,), "column-added-required", BREAKING),
        (column("n", nullable=False), (BLIND,), "column-added-required", BREAKING),
        (column("n", nullable=False), (READ,), "column-added-required", SAFE),
        (
            column("n", nullable=False, default="nextval('s'::regclass)"),
            (WRITE,),
            "column-added-with-default",
            SAFE,
        ),
        (
            column("n", nullable=False, identity="always"),
            (WRITE,),
            "column-added-with-default",
            SAFE,
        ),
        (
            column("n", nullable=False, generated="(id * 2)"),
            (WRITE,),
            "column-added-with-default",
            SAFE,
        ),
        (column("note"), (BLIND,), "column-added", SAFE),
    ],
)
def test_an_added_column_is_weighed_by_who_inserts_and_selects_all(
    new: Column, statements: tuple[Statement, ...], code: str, expected: SchemaVerdict
) -> None:
    """A required column would pass though every insert of the old version fails, or the reverse."""
    found = judge(OLD, with_column(new), *statements)
    assert verdicts(found)[code, f"public.items.{new.name}"] is expected


def test_an_insert_without_names_breaks_where_the_database_wants_a_value_for_every_column() -> None:
    """MySQL and SQLite refuse what PostgreSQL fills up; it would be called safe."""
    found = judge(
        catalog(table("items", ID, NAME), kind="mysql"),
        catalog(table("items", ID, NAME, column("note")), kind="mysql"),
        BLIND,
    )
    assert one(found, "column-added").verdict is BREAKING


def test_a_column_that_makes_a_bare_name_ambiguous_breaks_unless_it_compiles() -> None:
    """A join of the old version would fail with "ambiguous" though the plan said safe."""
    old = catalog(table("items", ID), table("tags", column("tag")))
    new = catalog(table("items", ID, column("tag")), table("tags", column("tag")))
    join = statement(
        "SELECT tag FROM items JOIN tags ON true",
        use(),
        use("public.tags", reads=("tag",), unqualified=("tag",), beside=("public.items",)),
    )
    assert one(judge(old, new, join), "column-added").verdict is BREAKING
    found = judge(old, new, join, trials=compiled(join))
    assert one(found, "column-added").verdict is SAFE


def test_a_column_that_silently_takes_the_place_of_another_breaks_though_it_compiles() -> None:
    """A correlated subselect would read another table's column, and nobody would say so."""
    old = catalog(table("items", ID), table("tags", column("tag")))
    new = catalog(table("items", ID, column("tag")), table("tags", column("tag")))
    nested = statement(
        "SELECT tag FROM tags WHERE EXISTS (SELECT 1 FROM items WHERE tag = 'x')",
        use(),
        use("public.tags", reads=("tag",), captures=(("public.items", "tag"),)),
    )
    found = judge(old, new, nested, trials=compiled(nested))
    assert one(found, "column-added").verdict is BREAKING


def test_what_was_set_in_an_added_column_is_counted_as_lost_by_reversing() -> None:
    """The reversal would lose rows' values while the plan said that nothing is lost."""
    asked = Question(kind=QuestionKind.SET, relation="public.items", columns=("note",))
    found = judge(OLD, with_column(column("note")), READ, answers={asked: 7})
    assert one(found, "column-added").loses == "the values of 7 rows"
    none = judge(OLD, with_column(column("note")), READ, answers={asked: 0})
    assert one(none, "column-added").loses == ""


@pytest.mark.parametrize(
    ("statements", "trials", "code", "expected"),
    [
        ((READ,), (), "column-dropped", BREAKING),
        ((select("id"),), (), "unused-column-dropped", SAFE),
        ((BLIND,), compiled(BLIND), "column-dropped", BREAKING),
        ((READ,), compiled(READ), "column-dropped", SAFE),
        ((STAR,), compiled(STAR), "column-dropped", ATTENTION),
        ((opaque("CALL refresh('name of items')"),), (), "unused-column-dropped", UNKNOWN),
    ],
)
def test_a_dropped_column_breaks_whoever_names_it(
    statements: tuple[Statement, ...],
    trials: tuple[Trial, ...],
    code: str,
    expected: SchemaVerdict,
) -> None:
    """A statement that needs the column would fail after the rollback, unannounced."""
    found = judge(OLD, catalog(table("items", ID)), *statements, *ENOUGH, trials=trials)
    assert verdicts(found)[code, "public.items.name"] is expected


def test_a_star_whose_result_had_the_column_breaks() -> None:
    """``SELECT *`` compiles without the column, and the old version misses it in every row."""
    star = statement(
        "SELECT * FROM items",
        use(star=True),
        results=(ResultColumn(name="id", type="integer"), ResultColumn(name="name", type="text")),
    )
    found = judge(OLD, catalog(table("items", ID)), star, trials=compiled(star))
    assert one(found, "column-dropped").verdict is BREAKING


def test_a_column_in_the_place_of_another_is_that_one_renamed() -> None:
    """A rename would be told as a loss and an addition, and mended as such."""
    new = catalog(table("items", ID, column("title", position=2)))
    found = judge(OLD, new, READ)
    assert [(f.code, f.object) for f in found.findings] == [("renamed", "public.items.name")]
    assert found.findings[0].verdict is BREAKING
    assert "title" in found.findings[0].fix


def test_a_renamed_column_that_must_have_a_value_now_breaks_inserts_too() -> None:
    """Taking a new required column for a rename would hide that every insert fails."""
    new = catalog(table("items", ID, column("title", position=2, nullable=False)))
    found = judge(OLD, new, insert("id"))
    assert one(found, "column-added-required").verdict is BREAKING


def test_a_split_is_known_by_the_backfill_or_by_its_names() -> None:
    """The finding would say "dropped" and not where the values are now."""
    first, last = column("first_name", position=3), column("last_name", position=4)
    new = catalog(table("items", ID, first, last))
    assert one(judge(OLD, new, READ), "split").verdict is BREAKING
    fresh = catalog(table("items", ID, column("a", position=3), column("b", position=4)))
    effect = Effect(
        kind=EffectKind.BACKFILL,
        relation="items",
        columns=("a", "b"),
        text="UPDATE items SET a = left(name, 1), b = name",
    )
    found = judge(OLD, fresh, READ, effects=(effect,))
    assert "a, b" in one(found, "split").summary


def test_another_order_breaks_inserts_without_names() -> None:
    """Values would go into the wrong columns without any error."""
    new = catalog(table("items", column("name"), column("id", "integer", nullable=False)))
    found = judge(OLD, new, BLIND, trials=compiled(BLIND))
    assert found.verdict is BREAKING


def test_two_columns_in_each_other_s_place_and_one_added_again_are_looked_at() -> None:
    """A swap of names, or a column emptied by dropping and adding it, changes nothing else."""
    old = catalog(table("items", ID, column("a"), column("b")))
    swapped = catalog(table("items", ID, column("b"), column("a")))
    assert one(judge(old, swapped, select("a")), "renamed").verdict is ATTENTION
    again = catalog(table("items", ID, column("a", position=4), column("b", position=3)))
    assert one(judge(old, again, select("a")), "column-dropped").verdict is ATTENTION


def test_a_required_column_breaks_what_triggers_insert_and_not_what_a_trigger_fills() -> None:
    """Only functions insert into many audit tables; only triggers fill many columns."""
    body = "BEGIN INSERT INTO audit (what) VALUES (NEW.name); RETURN NEW; END"
    writes = function("note", body)
    fires = trigger("noted", "note", "AFTER INSERT")
    old = catalog(
        table("items", ID, NAME, triggers=(fires,)),
        table("audit", column("what")),
        functions=(writes,),
    )
    new = catalog(
        table("items", ID, NAME, triggers=(fires,)),
        table("audit", column("what"), column("who", nullable=False)),
        functions=(writes,),
    )
    assert (
        one(
            judge(old, new, WRITE, select("what", relation="public.audit")), "column-added-required"
        ).verdict
        is BREAKING
    )
    fills = function("fill", "BEGIN NEW.channel := 'web'; RETURN NEW; END")
    filled = catalog(
        table(
            "items",
            ID,
            NAME,
            column("channel", nullable=False),
            triggers=(trigger("fill", "fill", "BEFORE INSERT"),),
        ),
        functions=(fills,),
    )
    assert one(judge(OLD, filled, WRITE), "column-added-required").verdict is ATTENTION
    ran = Run(statement=WRITE.id, before=True, after=True, same=True)
    found = judge(OLD, filled, WRITE, runs=(ran,))
    assert one(found, "column-added-required").verdict is SAFE


def test_a_domain_that_refuses_null_makes_a_column_required() -> None:
    """The column itself is nullable, and every insert without it fails all the same."""
    strict = DefinedType(
        schema="public", name="word", kind=TypeKind.DOMAIN, base="text", nullable=False
    )
    new = catalog(table("items", ID, NAME, column("w", "public.word")), types=(strict,))
    assert one(judge(OLD, new, WRITE), "column-added-required").verdict is BREAKING


def test_a_default_from_a_sequence_the_role_may_not_use_breaks_inserts() -> None:
    """A serial column is filled by itself, but not for a role without the privilege."""
    filled = column("n", "integer", nullable=False, default="nextval('public.n_seq'::regclass)")
    numbers = Sequence(schema="public", name="n_seq", type="integer")
    new = catalog(table("items", ID, NAME, filled), sequences=(numbers,))
    assert one(judge(OLD, new, WRITE), "access-restricted").verdict is BREAKING
    allowed = replace(numbers, grants=(Grant(grantee="app", privilege="USAGE"),))
    new = catalog(table("items", ID, NAME, filled), sequences=(allowed,))
    assert judge(OLD, new, WRITE).verdict is SAFE
