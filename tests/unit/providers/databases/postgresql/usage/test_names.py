"""How names are resolved: whose column a bare name is, what could come between, what is unknown."""

import msgspec
import pytest
from tests.unit.providers.databases.postgresql.tables import SHOP, read, table, use

from smartspec_rollback.domain.catalog import Function, Sequence
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.providers.databases.postgresql.usage.statement import understand

AMBIGUOUS = [
    # statement, relation, the names it writes bare, what stands beside it
    ("SELECT name FROM items JOIN orders ON items.id = orders.item_id", "items", "name", "orders"),
    ("SELECT items.name FROM items JOIN orders ON items.id = orders.item_id", "items", "", ""),
    ("SELECT name FROM items", "items", "", ""),
    (
        "UPDATE items SET price = stock FROM orders o WHERE items.id = o.id",
        "items",
        "stock",
        "orders",
    ),
    ("DELETE FROM items USING orders WHERE name = buyer", "items", "name", "orders"),
    ("SELECT name FROM items, (SELECT id, buyer FROM orders) x", "items", "", ""),
    ("SELECT name FROM items, (SELECT * FROM orders) x", "items", "name", "orders"),
    ("WITH x AS (SELECT * FROM orders) SELECT name FROM items, x", "items", "name", "orders"),
    (
        "SELECT 1 FROM items JOIN orders ON true JOIN users ON name = login",
        "items",
        "name",
        "orders users",
    ),
    (
        "SELECT 1 FROM (items JOIN orders ON items.id = item_id) JOIN users ON login = $1",
        "orders",
        "item_id",
        "items",
    ),
    (
        "SELECT 1 FROM items, orders WHERE EXISTS (SELECT 1 FROM users WHERE id = name)",
        "items",
        "name",
        "orders users",
    ),
]


@pytest.mark.parametrize(("text", "relation", "names", "beside"), AMBIGUOUS)
def test_bare_names_are_kept_with_what_could_make_them_ambiguous(
    text: str, relation: str, names: str, beside: str
) -> None:
    """An added column would break a join, and the comparison would call it safe."""
    found = read(text)
    (one,) = (u for u in found.uses or () if u.relation == f"public.{relation}")

    assert one.unqualified == tuple(names.split())
    assert one.beside == tuple(f"public.{name}" for name in beside.split())


def test_using_twice_can_become_ambiguous() -> None:
    """``USING (item_id)`` breaks once a second table on its left side has that column."""
    text = "SELECT 1 FROM orders JOIN users ON true JOIN orders b USING (item_id)"

    assert use(text, "public.orders").unqualified == ("item_id",)
    assert use(text, "public.orders").beside == ("public.users",)


@pytest.mark.parametrize(
    ("text", "relation", "captures"),
    [
        (
            "SELECT 1 FROM items WHERE EXISTS (SELECT 1 FROM orders WHERE item_id = name)",
            "items",
            ("orders", "name"),
        ),
        (
            "SELECT 1 FROM items, LATERAL (SELECT stock + 1 FROM orders) x",
            "items",
            ("orders", "stock"),
        ),
        (
            "SELECT 1 FROM items WHERE EXISTS (SELECT 1 FROM (TABLE orders) o WHERE buyer = note)",
            "items",
            ("orders", "note"),
        ),
        ("SELECT lower(name) AS low FROM items GROUP BY low", "items", ("items", "low")),
        ("SELECT 1 FROM orders NATURAL JOIN users", "orders", ("users", "buyer")),
    ],
)
def test_a_new_column_that_would_silently_take_a_name_is_foreseen(
    text: str, relation: str, captures: tuple[str, str]
) -> None:
    """The statement would still compile and quietly answer something else."""
    taken_by, name = captures

    assert (f"public.{taken_by}", name) in use(text, f"public.{relation}").captures


def test_a_column_of_a_function_can_become_ambiguous() -> None:
    """``value`` of jsonb_each breaks when the table beside it gains a value."""
    found = use("SELECT value FROM items, jsonb_each(note)", "public.items")

    assert (found.unqualified, found.beside) == (("value",), ("public.items",))


