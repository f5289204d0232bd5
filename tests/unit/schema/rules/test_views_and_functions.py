"""Views and functions: gone, reshaped, rewritten, doubled."""

from typing import Any

import pytest

from smartspec_rollback.domain.catalog import Extension, Function, RelationKind, Trigger
from smartspec_rollback.domain.workload import (
    Call,
    ResultColumn,
    Run,
    Statement,
    Trial,
    Use,
)
from smartspec_rollback.schema.rules import functions, views
from smartspec_rollback.testing.schema_samples import (
    case,
    catalog,
    column,
    said,
    statement,
    table,
    view,
)

ID, PRICE = column("id", "integer"), column("price", "integer")
CHEAP = view("cheap", " SELECT items.id,\n    items.price\n   FROM items;", ID, PRICE)
READS = statement("SELECT price FROM cheap", Use(relation="public.cheap", returns=("price",)))
READS_ID = statement("SELECT id FROM cheap", Use(relation="public.cheap", returns=("id",)))
STAR = statement(
    "SELECT * FROM cheap", Use(relation="public.cheap", returns=("id", "price"), star=True)
)
WRITES = statement(
    "INSERT INTO cheap (id) VALUES ($1)",
    Use(relation="public.cheap", inserts=True, inserted=("id",)),
)
ELSEWHERE = statement("SELECT 1")
VIEW, BARE = "view-changed", "public.cheap"


def worked(each: Statement, value: bool = True, **facts: Any) -> Trial:  # noqa: FBT001, FBT002
    """Make a trial on the new schema."""
    return Trial(statement=each.id, worked=value, **facts)


@pytest.mark.parametrize(
    ("now", "asked", "facts", "expected"),
    [
        pytest.param(CHEAP, READS, {}, {}, id="the same"),
        pytest.param(
            view("cheap", "SELECT id, price FROM public.items", ID, PRICE),
            READS,
            {},
            {},
            id="spelled otherwise",
        ),
        pytest.param(None, READS, {}, {(VIEW, BARE): "breaking"}, id="dropped"),
        pytest.param(None, ELSEWHERE, {}, {(VIEW, BARE): "safe"}, id="dropped, unused"),
        pytest.param(
            None, ELSEWHERE, {"share": 0.5}, {(VIEW, BARE): "unknown"}, id="dropped, unknown"
        ),
        pytest.param(
            None,
            READS,
            {"trials": (worked(READS),)},
            {(VIEW, BARE): "safe"},
            id="dropped, yet it compiles",
        ),
        pytest.param(
            view("cheap", "SELECT id FROM items", ID),
            READS,
            {},
            {(VIEW, "public.cheap.price"): "breaking"},
            id="column gone",
        ),
        pytest.param(
            view("cheap", "SELECT id FROM items", ID),
            READS_ID,
            {},
            {(VIEW, "public.cheap.price"): "safe"},
            id="column gone, unused",
        ),
        pytest.param(
            view("cheap", "SELECT id FROM items", ID),
            STAR,
            {"trials": (worked(STAR),)},
            {(VIEW, "public.cheap.price"): "breaking"},
            id="column gone from a star that compiles",
        ),
        pytest.param(
            view("cheap", "SELECT 1", ID, column("price", "text")),
            READS,
            {},
            {(VIEW, "public.cheap.price"): "breaking"},
            id="another type",
        ),
        pytest.param(
            view("cheap", "SELECT 1", ID, column("price", "bigint")),
            READS,
            {},
            {(VIEW, "public.cheap.price"): "attention"},
            id="a wider type",
        ),
        pytest.param(
            view("cheap", "SELECT price, id FROM items", PRICE, ID),
            STAR,
            {},
            {(VIEW, BARE): "attention"},
            id="reordered, all selected",
        ),
        pytest.param(
            view("cheap", "SELECT id, price, 1 AS more FROM items", ID, PRICE, column("more")),
            STAR,
            {},
            {(VIEW, BARE): "attention"},
            id="longer, all selected",
        ),
        pytest.param(
            view("cheap", "SELECT id, price FROM items WHERE price < 5", ID, PRICE),
            READS,
            {},
            {(VIEW, BARE): "attention"},
            id="other rows",
        ),
        pytest.param(
            view("cheap", CHEAP.definition or "", ID, PRICE, updatable=False),
            WRITES,
            {},
            {(VIEW, BARE): "breaking"},
            id="takes no writes",
        ),
        pytest.param(
            view("cheap", CHEAP.definition or "", ID, PRICE, updatable=False),
            READS,
            {},
            {},
            id="takes no writes, only read",
        ),
        pytest.param(
            view(
                "cheap",
                CHEAP.definition or "",
                ID,
                PRICE,
                kind=RelationKind.MATERIALIZED_VIEW,
                updatable=False,
            ),
            READS,
            {},
            {(VIEW, BARE): "attention"},
            id="a copy now",
        ),
    ],
)
def test_views(
    now: Any, asked: Statement, facts: dict[str, Any], expected: dict[tuple[str, str], str]
) -> None:
    """A view is an interface: its name, columns and types are what the old version knows."""
    after = catalog(now) if now is not None else catalog()
    assert said(views.findings(case(catalog(CHEAP), after, asked, **facts))) == expected


