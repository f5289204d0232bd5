"""More pairs: constraints, what holds no rows, tables, values treated differently, several."""
# ruff: noqa: S608, ISC004 - these texts are SQL of ours, in lines that fit the page

from collections.abc import Iterator
from itertools import combinations

from tests.integration.reversals.pairs import ALL, ITEM, KEPT, OWNERS, VIEW, Pair, script

_AN_OWNER = "INSERT INTO owners VALUES (60, 'zed@x', '1')"
_NOTE = "ALTER TABLE items RENAME COLUMN note TO remark"

# name, up, down, a write that only the new schema takes
_DEMANDS = [
    ("NOT NULL of qty", "ALTER TABLE items ALTER COLUMN qty DROP NOT NULL",
     "ALTER TABLE items ALTER COLUMN qty SET NOT NULL", "UPDATE items SET qty = NULL WHERE id = 2"),
    ("NOT NULL of flag", "ALTER TABLE items ALTER COLUMN flag DROP NOT NULL",
     "ALTER TABLE items ALTER COLUMN flag SET NOT NULL", "UPDATE items SET flag = NULL"),
    ("NOT NULL of email", "ALTER TABLE owners ALTER COLUMN email DROP NOT NULL",
     "ALTER TABLE owners ALTER COLUMN email SET NOT NULL", "INSERT INTO owners VALUES (61, NULL)"),
    ("CHECK", "ALTER TABLE items DROP CONSTRAINT items_qty_check",
     "ALTER TABLE items ADD CONSTRAINT items_qty_check CHECK (qty > -100)",
     "UPDATE items SET qty = -500 WHERE id = 2"),
    ("UNIQUE", "ALTER TABLE owners DROP CONSTRAINT owners_email_key",
     "ALTER TABLE owners ADD CONSTRAINT owners_email_key UNIQUE (email)",
     "INSERT INTO owners VALUES (62, 'ann@x')"),
    ("foreign key", "ALTER TABLE items DROP CONSTRAINT items_owner_id_fkey",
     "ALTER TABLE items ADD CONSTRAINT items_owner_id_fkey FOREIGN KEY (owner_id) "
     "REFERENCES owners ON DELETE CASCADE", "UPDATE items SET owner_id = 999 WHERE id = 2"),
    ("primary key", "ALTER TABLE items DROP CONSTRAINT items_pkey",
     "ALTER TABLE items ADD CONSTRAINT items_pkey PRIMARY KEY (id)",
     "INSERT INTO items (id) VALUES (1)"),
]  # fmt: skip
_REPAIRS = {
    "NOT NULL of qty": "UPDATE items SET qty = 0 WHERE qty IS NULL",
    "NOT NULL of flag": "UPDATE items SET flag = false WHERE flag IS NULL",
    "NOT NULL of email": "DELETE FROM owners WHERE email IS NULL",
    "CHECK": "UPDATE items SET qty = -99 WHERE qty < -99",
    "UNIQUE": "DELETE FROM owners AS o USING owners AS p WHERE o.email = p.email AND o.id > p.id",
    "foreign key": "UPDATE items SET owner_id = NULL "
    "WHERE NOT EXISTS (SELECT FROM owners AS o WHERE o.id = owner_id)",
    "primary key": "DELETE FROM items AS i USING items AS j WHERE i.id = j.id AND i.ctid > j.ctid",
}


