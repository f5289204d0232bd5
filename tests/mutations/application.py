"""The old version of the shop: every statement it has, with the values it really uses.

The labels of the mutations come from running this on the changed database. What the judged code is
shown are the statements' texts alone.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
_UTC = dt.UTC
STATES = {"new", "paid", "shipped"}
_INT = 2**31


def _anything(_: Row) -> bool:
    return True


@dataclass(frozen=True)
class Act:
    """One statement with one set of values; ``holds`` is what the application assumes of a row.

    ``volatile`` columns differ from run to run (keys from sequences, the time of day).
    """

    sql: str
    values: tuple[Any, ...] = ()
    holds: Callable[[Row], bool] = _anything
    volatile: frozenset[str] = field(default_factory=frozenset)


def _volatile(*names: str) -> frozenset[str]:
    return frozenset(names)


ACTS: tuple[Act, ...] = (
    # customers
    Act(
        "INSERT INTO customers (email, name, nickname, born) VALUES ($1, $2, $3, $4) RETURNING id",
        ("zoe@example.org", "Zoe the customer with a long name", None, None),
        lambda r: isinstance(r["id"], int),
        _volatile("id"),
    ),
    Act(
        "SELECT id, email, name, nickname, born, settings, created_at FROM customers "
        "WHERE email = $1",
        ("ada@example.org",),
        lambda r: len(r["name"]) <= 40 and isinstance(r["settings"], dict),
    ),
    Act(
        "SELECT name, born FROM customers ORDER BY name",
        (),
        lambda r: r["name"] is not None,
    ),
    Act("UPDATE customers SET nickname = $2 WHERE id = $1", (3, None)),
    Act(
        "UPDATE customers SET settings = $2, vip = $3 WHERE id = $1",
        (1, json.dumps({"news": False}), True),
    ),
    Act(
        "SELECT c.name, o.total, state, placed_at FROM customers c "
        "JOIN orders o ON o.customer_id = c.id WHERE c.id = $1 ORDER BY placed_at",
        (1,),
        lambda r: r["state"] in STATES,
    ),
    Act("SELECT settings ->> 'news' AS news FROM customers WHERE id = $1", (1,)),
    Act("SELECT id, email FROM regular_customers ORDER BY id", (), lambda r: "@" in r["email"]),
    Act("DELETE FROM customers WHERE id = $1", (3,)),
    # products
    Act(
        "INSERT INTO products (sku, title, price, stock) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (sku) DO UPDATE SET price = excluded.price, stock = excluded.stock",
        ("TEA-1", "Green tea", Decimal("5.25"), 3),
    ),
    Act(
        "INSERT INTO products (sku, title, price, weight, tags, note, shelf) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        ("SPOON-1", "Spoon", Decimal("1.10"), 0.05, ["steel"], None, "B1"),
        lambda r: r["id"] < _INT,
        _volatile("id"),
    ),
    Act(
        "SELECT id, sku, title, price, weight, tags, stock, note, slug FROM products "
        "WHERE stock >= $1 ORDER BY id",
        (0,),
        lambda r: isinstance(r["price"], Decimal) and r["id"] < _INT and r["stock"] < _INT,
    ),
    Act("SELECT title FROM products WHERE $1 = ANY (tags)", ("tea",)),
    Act("UPDATE products SET stock = stock - $2 WHERE id = $1", (1, 2)),
    Act("UPDATE products SET note = $2, shelf = $3 WHERE sku = $1", ("TEA-2", "x" * 300, "C3")),
    Act("SELECT * FROM products WHERE sku = $1", ("CUP-1",)),
    Act("SELECT reduced(price, $2) AS price FROM products WHERE sku = $1", ("CUP-1", 25)),
    # orders
    Act(
        "INSERT INTO orders (customer_id, total) VALUES ($1, $2) RETURNING id, state",
        (2, Decimal("19.99")),
        lambda r: r["state"] == "new",
        _volatile("id"),
    ),
    Act(
        "INSERT INTO orders (customer_id, state, shipped_on, due, remark) "
        "VALUES ($1, $2, $3, $4, $5)",
        (1, "shipped", dt.date(2026, 3, 2), dt.datetime(2026, 3, 4, 12, 5), "y" * 150),  # noqa: DTZ001 - the column has no zone
    ),
    Act(
        "INSERT INTO order_lines (order_id, line, product_id, quantity) VALUES ($1, $2, $3, $4)",
        (1, 2, 3, 4),
    ),
    Act("UPDATE orders SET state = 'paid', total = $2 WHERE id = $1", (1, Decimal("10.05"))),
    Act("UPDATE orders SET remark = $2 WHERE id = $1", (2, None)),
    Act(
        "SELECT id, state, placed_at, shipped_on, due, total, remark FROM orders "
        "WHERE state = $1 ORDER BY id",
        ("new",),
        lambda r: r["state"] in STATES,
    ),
    Act(
        "SELECT id, state, due FROM orders ORDER BY state, id",
        (),
        lambda r: r["state"] in STATES,
    ),
    Act("SELECT order_total($1) AS total", (1,)),
    Act("SELECT name, total FROM order_overview ORDER BY id", ()),
    Act(
        "SELECT o.id, line, quantity, title FROM orders o JOIN order_lines l ON l.order_id = o.id "
        "JOIN products p ON p.id = l.product_id WHERE o.id = $1 ORDER BY line",
        (1,),
        lambda r: r["quantity"] < 2**15,
    ),
    Act("DELETE FROM order_lines WHERE order_id = $1 AND line = $2", (2, 1)),
    Act("DELETE FROM orders WHERE id = $1", (3,)),
    # carts
    Act(
        "INSERT INTO carts (session, customer_id, items, raw) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT ON CONSTRAINT carts_pkey DO UPDATE SET items = excluded.items",
        ("22222222-2222-2222-2222-222222222222", None, json.dumps([]), json.dumps({"v": 1})),
    ),
    Act(
        "SELECT session, items, raw, updated_at FROM carts WHERE session = $1",
        ("11111111-1111-1111-1111-111111111111",),
        lambda r: isinstance(r["items"], list) and isinstance(r["updated_at"], dt.datetime),
    ),
    Act("DELETE FROM carts WHERE updated_at < $1", (dt.datetime(2020, 1, 1),)),  # noqa: DTZ001 - the column has no zone
    # coupons
    Act(
        "INSERT INTO coupons (code, reduction, kind, label) VALUES ($1, $2, 'gift', $3)",
        ("BIRTHDAY", 100, None),
    ),
    Act(
        "INSERT INTO coupons (code, reduction, kind) VALUES ($1, $2, 'sale') "
        "ON CONFLICT (code) DO NOTHING",
        ("SPRING", 10),
    ),
    Act("UPDATE coupons SET uses = uses + 1 WHERE code = $1 RETURNING uses, reduction", ("GIFT",)),
    Act(
        "SELECT code, kind, label, reduction FROM coupons ORDER BY code",
        (),
        lambda r: r["kind"] in {"gift", "sale"},
    ),
    # events, statistics
    Act(
        "INSERT INTO events (at, kind, payload) VALUES ($1, $2, $3)",
        (dt.datetime(2026, 5, 1, tzinfo=_UTC), "view", json.dumps({"page": 1})),
    ),
    Act(
        "INSERT INTO events (at, kind, payload) VALUES ($1, $2, $3)",
        (dt.datetime(2025, 5, 1, tzinfo=_UTC), "import", None),
    ),
    Act("SELECT kind, count(*) AS number FROM events GROUP BY kind ORDER BY kind", ()),
    Act(
        "INSERT INTO stats.visits (day, visits) VALUES ($1, 1) "
        "ON CONFLICT (day) DO UPDATE SET visits = visits.visits + 1",
        (dt.date(2026, 3, 1),),
    ),
    Act("SELECT visits FROM stats.visits WHERE day = $1", (dt.date(2026, 3, 1),)),
    Act("SELECT what FROM audit ORDER BY id", ()),
    # bills
    Act(
        "INSERT INTO bills (number, order_id, net, sent_to) "
        "VALUES (nextval('bill_numbers'), $1, $2, $3) RETURNING number",
        (3, Decimal("0.00"), None),
        lambda r: isinstance(r["number"], int),
        _volatile("number"),
    ),
    Act(
        "SELECT nextval('bill_numbers') AS one, nextval('bill_numbers') AS other",
        (),
        lambda r: r["other"] - r["one"] == 1,
        _volatile("one", "other"),
    ),
    Act("SELECT billed($1) AS billed", (1,)),
    Act("SELECT rows_of_drafts() AS drafts", ()),
    Act("CALL settle($1)", (2,)),
    Act("SELECT (parcel).width FROM bills WHERE sent_to = $1", ("ada@example.org",)),
    Act("SELECT number, net FROM open_bills ORDER BY number", ()),
    Act("UPDATE bills SET net = $2, sent_to = $3 WHERE number = $1", (3, Decimal("4.00"), None)),
)

STATEMENTS = tuple(dict.fromkeys(act.sql for act in ACTS))
"""The texts, as a tool that knows the whole workload sees them."""