def function(body: str = "SELECT 1", **facts: Any) -> Function:
    """Make ``public.total(integer)``."""
    known: dict[str, Any] = {
        "schema": "public",
        "name": "total",
        "kind": "function",
        "arguments": ("integer",),
        "returns": "integer",
        "definition": f"CREATE OR REPLACE FUNCTION public.total(a integer) … {body}",
    }
    return Function(**known | facts)


CALLS = statement(
    "SELECT total($1)",
    functions=(Call(name="total", arguments=1),),
    results=(ResultColumn(name="total", type="integer"),),
)
INSERTS = statement(
    "INSERT INTO items (id) VALUES (1)",
    Use(relation="public.items", inserts=True, inserted=("id",)),
)
OPAQUE = statement("SELECT total(1) FROM magic", uses=None)
BY_TRIGGER = table(
    "items",
    ID,
    triggers=(
        Trigger(
            name="t", definition="CREATE TRIGGER t", function="public.fill", events=("insert",)
        ),
    ),
)
FILL = function("PERFORM total(1)", name="fill", arguments=(), returns="trigger")
NAME, SIGNED = "function-changed", "public.total(integer)"
SAME = Run(statement=CALLS.id, before=True, after=True, same=True, values="recorded")


@pytest.mark.parametrize(
    ("now", "asked", "facts", "expected"),
    [
        pytest.param((function(),), CALLS, {}, {}, id="the same"),
        pytest.param((), CALLS, {}, {(NAME, SIGNED): "breaking"}, id="dropped"),
        pytest.param((), ELSEWHERE, {}, {(NAME, SIGNED): "safe"}, id="dropped, unused"),
        pytest.param((), ELSEWHERE, {"share": 0.1}, {(NAME, SIGNED): "unknown"}, id="unknown"),
        pytest.param((), OPAQUE, {}, {(NAME, SIGNED): "unknown"}, id="dropped, hidden"),
        pytest.param(
            (function(arguments=("bigint",)),),
            CALLS,
            {},
            {(NAME, SIGNED): "attention", (NAME, "public.total(bigint)"): "attention"},
            id="another signature for as many arguments",
        ),
        pytest.param(
            (function(arguments=("integer", "integer")),),
            CALLS,
            {},
            {(NAME, SIGNED): "breaking"},
            id="another signature",
        ),
        pytest.param(
            (function(arguments=("integer", "integer"), defaults=1),),
            CALLS,
            {"trials": (worked(CALLS),)},
            {
                (NAME, SIGNED): "safe",
                (NAME, "public.total(integer, integer)"): "attention",
            },
            id="one more argument with a default, compiles",
        ),
        pytest.param(
            (function("SELECT 2"),), CALLS, {}, {(NAME, SIGNED): "attention"}, id="another body"
        ),
        pytest.param(
            (function("SELECT 2"),),
            CALLS,
            {"runs": (SAME,)},
            {(NAME, SIGNED): "safe"},
            id="another body that does the same",
        ),
        pytest.param(
            (function("SELECT 2"),), ELSEWHERE, {}, {(NAME, SIGNED): "safe"}, id="body, unused"
        ),
        pytest.param(
            (function(returns="text"),), CALLS, {}, {(NAME, SIGNED): "breaking"}, id="result"
        ),
        pytest.param(
            (function(), function(arguments=("bigint",))),
            CALLS,
            {"trials": (worked(CALLS, value=False, code="42725", message="not unique"),)},
            {(NAME, "public.total(bigint)"): "breaking"},
            id="ambiguous overload",
        ),
        pytest.param(
            (function(), function(arguments=("integer", "integer"))),
            CALLS,
            {},
            {},
            id="overload nobody can mean",
        ),
    ],
)
def test_functions(
    now: tuple[Function, ...],
    asked: Statement,
    facts: dict[str, Any],
    expected: dict[tuple[str, str], str],
) -> None:
    """What a statement calls must be there, take the same and give the same."""
    built = case(catalog(functions=(function(),)), catalog(functions=now), asked, **facts)
    assert said(functions.findings(built)) == expected