def _demands() -> Iterator[Pair]:
    for name, up, down, write in _DEMANDS:
        for what, written in {"violated": write, "kept": _AN_OWNER}.items():
            yield Pair(f"drop {name}, {what}", up, down, (written,))
            yield Pair(f"drop {name}, {what}, repair", up, f"{_REPAIRS[name]}; {down}", (written,))
        yield Pair(f"drop {name}, empty down", up, "", (_AN_OWNER,))
    for name, constraint in {
        "CHECK": "CHECK (price >= 0)",
        "UNIQUE": "UNIQUE (code)",
        "FOREIGN KEY": "FOREIGN KEY (qty) REFERENCES owners NOT VALID",
        "EXCLUDE": "EXCLUDE (code WITH =)",
    }.items():
        add = f"ALTER TABLE items ADD CONSTRAINT fresh {constraint}"
        drop = "ALTER TABLE items DROP CONSTRAINT fresh"
        yield Pair(f"add {name}", add, drop, (_AN_OWNER,))
        yield Pair(f"add {name}, empty down", add, "", (_AN_OWNER,))
        yield Pair(f"add {name}, down deletes", add, f"{drop}; DELETE FROM items WHERE id = 2", ())
    for column in ("name", "note", "code"):
        fill = f"UPDATE items SET {column} = 'none' WHERE {column} IS NULL"
        up = f"{fill}; ALTER TABLE items ALTER COLUMN {column} SET NOT NULL"
        down = f"ALTER TABLE items ALTER COLUMN {column} DROP NOT NULL"
        some = (f"UPDATE items SET {column} = 'some' WHERE id = 1",)
        yield Pair(f"fill {column} and set NOT NULL", up, down, some)
        undo = f"UPDATE items SET {column} = NULL WHERE {column} = 'none'"
        none = (f"UPDATE items SET {column} = 'none' WHERE id = 1",)
        yield Pair(f"fill {column} and undo by the value", up, f"{down}; {undo}", none)
        yield Pair(f"fill {column} and undo by the value, unseen", up, f"{down}; {undo}", some)


# name, up, down: nothing that holds rows is touched
_HARMLESS = [
    ("index", "CREATE INDEX fresh ON items (code)", "DROP INDEX fresh"),
    ("unique index", "CREATE UNIQUE INDEX fresh ON items (id, code)", "DROP INDEX fresh"),
    ("dropped index", "DROP INDEX items_name", "CREATE INDEX items_name ON items (name)"),
    ("concurrent index", "CREATE INDEX CONCURRENTLY fresh ON items (qty)",
     "DROP INDEX CONCURRENTLY fresh"),
    ("default", "ALTER TABLE items ALTER COLUMN qty SET DEFAULT 7",
     "ALTER TABLE items ALTER COLUMN qty SET DEFAULT 1"),
    ("view", "CREATE VIEW fresh AS SELECT id FROM items", "DROP VIEW fresh"),
    ("reshaped view", "DROP VIEW cheap; CREATE VIEW cheap AS SELECT id FROM items",
     f"DROP VIEW cheap; {VIEW}"),
    ("function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'",
     "DROP FUNCTION f()"),
    ("sequence", "CREATE SEQUENCE fresh", "DROP SEQUENCE fresh"),
    ("comment", "COMMENT ON TABLE items IS 'goods'", "COMMENT ON TABLE items IS NULL"),
    ("grant", "GRANT SELECT ON items TO PUBLIC", "REVOKE SELECT ON items FROM PUBLIC"),
    ("policy", "ALTER TABLE items ENABLE ROW LEVEL SECURITY; "
     "CREATE POLICY p ON items USING (true)",
     "DROP POLICY p ON items; ALTER TABLE items DISABLE ROW LEVEL SECURITY"),
    ("type", "CREATE TYPE fresh AS ENUM ('a')", "DROP TYPE fresh"),
    ("statistics", "ALTER TABLE items ALTER COLUMN qty SET STATISTICS 200",
     "ALTER TABLE items ALTER COLUMN qty SET STATISTICS -1"),
    ("harmless trigger", "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
     "'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE UPDATE ON items FOR EACH ROW "
     "EXECUTE FUNCTION f()", "DROP TRIGGER t ON items; DROP FUNCTION f()"),
    ("transaction", "BEGIN; CREATE INDEX fresh ON items (code); COMMIT",
     "BEGIN; DROP INDEX fresh; COMMIT"),
]  # fmt: skip


def _harmless() -> Iterator[Pair]:
    for name, up, down in _HARMLESS:
        yield Pair(name, up, down, (ITEM, _AN_OWNER))
        yield Pair(f"{name}, empty down", up, "-- nothing\n", (ITEM,))
        yield Pair(f"{name}, twice down", up, f"{down}; {down}", (ITEM,))