def test_an_order_by_the_result_can_become_ambiguous_under_a_star() -> None:
    """``SELECT *, … AS x ORDER BY x`` breaks when the table gains an x."""
    found = use("SELECT *, lower(name) AS low FROM items ORDER BY low", "public.items")

    assert (found.unqualified, found.beside) == (("low",), ("public.items",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT x FROM items", "column x of items does not exist"),
        ("SELECT i.x FROM items i", "column x of items does not exist"),
        ("SELECT o.name FROM items", "nothing in FROM is called o"),
        ("SELECT o.* FROM items", "nothing in FROM is called o"),
        ("SELECT name FROM nowhere", "relation nowhere does not exist"),
        ("SELECT name FROM audit.items", "relation audit.items does not exist"),
        ("SELECT payload FROM events", "relation events does not exist"),
        ("SELECT id FROM items, orders", "column id is ambiguous"),
        ("INSERT INTO items (x) VALUES (1)", "column x of items does not exist"),
        ("INSERT INTO items (id) VALUES (1, 2)", "2 values are given for 1 columns"),
        ("INSERT INTO users VALUES (1, 2, 3, 4)", "more values than users has columns are given"),
        ("UPDATE items SET x = 1", "column x of items does not exist"),
        ("COPY items (x) FROM STDIN", "column x of items does not exist"),
        ("SELECT 1 FROM items JOIN users USING (login)", "does not exist on both sides"),
        ("DO $$ BEGIN DELETE FROM items; END $$", "what a DO block does is not read"),
        ("EXECUTE p", "what a prepared statement does stands elsewhere"),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT 'a", "unterminated quoted string"),
        ("<insufficient privilege>", "the server hides its text"),
        ("SELECT " + "- " * 200_000 + "1", "nested"),
        ("SELECT " + "1 +" * 100_000 + "1", "nested"),
        ("SELECT " + "f(" * 900 + "1" + ")" * 900, "nested too deeply"),
        ("SELECT '\0'", "binary"),
        ("SELECT '\ud800'", "surrogate"),
        ("SELECT '" + "x" * 2**20 + "'", "no statement is read"),
    ],
)
def test_what_cannot_be_resolved_is_said(text: str, problem: str) -> None:
    """A statement that isn't understood would pass for one that touches nothing."""
    assert problem in (read(text).problem or "")


def test_what_is_known_beside_a_problem_is_kept() -> None:
    """One unknown table would make everything else the statement does invisible."""
    found = read("SELECT name, x.a FROM items JOIN nowhere x ON x.id = items.id")

    assert found.problem == "relation nowhere does not exist"
    assert [each.reads for each in found.uses or ()] == [("id", "name")]


def test_nothing_is_claimed_where_nothing_is_known() -> None:
    """A table of another database would count as an understood statement without uses."""
    assert read("SELECT a FROM nowhere").uses is None


def test_many_problems_are_cut() -> None:
    """A statement of another application would fill the report."""
    columns = ", ".join(f"items.x{n}" for n in range(50))
    text = f"TABLE items ORDER BY {columns}"

    assert (read(text).problem or "").endswith("; and 47 more")


def test_names_follow_the_search_path() -> None:
    """In a schema per customer the wrong table would be judged."""
    both = msgspec.structs.replace(
        SHOP,
        search_path=("audit", "public"),
        relations=(*SHOP.relations, table("items", "id other", schema="audit")),
    )

    found = read("SELECT other FROM items", both)

    assert [(u.relation, u.reads) for u in found.uses or ()] == [("audit.items", ("other",))]


def test_a_common_table_hides_a_relation_and_not_from_itself() -> None:
    """``WITH items AS (SELECT * FROM items)`` reads the table, and what follows does not."""
    text = "WITH items AS (SELECT id, name FROM items WHERE stock > 0) SELECT name FROM items"

    assert use(text, "public.items").reads == ("stock", "id", "name")


def test_a_function_can_stand_where_a_column_could() -> None:
    """``i.label`` with a function ``label(items)`` would be called an unknown column."""
    catalog = msgspec.structs.replace(
        SHOP,
        functions=(
            Function(schema="public", name="label", kind="function", arguments=("public.items",)),
        ),
        sequences=(Sequence(schema="public", name="items_id_seq", type="bigint"),),
    )

    found = read("SELECT i.label, s.last_value FROM items i, items_id_seq s", catalog)

    assert found.problem is None
    assert [call.name for call in found.functions] == ["label"]


def test_statements_keep_their_identity_and_get_texts_a_server_can_prepare() -> None:
    """The same statement of two sources would be two, or could not be tried on the new schema."""
    texts = (
        StatementText(text="SELECT name FROM items WHERE id = ?", source="a.sql:1", calls=3),
        StatementText(text="SEL", source="b", problem="it is cut off"),
        StatementText(text="SELECT x FROM items", source="c", parameters=("text",)),
    )

    first, second, third = understand(texts, SHOP)

    assert (first.id, first.text, first.calls, first.worked) == (
        texts[0].id,
        "SELECT name FROM items WHERE id = $1",
        3,
        None,
    )
    assert (second.uses, second.problem, second.understood) == (None, "it is cut off", False)
    assert (third.problem, third.parameters) == ("column x of items does not exist", ("text",))


def test_several_statements_in_one_text_are_taken_together() -> None:
    """What follows the first semicolon would go unseen."""
    found = read("DELETE FROM orders; UPDATE items SET stock = 0")

    assert [each.relation for each in found.uses or ()] == ["public.orders", "public.items"]


def test_a_catalog_is_indexed_once() -> None:
    """Five hundred statements on a hundred tables would take as many readings of the catalog."""
    again = msgspec.structs.replace(SHOP, relations=(table("items", "other"),))

    assert read("SELECT name FROM items", SHOP).problem is None
    assert read("SELECT name FROM items", again).problem is not None
    assert read("SELECT name FROM items", SHOP).problem is None