@pytest.mark.parametrize(
    ("was", "now", "definer", "expected"),
    [
        ("shop", "nobody", True, {(NAME, SIGNED): "attention"}),
        ("shop", "shop", True, {}),
        (None, "nobody", True, {}),
        ("shop", "nobody", False, {}),
    ],
)
def test_a_function_runs_with_the_privileges_of_its_owner(
    was: str | None,
    now: str | None,
    definer: bool,  # noqa: FBT001 - a case of the table
    expected: dict[tuple[str, str], str],
) -> None:
    """Nothing of a function changed but whose it is, and every call of it is refused."""
    old, new = (function("1", owner=who, security_definer=definer) for who in (was, now))
    built = case(catalog(functions=(old,)), catalog(functions=(new,)), CALLS)
    assert said(functions.findings(built)) == expected


def test_a_function_only_a_trigger_calls_is_missed_at_run_time() -> None:
    """Bodies are looked up when they run: every statement compiles, and the insert fails."""
    before = catalog(BY_TRIGGER, functions=(function(), FILL))
    after = catalog(BY_TRIGGER, functions=(FILL,))
    built = case(before, after, INSERTS, trials=(worked(INSERTS),))
    assert said(functions.findings(built)) == {(NAME, SIGNED): "breaking"}


@pytest.mark.parametrize(
    ("asked", "facts", "expected"),
    [
        pytest.param(CALLS, {}, "breaking", id="called"),
        pytest.param(ELSEWHERE, {}, "attention", id="its operators may be used"),
        pytest.param(ELSEWHERE, {"trials": (worked(ELSEWHERE),)}, "safe", id="all compiles"),
    ],
)
def test_an_extension_takes_its_functions_along(
    asked: Statement, facts: dict[str, Any], expected: str
) -> None:
    """Extensions' functions are no objects of the application, but calls of it need them."""
    before = catalog(
        functions=(function(extension="maths"),),
        extensions=(Extension(name="maths", version="1", schema="public"),),
    )
    built = case(before, catalog(), asked, **facts)
    assert said(functions.findings(built)) == {(NAME, "maths"): expected}


@pytest.mark.parametrize(
    ("new", "gained"),
    [
        ("SELECT id, name, born FROM people WHERE NOT vip;", True),
        ("SELECT id, name, unnest(tags) AS tag FROM people WHERE NOT vip;", False),
        ("SELECT id, name, born FROM people WHERE vip;", False),
        ("SELECT id, born AS name, name AS born FROM people WHERE NOT vip;", False),
        ("SELECT DISTINCT id, name, born FROM people WHERE NOT vip;", False),
        ("SELECT id, name FROM people WHERE NOT vip;", False),
    ],
)
def test_a_view_with_more_columns_has_the_same_rows(new: str, gained: bool) -> None:  # noqa: FBT001 - a case of the table
    """A view that shows other rows passes for one that only got a column."""
    assert views._only_gained("SELECT id, name FROM people WHERE NOT vip;", new) is gained
