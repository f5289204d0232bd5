"""Pairs in which a loss is easily overlooked: what is gone looks alike, or only some of it goes."""

# ruff: noqa: S608 - these texts are SQL of ours, in lines that fit the page
from collections.abc import Iterator

from tests.integration.reversals.pairs import ITEM, OWNERS, Pair, script

_IDS = "SELECT id FROM featured"
_FLAGS = "SELECT id, flag FROM items"
_PRICES = "SELECT id, price FROM items"
_NOTES = "SELECT id, note FROM items"
_AN_OWNER = "INSERT INTO owners VALUES (60, 'zed@x', '1')"


def _tables() -> Iterator[Pair]:
    yield Pair(
        "a table of nothing but keys that are elsewhere too",
        "CREATE TABLE featured (id int PRIMARY KEY REFERENCES items)",
        "DROP TABLE featured",
        ("INSERT INTO featured VALUES (2)",),
        ((_IDS, None),),
    )
    yield Pair(
        "a table whose rows stand in another too",
        "CREATE TABLE featured AS SELECT id, name FROM items",
        "DROP TABLE featured",
        ("INSERT INTO featured VALUES (44, 'alone')",),
        (("SELECT id, name FROM featured", None),),
    )
    yield Pair(
        "a table without columns",
        "CREATE TABLE featured ()",
        "DROP TABLE featured",
        ("INSERT INTO featured DEFAULT VALUES",),
        (("SELECT 1 FROM featured", None),),
    )
    yield Pair(
        "two tables cut out of one, and back",
        script(
            "CREATE TABLE known (id int PRIMARY KEY, email text NOT NULL UNIQUE, phone text)",
            "CREATE TABLE unknown (LIKE known INCLUDING ALL)",
            "INSERT INTO known SELECT * FROM owners WHERE phone IS NOT NULL",
            "INSERT INTO unknown SELECT * FROM owners WHERE phone IS NULL",
            "ALTER TABLE items DROP CONSTRAINT items_owner_id_fkey",
            "DROP TABLE owners",
        ),
        script(
            "CREATE TABLE owners (id int PRIMARY KEY, email text NOT NULL UNIQUE, phone text)",
            "INSERT INTO owners SELECT * FROM known UNION SELECT * FROM unknown",
            "ALTER TABLE items ADD CONSTRAINT items_owner_id_fkey FOREIGN KEY (owner_id) "
            "REFERENCES owners ON DELETE CASCADE",
            "DROP TABLE known, unknown",
        ),
        ("INSERT INTO known VALUES (9, 'i@x')", "INSERT INTO unknown VALUES (9, 'i@x')"),
        (("SELECT id, email FROM known UNION ALL SELECT id, email FROM unknown",
          "SELECT id, email FROM owners"),),
    )  # fmt: skip
    yield Pair(
        "rows added to a table that was there, in place of their own",
        "CREATE TABLE shadow (LIKE owners INCLUDING ALL)",
        "INSERT INTO owners SELECT * FROM shadow ON CONFLICT DO NOTHING; DROP TABLE shadow",
        ("INSERT INTO shadow VALUES (1, 'other@x')",),
        (("SELECT id, email FROM shadow", "SELECT id, email FROM owners"),),
    )


def _narrowed() -> Iterator[Pair]:
    for type_ in ("int", "numeric(10,1)", "real"):
        yield Pair(
            f"a column replaced by one of {type_}",
            script(
                "DROP VIEW cheap",
                f"ALTER TABLE items ADD COLUMN cost {type_}",
                "UPDATE items SET cost = price",
                "ALTER TABLE items DROP COLUMN price",
            ),
            script(
                "ALTER TABLE items ADD COLUMN price numeric(10, 2)",
                "UPDATE items SET price = cost",
                "ALTER TABLE items DROP COLUMN cost",
                "CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 10",
            ),
            (_AN_OWNER,),
            (("SELECT 1 FROM items WHERE false", _PRICES),),
        )
    for cast in ("price::int", "round(price, 1)", "price::real::numeric(10, 2)"):
        up = f"UPDATE items SET price = {cast}"
        kept = (("SELECT 1 FROM items WHERE false", _PRICES),)
        yield Pair(f"up cuts prices by {cast}", up, "SELECT 1", (_AN_OWNER,), kept)
        yield Pair(
            f"down cuts prices by {cast}",
            "CREATE INDEX fresh ON items (price)",
            f"{up}; DROP INDEX fresh",
            ("UPDATE items SET price = 7.77 WHERE id = 2",),
            ((_PRICES, _PRICES),),
        )


