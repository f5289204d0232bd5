"""What a statement reads: columns by relation, whatever way they are named."""

import pytest
from tests.unit.providers.databases.postgresql.tables import read, use

READS = {
    "SELECT name FROM items WHERE price > $1": {"items": "name price"},
    "SELECT i.name FROM items AS i ORDER BY i.stock": {"items": "name stock"},
    "SELECT count(*) FROM items": {"items": ""},
    "SELECT count(i) FROM items i": {"items": ""},
    "SELECT name AS n FROM items ORDER BY n": {"items": "name"},
    "SELECT price p, count(*) FROM items GROUP BY p HAVING max(stock) > 1": {
        "items": "price stock"
    },
    "SELECT name, buyer FROM items JOIN orders ON items.id = item_id": {
        "items": "id name",
        "orders": "buyer item_id",
    },
    "SELECT login FROM orders o JOIN users u USING (id)": {"orders": "id", "users": "id login"},
    "SELECT id FROM orders NATURAL JOIN users": {"orders": "id", "users": "id"},
    "SELECT name FROM items WHERE id IN (SELECT item_id FROM orders WHERE buyer = name)": {
        "items": "id name",
        "orders": "buyer item_id",
    },
    "SELECT (SELECT login FROM users WHERE id = buyer) FROM orders": {
        "users": "id login",
        "orders": "buyer",
    },
    "SELECT x.n FROM (SELECT name n, price FROM items) x": {"items": "name price"},
    "SELECT x.name FROM (SELECT * FROM items) x": {"items": "name"},
    "WITH x AS (SELECT * FROM items) SELECT name FROM x WHERE stock > 0": {"items": "name stock"},
    "WITH x(a, b) AS (SELECT * FROM items) SELECT b FROM x": {"items": "name"},
    "SELECT 1 FROM items i WHERE EXISTS (SELECT * FROM orders o WHERE o.item_id = i.id)": {
        "items": "id",
        "orders": "item_id",
    },
    "SELECT l.buyer FROM items i, LATERAL (SELECT buyer FROM orders WHERE item_id = i.id) l": {
        "items": "id",
        "orders": "buyer item_id",
    },
    "SELECT v FROM items i CROSS JOIN LATERAL jsonb_each_text(i.note) AS e(k, v)": {
        "items": "note"
    },
    "SELECT (i).name FROM items i": {"items": "name"},
    "SELECT public.items.name FROM public.items": {"items": "name"},
    "SELECT name FROM items UNION ALL SELECT login FROM users ORDER BY name": {
        "items": "name",
        "users": "login",
    },
    "WITH RECURSIVE t AS (SELECT id, item_id FROM orders WHERE id = $1"
    " UNION ALL SELECT o.id, o.item_id FROM orders o JOIN t ON o.id = t.item_id)"
    " SELECT id FROM t": {"orders": "id item_id"},
    "SELECT DISTINCT ON (buyer) placed_at FROM orders ORDER BY buyer, id": {
        "orders": "buyer id placed_at"
    },
    "SELECT rank() OVER w FROM items WINDOW w AS (PARTITION BY stock ORDER BY price)": {
        "items": "price stock"
    },
    "SELECT count(*) FILTER (WHERE stock > 0) FROM items": {"items": "stock"},
    "SELECT CASE WHEN price IS NULL THEN name ELSE note END FROM items": {
        "items": "name note price"
    },
    "SELECT ctid, xmin FROM items": {"items": ""},
    "SELECT name FROM items LIMIT $1 OFFSET $2": {"items": "name"},
    "SELECT name FROM items FOR UPDATE SKIP LOCKED": {"items": "name"},
    "SELECT k.name FROM (items JOIN orders ON items.id = orders.item_id) AS k(i, name)": {
        "items": "id name",
        "orders": "item_id",
    },
    "SELECT j.id FROM orders JOIN users USING (id) AS j": {"orders": "id", "users": "id"},
    "SELECT name FROM items TABLESAMPLE SYSTEM ($1)": {"items": "name"},
    "TABLE users": {"users": "email id login"},
    "EXPLAIN SELECT name FROM items": {"items": "name"},
    "DECLARE c CURSOR FOR SELECT name FROM items": {"items": "name"},
    "CREATE TEMP TABLE x AS SELECT name FROM items": {"items": "name"},
    "COPY (SELECT name FROM items) TO STDOUT": {"items": "name"},
    "COPY users (login) TO STDOUT": {"users": "login"},
    "COPY users TO STDOUT": {"users": "email id login"},
    "LOCK TABLE items IN EXCLUSIVE MODE": {"items": ""},
    "SELECT payload FROM audit.events": {"audit.events": "payload"},
    "SELECT JSON_ARRAY(name), xmlelement(name x, note) FROM items": {"items": "name note"},
    "SELECT x.a FROM items, XMLTABLE('/r' PASSING items.note COLUMNS a int PATH 'b') AS x": {
        "items": "note"
    },
    "SELECT a FROM items, JSON_TABLE(note::jsonb, '$' COLUMNS (a int PATH '$.a')) t": {
        "items": "note"
    },
    "SELECT g.a FROM json_to_recordset($1) AS g(a int, b text) JOIN items ON items.id = g.b": {
        "items": "id"
    },
    "SELECT column1, name FROM (VALUES (1), (2)) v JOIN items ON items.stock = column1": {
        "items": "name stock"
    },
}


