"""What we say a statement touches against what PostgreSQL itself notes of it.

The server records for a function with a parsed body (BEGIN ATOMIC) every column it depends on.
"""

import re
from collections.abc import Iterator

import psycopg
import pytest

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.usage.statement import uses_of
from smartspec_rollback.providers.sql_text import statements

Session = psycopg.Connection[tuple[object, ...]]
Columns = set[tuple[str, str]]

SCHEMA = """
CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE users (id bigint PRIMARY KEY, login text UNIQUE, email text, mood mood, tags text[]);
CREATE TABLE items (id bigint PRIMARY KEY, name text, price numeric, stock int, note jsonb);
CREATE TABLE orders (id bigint PRIMARY KEY, item_id bigint, buyer bigint, state text,
  at timestamptz);
CREATE TABLE parts (order_id bigint, item_id bigint, amount int, PRIMARY KEY (order_id, item_id));
CREATE TABLE audit.events (id bigint, payload jsonb);
CREATE VIEW open_orders AS SELECT id, buyer, at FROM orders WHERE state = 'open';
"""

TEXTS = """
SELECT name FROM items WHERE price > $1;
SELECT i.name, count(*) FROM items i GROUP BY i.name HAVING sum(i.stock) > $1 ORDER BY 2;
SELECT * FROM users;
SELECT u.*, o.state FROM users u LEFT JOIN orders o ON o.buyer = u.id;
SELECT id, login FROM users WHERE mood = 'ok' AND tags @> $1 ORDER BY login LIMIT $2;
SELECT login FROM users WHERE email ILIKE $1 OR login = ANY ($2);
SELECT amount FROM orders JOIN parts ON orders.id = order_id;
SELECT state, amount FROM orders JOIN parts USING (item_id);
SELECT * FROM orders NATURAL JOIN users;
SELECT j.item_id FROM orders o JOIN parts p USING (item_id) AS j WHERE p.amount > 1;
SELECT buyer FROM open_orders WHERE at > now() - interval '1 day';
SELECT (SELECT login FROM users u WHERE u.id = o.buyer) FROM orders o;
SELECT 1 FROM items i WHERE EXISTS (SELECT 1 FROM orders o WHERE o.item_id = i.id AND state =
  name);
SELECT id FROM items WHERE id NOT IN (SELECT item_id FROM orders WHERE buyer = $1);
SELECT x.n FROM (SELECT name AS n, stock FROM items) x WHERE x.stock > 0;
SELECT l.state FROM users u CROSS JOIN LATERAL (SELECT state FROM orders WHERE buyer = u.id) l;
SELECT e.key FROM items, jsonb_each(note) e WHERE e.value = $1;
SELECT t FROM users, unnest(tags) AS t WHERE t <> login;
SELECT row_to_json(u) FROM users u;
SELECT row_to_json(x) FROM (SELECT id, name FROM items) x;
SELECT (u).login, (u).mood FROM users u;
SELECT u.login || $1 FROM public.users u;
SELECT array(SELECT name FROM items WHERE stock = o.item_id) FROM orders o;
SELECT CASE mood WHEN 'ok' THEN login ELSE email END FROM users;
SELECT coalesce(name, 'x'), nullif(stock, 0), greatest(price, 1), name IS NULL FROM items;
SELECT rank() OVER (PARTITION BY buyer ORDER BY at DESC) FROM orders;
SELECT sum(stock) OVER w FROM items WINDOW w AS (ORDER BY price);
SELECT count(*) FILTER (WHERE state = 'open') FROM orders;
SELECT string_agg(name, ',' ORDER BY price) FROM items;
SELECT state, buyer FROM orders GROUP BY GROUPING SETS ((state), (buyer));
SELECT date_trunc('day', at) AS day, count(*) FROM orders GROUP BY day ORDER BY day;
SELECT DISTINCT ON (buyer) buyer, at FROM orders ORDER BY buyer, id DESC;
SELECT login FROM users UNION SELECT name FROM items ORDER BY login;
SELECT id FROM items EXCEPT (SELECT item_id FROM orders INTERSECT SELECT item_id FROM parts);
WITH x AS (SELECT id, buyer FROM orders) SELECT login FROM users JOIN x ON x.buyer = users.id;
WITH x(a, b) AS (SELECT id, state FROM orders) SELECT b FROM x WHERE a = $1;
WITH RECURSIVE t AS (SELECT id, item_id FROM orders WHERE id = $1 UNION ALL SELECT o.id,
  o.item_id FROM orders o JOIN t ON o.id = t.item_id) SELECT count(*) FROM t;
WITH items AS (SELECT id FROM items WHERE stock > 0) SELECT id FROM items;
SELECT name FROM items FOR UPDATE;
SELECT name FROM items TABLESAMPLE SYSTEM (10);
SELECT i.name FROM (items i JOIN orders o ON o.item_id = i.id) WHERE o.state = 'x';
SELECT k.b FROM (items JOIN parts ON items.id = parts.item_id) AS k(a, b);
SELECT v.column1, login FROM (VALUES (1), (2)) v JOIN users ON users.id = v.column1;
SELECT note ->> 'a', note #>> '{b,c}', note ? 'k' FROM items;
SELECT tags[1], tags[1:2] FROM users;
SELECT id::text, CAST(price AS int), login COLLATE "C" FROM items JOIN users USING (id);
SELECT extract(epoch FROM at), at AT TIME ZONE 'UTC' FROM orders;
SELECT payload FROM audit.events;
SELECT ctid FROM users;
INSERT INTO users (id, login) VALUES ($1, $2);
INSERT INTO parts VALUES ($1, $2, $3), ($4, $5, $6);
INSERT INTO users (id, login) VALUES ($1, $2) RETURNING email;
INSERT INTO audit.events (id, payload) SELECT id, note FROM items WHERE stock < $1;
INSERT INTO users (id, login) VALUES ($1, $2) ON CONFLICT (login) DO NOTHING;
INSERT INTO items VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET stock = items.stock
  + excluded.stock WHERE items.price > 0;
UPDATE items SET stock = stock - 1, note = NULL WHERE id = $1;
UPDATE orders SET (state, at) = ('x', now()) WHERE buyer = $1 RETURNING item_id;
UPDATE orders o SET state = i.name FROM items i WHERE i.id = o.item_id AND i.stock = 0;
UPDATE orders SET (state, buyer) = (SELECT login, id FROM users u WHERE u.id = orders.buyer);
UPDATE users SET tags[1] = $1 WHERE login = $2;
DELETE FROM orders WHERE at < $1;
DELETE FROM parts p USING orders o WHERE p.order_id = o.id AND o.state = 'gone' RETURNING
  p.amount;
WITH gone AS (DELETE FROM orders WHERE state = 'old' RETURNING id, buyer) INSERT INTO
  audit.events (id) SELECT buyer FROM gone;
MERGE INTO items i USING parts p ON i.id = p.item_id WHEN MATCHED AND p.amount > 0 THEN UPDATE
  SET stock = p.amount WHEN NOT MATCHED THEN INSERT (id, name) VALUES (p.item_id, 'x');
"""