def _elsewhere() -> Iterator[Pair]:
    yield Pair(
        "a flag of which another table has one by the same name",
        "ALTER TABLE owners ADD COLUMN flag boolean NOT NULL DEFAULT false",
        "ALTER TABLE owners DROP COLUMN flag",
        ("INSERT INTO owners VALUES (2000, 'f@x', NULL, true)",),
        (("SELECT id, flag FROM owners", None),),
    )
    join = "UPDATE items SET note = o.phone FROM owners AS o WHERE o.email = items.name"
    yield Pair(
        "down overwrites what happens to match",
        "CREATE INDEX fresh ON items (code)",
        f"{join}; DROP INDEX fresh",
        ("UPDATE items SET name = 'ann@x' WHERE id = 2",),
        ((_NOTES, _NOTES),),
    )
    for condition in ("flag AND qty IS NOT NULL", "flag", "NOT flag", "code IS NULL OR flag"):
        yield Pair(
            f"moved back where {condition}",
            script(
                "ALTER TABLE items ADD COLUMN fresh text",
                "UPDATE items SET fresh = note",
                "ALTER TABLE items DROP COLUMN note",
            ),
            script(
                "ALTER TABLE items ADD COLUMN note text",
                f"UPDATE items SET note = fresh WHERE {condition}",
                "ALTER TABLE items DROP COLUMN fresh",
            ),
            ("UPDATE items SET fresh = 'one', code = 'c', flag = false WHERE id = 1",
             "UPDATE items SET fresh = 'two', code = 'c', flag = true WHERE id = 2"),
            (("SELECT id, fresh FROM items", _NOTES),),
        )  # fmt: skip
    trigger = script(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.qty = 31337 THEN RETURN NULL; END IF; RETURN NEW; END'",
        "CREATE TRIGGER t BEFORE INSERT ON copies FOR EACH ROW EXECUTE FUNCTION f()",
    )
    yield Pair(
        "a trigger that lets some rows through",
        script("ALTER TABLE items RENAME TO goods"),
        script(
            "CREATE TABLE copies (LIKE goods INCLUDING ALL)",
            trigger,
            "INSERT INTO copies SELECT * FROM goods",
            "DROP TABLE goods CASCADE",
            "DROP TRIGGER t ON copies",
            "DROP FUNCTION f()",
            "ALTER TABLE copies RENAME TO items",
        ),
        ("UPDATE goods SET qty = 31337 WHERE id = 2",),
        (("SELECT id, qty FROM goods", "SELECT id, qty FROM items"),),
    )
    yield Pair(
        "rows of one partition",
        script(
            "CREATE TABLE log (id int, day int) PARTITION BY LIST (day)",
            "CREATE TABLE log_1 PARTITION OF log FOR VALUES IN (1)",
        ),
        "DROP TABLE log",
        ("INSERT INTO log VALUES (5, 1)",),
        (("SELECT id FROM log", None),),
    )
    yield Pair(
        "a generated column made an ordinary one",
        "ALTER TABLE owners ADD COLUMN mail text GENERATED ALWAYS AS (lower(email)) STORED; "
        "ALTER TABLE owners ALTER COLUMN mail DROP EXPRESSION",
        "ALTER TABLE owners DROP COLUMN mail",
        ("UPDATE owners SET mail = 'by hand' WHERE id = 1",),
        (("SELECT mail FROM owners WHERE mail <> lower(email)", None), (OWNERS, OWNERS)),
    )
    yield Pair(
        "a column swapped for a generated one",
        "ALTER TABLE items DROP COLUMN code; ALTER TABLE items ADD COLUMN code varchar(20) "
        "GENERATED ALWAYS AS (left(name, 20)) STORED",
        "ALTER TABLE items ALTER COLUMN code DROP EXPRESSION",
        (ITEM,),
        (("SELECT 1 FROM items WHERE false", "SELECT id, code FROM items"),),
    )


def traps() -> tuple[Pair, ...]:
    """Give these pairs; names are unique."""
    return (*_tables(), *_narrowed(), *_elsewhere())