_TABLE = "CREATE TABLE tags (id int PRIMARY KEY, item_id int REFERENCES items, word text)"
_TAG = "INSERT INTO tags VALUES (1, 2, 'red')"
_TAGS = "SELECT id, item_id, word FROM tags"


def _tables() -> Iterator[Pair]:
    yield Pair("add a table", _TABLE, "DROP TABLE tags", (_TAG,), ((_TAGS, None),))
    yield Pair("add a table, unused", _TABLE, "DROP TABLE tags", (), ((_TAGS, None),))
    yield Pair("add a table, empty down", _TABLE, "", (_TAG,))
    yield Pair(
        "add a table, kept as text",
        f"{_TABLE}; CREATE INDEX tags_item ON tags (item_id)",
        "UPDATE items SET note = t.word FROM tags AS t WHERE t.item_id = items.id; DROP TABLE tags",
        (_TAG,),
        ((_TAGS, None), *KEPT),
    )
    drop = "DROP TABLE owners CASCADE"
    again = (
        "CREATE TABLE owners (id int PRIMARY KEY, email text NOT NULL UNIQUE, phone text)",
        "ALTER TABLE items ADD CONSTRAINT items_owner_id_fkey FOREIGN KEY (owner_id) "
        "REFERENCES owners ON DELETE CASCADE",
    )
    gone = (("SELECT 1 FROM items WHERE false", OWNERS),)
    yield Pair("drop a table", drop, script(*again), (ITEM,), gone)
    yield Pair(
        "drop a table with a backup",
        f"CREATE TABLE kept_owners AS SELECT * FROM owners; {drop}",
        script(again[0], "INSERT INTO owners SELECT * FROM kept_owners", again[1],
               "DROP TABLE kept_owners"),
        (ITEM,),
        gone,
    )  # fmt: skip
    yield Pair(
        "cut a table into partitions",
        "CREATE TABLE log (id int, day date) PARTITION BY RANGE (id); "
        "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (100)",
        "DROP TABLE log",
        ("INSERT INTO log VALUES (5, '2024-01-01')",),
        (("SELECT id FROM log", None),),
    )


# Downs that treat some values differently, and writes that have just these.
_VALUES = [
    ("deletes by a word", "DELETE FROM items WHERE note = 'obsolete'",
     "UPDATE items SET note = 'obsolete' WHERE id = 2"),
    ("deletes large", "DELETE FROM items WHERE qty > 876543", "UPDATE items SET qty = 876544"),
    ("deletes long", "DELETE FROM items WHERE length(name) BETWEEN 33 AND 36",
     "UPDATE items SET name = repeat('q', 34) WHERE id = 2"),
    ("deletes recent", "DELETE FROM items WHERE made > '2024-01-01' AND made < '2025-01-01'",
     "UPDATE items SET made = '2024-06-01' WHERE id = 2"),
    ("deletes by like", "DELETE FROM owners WHERE email LIKE '%@example.test'",
     "INSERT INTO owners VALUES (63, 'q@example.test')"),
    ("changes by a word", "UPDATE items SET note = 'n' WHERE note ~ '^zz+$'",
     "UPDATE items SET note = 'zzz' WHERE id = 2"),
    ("changes by a CASE", "UPDATE items SET code = CASE code WHEN 'Q-9' THEN 'Q-8' ELSE code END",
     "UPDATE items SET code = 'Q-9' WHERE id = 2"),
    ("trims", "UPDATE items SET name = btrim(name)", "UPDATE items SET name = ' led ' WHERE id=2"),
    ("lowers", "UPDATE owners SET email = lower(email)",
     "INSERT INTO owners VALUES (64, 'MiXed@x')"),
    ("rounds", "UPDATE items SET price = round(price)", "UPDATE items SET price = 3.99"),
    ("in a block", "DO $$ BEGIN DELETE FROM items WHERE qty = 4711; END $$",
     "UPDATE items SET qty = 4711 WHERE id = 2"),
    ("truncates", "TRUNCATE owners CASCADE", "INSERT INTO owners VALUES (65, 'm@x')"),
    ("in a function", "CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE sql AS "
     "'DELETE FROM items WHERE qty = 815'; SELECT pg_temp.f()",
     "UPDATE items SET qty = 815 WHERE id = 2"),
    ("in a WITH", "WITH gone AS (DELETE FROM items WHERE qty = 99 RETURNING id) "
     "SELECT count(*) FROM gone", "UPDATE items SET qty = 99 WHERE id = 2"),
    ("by a merge", "MERGE INTO items USING (SELECT 13 AS q) AS s ON items.qty = s.q "
     "WHEN MATCHED THEN DELETE", "UPDATE items SET qty = 13 WHERE id = 2"),
]  # fmt: skip


