"""What of a schema a statement gets to, by whatever way."""

import pytest
from tests.unit.schema.judged import insert, opaque, select, use

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    DefinedType,
    Function,
    Relation,
    Sequence,
    Trigger,
    TypeKind,
)
from smartspec_rollback.domain.workload import Call, Statement
from smartspec_rollback.schema.reach import Kind, Reach
from smartspec_rollback.testing.schema_samples import catalog, column, statement, table, view

ITEMS = "public.items"


def function(name: str, body: str, **facts: object) -> Function:
    """Make a function without arguments."""
    known: dict[str, object] = {
        "schema": "public",
        "name": name,
        "kind": "function",
        "arguments": (),
        "definition": body,
    }
    return Function(**known | facts)  # type: ignore[arg-type]  # made of single facts


def sequence(name: str, **facts: object) -> Sequence:
    """Make a sequence."""
    return Sequence(**{"schema": "public", "name": name, "type": "bigint"} | facts)  # type: ignore[arg-type]  # as above


def items(*columns: Column, **facts: object) -> Relation:
    """Make the table every statement names."""
    return table("items", *(columns or (column("a"),)), **facts)


READ, WRITE = select("a"), insert("a")


@pytest.mark.parametrize(
    ("schema", "asking", "reached"),
    [
        pytest.param(
            catalog(items(), table("part", column("a"), partition_of=ITEMS)),
            READ,
            (Kind.READ, "public.part"),
            id="a table's partitions",
        ),
        pytest.param(
            catalog(items(), table("child", column("a"), inherits=(ITEMS,))),
            READ,
            (Kind.READ, "public.child"),
            id="a table's children",
        ),
        pytest.param(
            catalog(
                view("items", "SELECT a FROM beneath", column("a")), table("beneath", column("a"))
            ),
            READ,
            (Kind.READ, "public.beneath"),
            id="what a view reads",
        ),
        pytest.param(
            catalog(
                view("items", "SELECT a FROM beneath", column("a")), table("beneath", column("a"))
            ),
            WRITE,
            (Kind.WRITTEN, "public.beneath"),
            id="what is written through a view",
        ),
        pytest.param(
            catalog(
                items(
                    triggers=(
                        Trigger(
                            name="t", definition="", function="public.fired", events=("insert",)
                        ),
                    )
                ),
                functions=(
                    function("fired", "BEGIN PERFORM deeper(); END"),
                    function("deeper", ""),
                ),
            ),
            WRITE,
            (Kind.FUNCTION, "public.deeper()"),
            id="a function that a trigger's function calls",
        ),
        pytest.param(
            catalog(items(column("a", default="made()")), functions=(function("made", ""),)),
            WRITE,
            (Kind.FUNCTION, "public.made()"),
            id="a function that a default calls",
        ),
        pytest.param(
            catalog(
                items(
                    constraints=(
                        Constraint(
                            name="c",
                            kind=ConstraintKind.CHECK,
                            columns=("a",),
                            definition="CHECK (good(a))",
                        ),
                    )
                ),
                functions=(function("good", ""),),
            ),
            WRITE,
            (Kind.FUNCTION, "public.good()"),
            id="a function that a check calls",
        ),
        pytest.param(
            catalog(
                items(),
                table(
                    "lines",
                    column("a"),
                    constraints=(
                        Constraint(
                            name="f",
                            kind=ConstraintKind.FOREIGN_KEY,
                            columns=("a",),
                            definition="",
                            references=ITEMS,
                            on_delete="cascade",
                        ),
                    ),
                ),
            ),
            WRITE,
            (Kind.WRITTEN, "public.lines"),
            id="rows that go with others",
        ),
        pytest.param(
            catalog(
                items(column("a", "public.outer")),
                types=(
                    DefinedType(
                        schema="public",
                        name="outer",
                        kind=TypeKind.COMPOSITE,
                        attributes=(column("x", "public.inner"),),
                    ),
                    DefinedType(schema="public", name="inner", kind=TypeKind.DOMAIN, base="text"),
                ),
            ),
            READ,
            (Kind.TYPE, "public.inner"),
            id="the type of a column's attribute",
        ),
        pytest.param(
            catalog(items(), sequences=(sequence("numbers", owned_by=f"{ITEMS}.a"),)),
            WRITE,
            (Kind.SEQUENCE, "public.numbers"),
            id="a column's own sequence",
        ),
        pytest.param(
            catalog(items(), sequences=(sequence("odd numbers"),)),
            statement("SELECT nextval('\"odd numbers\"'), a FROM items", use(reads=("a",))),
            (Kind.SEQUENCE, "public.odd numbers"),
            id="a sequence in a string, whose name is two words",
        ),
        pytest.param(
            catalog(items()),
            opaque("DO $$BEGIN DELETE FROM Items; END$$"),
            (Kind.WRITTEN, ITEMS),
            id="whatever a statement names that nobody understood",
        ),
        pytest.param(
            catalog(
                items(),
                table("hidden", column("a")),
                functions=(function("look", "SELECT a FROM hidden"),),
            ),
            statement("SELECT look()", functions=(Call(name="Look", arguments=0),)),
            (Kind.WRITTEN, "public.hidden"),
            id="a table that a function names",
        ),
    ],
)
def test_what_is_reached(schema: Catalog, asking: Statement, reached: tuple[Kind, str]) -> None:
    """A change of it would pass for one that concerns nobody."""
    assert Reach(schema, (asking,)).statements(reached) == (asking,)


def test_reading_sets_no_trigger_off() -> None:
    """Every changed trigger would concern those who only read."""
    fired = Trigger(name="t", definition="", function="public.fired", events=("insert",))
    schema = catalog(items(triggers=(fired,)), functions=(function("fired", ""),))
    assert not Reach(schema, (READ,)).statements((Kind.FUNCTION, "public.fired()"))


def test_things_that_name_each_other_have_an_end() -> None:
    """Two functions that call each other would never be looked through."""
    schema = catalog(
        table("a", column("x"), inherits=("public.b",)),
        table("b", column("x"), inherits=("public.a",)),
        functions=(function("f", "SELECT g()"), function("g", "SELECT f()")),
    )
    asking = statement("SELECT f()", use("public.a"), functions=(Call(name="f", arguments=0),))
    reach = Reach(schema, (asking,))
    assert {(Kind.FUNCTION, "public.g()"), (Kind.READ, "public.b")} <= reach.everything