STATEMENTS = tuple(" ".join(piece.text.split()) for piece in statements(TEXTS))

NOTED = """
SELECT n.nspname || '.' || r.relname, a.attname
FROM pg_depend d
JOIN pg_class r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
JOIN pg_namespace n ON n.oid = r.relnamespace
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_proc'::regclass AND d.objid = 'seen'::regproc AND d.refobjsubid > 0
"""

COLUMNS = """
SELECT n.nspname, r.relname, a.attname, a.attnum
FROM pg_attribute a
JOIN pg_class r ON r.oid = a.attrelid
JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname IN ('public', 'audit') AND r.relkind IN ('r', 'v') AND a.attnum > 0
ORDER BY a.attnum
"""


@pytest.fixture(scope="module")
def shop(scratch: Scratch) -> Iterator[tuple[Session, Catalog]]:
    """Make the schema once, and a Catalog of it with nothing but relations and columns."""
    with scratch.database() as url, psycopg.connect(url, autocommit=True) as session:
        session.execute(SCHEMA)
        found: dict[tuple[str, str], list[Column]] = {}
        for schema, relation, name, position in session.execute(COLUMNS):
            column = Column(name=str(name), type="", nullable=True, position=int(str(position)))
            found.setdefault((str(schema), str(relation)), []).append(column)
        relations = tuple(
            Relation(schema=schema, name=name, kind=RelationKind.TABLE, columns=tuple(columns))
            for (schema, name), columns in found.items()
        )
        yield (
            session,
            Catalog(kind="postgresql", version="18", search_path=("public",), relations=relations),
        )


def noted(session: Session, text: str) -> Columns:
    """Ask the server for the columns a statement depends on."""
    with session.transaction(force_rollback=True):
        session.execute(f"PREPARE p AS {text}".encode())
        row = session.execute(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'p'"
        ).fetchone()
        session.execute("DEALLOCATE p")
        types = ", ".join(row[0]) if row is not None and isinstance(row[0], list) else ""
        head = f"CREATE FUNCTION seen({types}) RETURNS void LANGUAGE sql BEGIN ATOMIC"
        session.execute(f"{head} {text}; END".encode())
        return {(str(a), str(b)) for a, b in session.execute(NOTED)}


def told(text: str, catalog: Catalog) -> Columns:
    """Take the columns we say it touches."""
    found = uses_of(text, catalog)
    assert found.problem is None
    columns: Columns = set()
    for use in found.uses or ():
        columns |= {(use.relation, name) for name in use.touched}
        relation = catalog.relation(use.relation)
        if use.inserts and use.inserted is None and relation is not None:
            columns |= {(use.relation, column.name) for column in relation.columns}
    return columns


@pytest.mark.parametrize("text", STATEMENTS)
def test_every_column_the_server_depends_on_is_told(
    shop: tuple[Session, Catalog], text: str
) -> None:
    """A column we overlook could be dropped under the old version and be called unused."""
    session, catalog = shop

    assert noted(session, text) - told(text, catalog) == set()


# Of a whole row the server notes the table only, and of MERGE not what it writes.
PRECISE = [t for t in STATEMENTS if not re.search(r"MERGE|json\(u\)", t)]


@pytest.mark.parametrize("text", PRECISE)
def test_no_column_is_told_that_the_server_does_not_depend_on(
    shop: tuple[Session, Catalog], text: str
) -> None:
    """Dropping a column nobody uses would be called breaking."""
    session, catalog = shop

    assert told(text, catalog) - noted(session, text) == set()
