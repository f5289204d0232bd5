"""Whether a view stands in for a table."""

import pytest

from smartspec_rollback.schema.reading.standing_in import asks_a_table, differs
from smartspec_rollback.testing.schema_samples import column, statement, table, view

TABLE = table("all_items", column("a"), column("b"))


@pytest.mark.parametrize(
    "query",
    [
        " SELECT all_items.a,\n    all_items.b\n   FROM all_items;",
        "SELECT a, b FROM public.all_items i",
        'SELECT "a", b AS c FROM all_items',
    ],
)
def test_a_plain_view_gives_what_its_table_gave(query: str) -> None:
    """The commonest careful rename would be an alarm."""
    assert differs(view("items", query), TABLE) is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a, b FROM all_items WHERE a > 1",
        "SELECT DISTINCT a, b FROM all_items",
        "SELECT DISTINCT a FROM all_items",
        "SELECT a, b FROM all_items LIMIT 10",
        "SELECT a, b FROM all_items JOIN other USING (a)",
        "SELECT upper(a) AS a, b FROM all_items",
        "SELECT a || 'x' AS a, b FROM all_items",
        "SELECT b AS a, a AS b FROM all_items",
        "SELECT a, b FROM all_items UNION SELECT a, b FROM more",
        "",
    ],
)
def test_what_may_give_other_rows_or_values_is_told(query: str) -> None:
    """Rows the old version had would be hidden from it, and that called safe."""
    assert differs(view("items", query), TABLE) is not None


@pytest.mark.parametrize(
    ("text", "updatable", "asked"),
    [
        ("SELECT xmin, a FROM items", True, True),
        ("SELECT a FROM items FOR NO KEY UPDATE", False, True),
        ("SELECT a FROM items FOR NO KEY UPDATE", True, False),
        ("SELECT a FROM items", False, False),
    ],
)
def test_what_tables_alone_have(text: str, updatable: bool, asked: bool) -> None:  # noqa: FBT001 - a case of the table
    """A statement that locks rows or reads system columns fails on a view that has none."""
    assert asks_a_table(statement(text), view("items", "", updatable=updatable)) is asked