@pytest.mark.parametrize(("text", "expected"), READS.items(), ids=range(len(READS)))
def test_columns_are_found_by_whatever_way_they_are_named(
    text: str, expected: dict[str, str]
) -> None:
    """A column missed here could be dropped under the old version, and be called unused."""
    found = read(text)

    assert found.problem is None
    assert {
        each.relation.removeprefix("public."): " ".join(sorted(each.reads))
        for each in found.uses or ()
    } == expected


@pytest.mark.parametrize(
    ("text", "returns"),
    [
        ("SELECT name, price + 1, stock::text FROM items", "name"),
        ("SELECT i.*, 1 FROM items i", "id name note price stock"),
        ("SELECT x.* FROM (SELECT name, lower(note) FROM items) x", "name"),
        ("SELECT name FROM items UNION SELECT note FROM items", "name note"),
        ("WITH x AS (SELECT name FROM items) SELECT name AS called FROM x", "name"),
        ("DELETE FROM items RETURNING stock", "stock"),
        ("UPDATE items SET stock = 1 RETURNING old.stock, new.price", "price stock"),
    ],
)
def test_what_reaches_the_result_unchanged_is_told_apart(text: str, returns: str) -> None:
    """The old version would be handed a changed type, and nobody would say of which column."""
    assert " ".join(sorted(use(text, "public.items").returns)) == returns


@pytest.mark.parametrize(
    ("text", "star"),
    [
        ("SELECT * FROM items", True),
        ("SELECT i.* FROM items i JOIN orders ON true", True),
        ("SELECT row_to_json(items) FROM items", True),
        ("SELECT row_to_json(x) FROM (SELECT * FROM items) x", True),
        ("SELECT * FROM items UNION SELECT * FROM items", True),
        ("INSERT INTO items SELECT * FROM items", True),
        ("DELETE FROM items RETURNING *", True),
        ("SELECT DISTINCT id FROM (SELECT DISTINCT * FROM items) x", True),
        ("SELECT * FROM (SELECT * FROM items) x", True),
        ("SELECT * FROM items NATURAL JOIN users", True),
        ("SELECT * FROM (SELECT id, name FROM items) x", False),
        ("SELECT x.id FROM (SELECT * FROM items) x", False),
        ("SELECT EXISTS (SELECT * FROM items)", False),
        ("SELECT count(*) FROM items", False),
    ],
)
def test_a_star_counts_where_a_new_column_would_be_seen(text: str, star: bool) -> None:  # noqa: FBT001 - a table of cases
    """A strict reader of SELECT * would break unseen, or every subselect would be an alarm."""
    assert use(text, "public.items").star is star


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("SELECT 1 FROM items WHERE name = 'a'", {("name", "a")}),
        ("SELECT 1 FROM items WHERE 'a'::text = name", {("name", "a")}),
        ("SELECT 1 FROM items WHERE name IN ('a', 'b')", {("name", "a"), ("name", "b")}),
        ("SELECT 1 FROM items WHERE name = ANY (ARRAY['a', 'b'])", {("name", "a"), ("name", "b")}),
        ("SELECT 1 FROM items WHERE coalesce(name, 'z') <> 'a'", {("name", "a"), ("name", "z")}),
        ("SELECT CASE name WHEN 'a' THEN 1 END FROM items", {("name", "a")}),
        ("SELECT 1 FROM items WHERE price BETWEEN 1 AND 2.5", {("price", "1"), ("price", "2.5")}),
        (
            "SELECT 1 FROM items WHERE stock = 0 OR stock = true",
            {("stock", "0"), ("stock", "true")},
        ),
        ("WITH x AS (SELECT name n FROM items) SELECT 1 FROM x WHERE n = 'a'", {("name", "a")}),
        (
            "UPDATE items SET name = CASE WHEN $1 THEN 'a' ELSE 'b' END",
            {("name", "a"), ("name", "b")},
        ),
        (
            "INSERT INTO items (id, name) VALUES ($1, 'a'), ($2, 'b')",
            {("name", "a"), ("name", "b")},
        ),
        ("SELECT 1 FROM items WHERE name LIKE 'a%' OR name = $1 OR name = NULL", set()),
    ],
)
def test_constants_are_kept_with_the_column_they_meet(
    text: str, literals: set[tuple[str, str]]
) -> None:
    """A label that was dropped from an enum would not be found in the statements that use it."""
    assert set(use(text, "public.items").literals) == literals


def test_functions_and_types_are_named() -> None:
    """A dropped function or type would not be connected with the statements that need it."""
    found = read("SELECT shop.total(id, 1), lower($1)::audit.mood, now() FROM items")

    assert [(call.name, call.arguments) for call in found.functions] == [
        ("shop.total", 2),
        ("lower", 1),
        ("now", 0),
    ]
    assert found.types == ("audit.mood",)