def _values() -> Iterator[Pair]:
    for name, statement, write in _VALUES:
        yield Pair(
            f"down {name}",
            "CREATE INDEX fresh ON items (code)",
            f"DROP INDEX fresh; {statement}",
            (write,),
        )
        yield Pair(
            f"down {name}, unseen", "CREATE INDEX fresh ON items (code)",
            f"{statement}; DROP INDEX fresh", (_AN_OWNER,),
        )  # fmt: skip
        yield Pair(f"up {name}", f"{write}; {statement}", "SELECT 1", (_AN_OWNER,))


_PARTS = [
    ("lossless", _NOTE, "ALTER TABLE items RENAME COLUMN remark TO note"),
    ("index", "CREATE INDEX fresh ON owners (phone)", "DROP INDEX fresh"),
    ("widened", "ALTER TABLE owners ADD COLUMN age int", "ALTER TABLE owners DROP COLUMN age"),
    ("type", "ALTER TABLE items ALTER COLUMN code TYPE text",
     "ALTER TABLE items ALTER COLUMN code TYPE varchar(20)"),
    ("demand", "ALTER TABLE owners DROP CONSTRAINT owners_email_key",
     "ALTER TABLE owners ADD CONSTRAINT owners_email_key UNIQUE (email)"),
    ("default", "ALTER TABLE items ALTER COLUMN flag SET DEFAULT true",
     "ALTER TABLE items ALTER COLUMN flag SET DEFAULT false"),
    ("table", _TABLE, "DROP TABLE tags"),
    ("check", "ALTER TABLE items ADD CONSTRAINT fresh_check CHECK (price >= 0)",
     "ALTER TABLE items DROP CONSTRAINT fresh_check"),
]  # fmt: skip
_PART_WRITES = {
    "widened": "INSERT INTO owners VALUES (66, 'e@x', NULL, 30)",
    "type": "UPDATE items SET code = repeat('k', 25) WHERE id = 2",
    "demand": "INSERT INTO owners (id, email) VALUES (67, 'ann@x')",
    "table": _TAG,
}


def _several() -> Iterator[Pair]:
    """Put two or three changes into one migration, reversed in the right order."""
    for size in (2, 3):
        for parts in combinations(_PARTS, size):
            names = [name for name, _, _ in parts]
            new = ALL.replace("note", "remark") if "lossless" in names else ALL
            kept: list[tuple[str, str | None]] = [(new, ALL), (OWNERS, OWNERS)]
            kept += [("SELECT age FROM owners WHERE age > 0", None)] if "widened" in names else []
            kept += [(_TAGS, None)] if "table" in names else []
            yield Pair(
                f"{' and '.join(names)}",
                script(*(up for _, up, _ in parts)),
                script(*(down for _, _, down in reversed(parts))),
                tuple(_PART_WRITES[name] for name in names if name in _PART_WRITES),
                tuple(kept),
            )


def demands() -> tuple[Pair, ...]:
    """Give these pairs; names are unique."""
    return (*_demands(), *_harmless(), *_tables(), *_values(), *_several())
