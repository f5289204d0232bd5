"""What parameters stand for, and the values chosen for them."""

import pytest

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    Relation,
    RelationKind,
)
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.providers.databases.postgresql.rehearsing.parameters import (
    Chooser,
    Role,
    Slot,
    slots,
)


def column(name: str, type_: str = "integer") -> Column:
    """Make a column."""
    return Column(name=name, type=type_, nullable=False, position=1)


CATALOG = Catalog(
    kind="postgresql",
    version="18",
    search_path=("public",),
    relations=(
        Relation(
            schema="public",
            name="t",
            kind=RelationKind.TABLE,
            columns=(column("id"), column("name", "text"), column("u_id")),
            constraints=(
                Constraint(
                    name="k",
                    kind=ConstraintKind.PRIMARY_KEY,
                    columns=("id",),
                    definition="PRIMARY KEY (id)",
                ),
                Constraint(
                    name="f",
                    kind=ConstraintKind.FOREIGN_KEY,
                    columns=("u_id",),
                    definition="",
                    references="shop.u",
                    referenced_columns=("id",),
                ),
            ),
        ),
        Relation(
            schema="shop",
            name="u",
            kind=RelationKind.TABLE,
            columns=(column("id"), column("size")),
        ),
    ),
)
C, N, S = Role.COMPARED, Role.INSERTED, Role.SET


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 FROM t WHERE id = $1", {1: Slot(C, "public.t", "id")}),
        ("SELECT 1 FROM t WHERE $1 < t.id", {1: Slot(C, "public.t", "id")}),
        ("SELECT 1 FROM t x, shop.u y WHERE y.id = $1", {1: Slot(C, "shop.u", "id")}),
        ("SELECT 1 FROM t WHERE id = ANY($1::int[])", {1: Slot(C, "public.t", "id")}),
        (
            "SELECT 1 FROM t WHERE id IN ($1, $2)",
            {1: Slot(C, "public.t", "id"), 2: Slot(C, "public.t", "id")},
        ),
        ("SELECT 1 FROM t WHERE lower(name) LIKE lower($1)", {1: Slot(C, "public.t", "name")}),
        ("SELECT 1 FROM t LIMIT $1 OFFSET $2", {1: Slot(Role.LIMIT), 2: Slot(Role.LIMIT)}),
        (
            "INSERT INTO t (name, id) VALUES ($1, $2), ($3, DEFAULT)",
            {
                1: Slot(N, "public.t", "name"),
                2: Slot(N, "public.t", "id"),
                3: Slot(N, "public.t", "name"),
            },
        ),
        ("INSERT INTO shop.u VALUES (1, $1::int)", {1: Slot(N, "shop.u", "size")}),
        (
            "INSERT INTO t (id, name) SELECT * FROM UNNEST($1::int[], $2::text[])",
            {1: Slot(N, "public.t", "id"), 2: Slot(N, "public.t", "name")},
        ),
        ("INSERT INTO t (id) SELECT $1 FROM shop.u", {1: Slot(N, "public.t", "id")}),
        (
            "UPDATE t SET name = coalesce($1, name) WHERE t.id = $2",
            {1: Slot(S, "public.t", "name"), 2: Slot(C, "public.t", "id")},
        ),
        (
            "INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = $1",
            {1: Slot(S, "public.t", "name")},
        ),
        (
            "WITH x AS (DELETE FROM t WHERE id = $1 RETURNING 1) SELECT * FROM x",
            {1: Slot(C, "public.t", "id")},
        ),
        ("SELECT $1", {}),
        ("SELECT 1 FROM gone WHERE id = $1", {}),
        ("COMMIT", None),
        ("TRUNCATE t", None),
        ("CALL f($1)", None),
        ("SELECT 1; SELECT 2", None),
        ("no SQL", None),
    ],
)
def test_places_of_parameters(text: str, expected: dict[int, Slot] | None) -> None:
    """Values would not fit, or a COMMIT would be executed in a copy that is used again."""
    assert slots(text, CATALOG) == expected


def chosen(text: str, *types: str) -> list[tuple[str | None, ...]]:
    """Choose values from three parents and three children."""
    rows: dict[str, list[dict[str, str | None]]] = {
        "public.t": [{"id": str(n), "name": f"n{n}", "u_id": str(10 + n)} for n in (1, 2, 3)],
        "shop.u": [{"id": str(10 + n), "size": None} for n in (1, 2, 3, 4)],
    }
    statement = Statement(id="a", text=text, source="test", parameters=types)
    places = slots(text, CATALOG)
    assert places is not None
    return list(Chooser(CATALOG, rows).sets(statement, places))


def test_rows_that_exist_are_asked_for_first() -> None:
    """Every UPDATE and SELECT would meet no row at all."""
    assert chosen("SELECT 1 FROM t WHERE id = $1 AND name = $2", "integer", "text") == [
        ("1", "n1"),
        ("3", "n3"),
    ]


def test_an_update_changes_something() -> None:
    """A constraint on new values would never be met by values that are there already."""
    first, second = chosen("UPDATE t SET name = $1 WHERE id = $2", "text", "integer")
    assert first == ("n1", "1")
    assert second[0] not in {"n1", "n2", "n3"}
    assert second[1] == "3"


def test_inserted_keys_are_new_and_parents_exist() -> None:
    """Every INSERT would collide, or have no parent, and nothing would be learned."""
    for values in chosen("INSERT INTO t (id, u_id) VALUES ($1, $2)", "integer", "integer"):
        assert values[0] not in {"1", "2", "3"}
        assert values[1] in {"11", "12", "13", "14"}


def test_arrays_and_limits() -> None:
    """ANY($1) and LIMIT $1 would always fail."""
    (first, *_) = chosen("SELECT 1 FROM t WHERE id = ANY($1) LIMIT $2", "integer[]", "bigint")
    assert first == ('{"1"}', "10")


def test_a_statement_without_parameters_runs_once() -> None:
    """It would be executed several times for nothing, or not at all."""
    assert chosen("SELECT 1 FROM t") == [()]
