"""Old statements on changed databases of MySQL's and SQLite's kind: what is said, end to end.

Each case makes the old schema, records it with the old statements as the JSON people keep, changes
the schema, and compares.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from tests.mariadb import MariaDb

from smartspec_rollback import comparing
from smartspec_rollback.domain.comparison import Comparison, SchemaVerdict
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.engine import snapshot as snapshots
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock

SAFE, ATTENTION = SchemaVerdict.SAFE, SchemaVerdict.ATTENTION
UNKNOWN, BREAKING = SchemaVerdict.UNKNOWN, SchemaVerdict.BREAKING

OLD = (
    "CREATE TABLE shops (id integer PRIMARY KEY, city varchar(40) NOT NULL)",
    (
        "CREATE TABLE items (id integer PRIMARY KEY, name varchar(20) NOT NULL, price integer, "
        "note varchar(40), shop integer, CONSTRAINT named UNIQUE (name))"
    ),
    "INSERT INTO shops VALUES (1, 'Basel')",
    "INSERT INTO items VALUES (1, 'one', 10, NULL, 1), (2, 'two', 20, 'x', 1)",
)
STATEMENTS = (
    "SELECT i.id, i.name, i.price FROM items i JOIN shops s ON s.id = i.shop WHERE s.city = ?",
    "INSERT INTO items (id, name, price, shop) VALUES (?, ?, ?, ?)",
    "UPDATE items SET price = ? WHERE id = ?",
)
MYSQL_UPSERT = (
    "INSERT INTO items (id, name) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = VALUES(name)"
)


@dataclass(frozen=True)
class Place:
    """A database: its URL, and how a test changes it."""

    kind: str
    url: str
    run: Callable[..., None]


@pytest.fixture(params=["mysql", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Make the old schema in either kind of database."""
    if request.param == "mysql":
        server: MariaDb = request.getfixturevalue("mariadb")
        with server.database() as name:
            server.run(name, *OLD)
            yield Place("mysql", server.url(name), lambda *s: server.run(name, *s))
        return
    path = tmp_path / "shop.db"

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for each in statements:
                connection.execute(each)

    run(*OLD)
    yield Place("sqlite", f"sqlite:///{path}", run)


def recorded(place: Place, *statements: str) -> SchemaSnapshot:
    """Record a database with statements, there and back through JSON."""
    clock = SystemClock()
    taken = snapshots.take(
        comparing.database(place.url, clock=clock, look=comparing.Look()),
        snapshots.Wanted(remembered=False),
        texts=tuple(StatementText(text=t, source=f"file:{n}") for n, t in enumerate(statements)),
        gaps=(),
        at=clock.now(),
        deadline=Deadline.after(clock, 30),
    )
    return msgspec.json.decode(msgspec.json.encode(taken.snapshot), type=SchemaSnapshot)


def judged(before: SchemaSnapshot, place: Place) -> Comparison:
    """Compare what was recorded with the live database."""
    clock = SystemClock()
    live = comparing.database(place.url, clock=clock, look=comparing.Look())
    return comparing.judge(before, live, clock=clock, within=30)


def said(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Show findings in a failing test."""
    return [(str(f.verdict), f.code, f.object) for f in comparison.findings]


CHANGES = {
    "nothing": ((), SAFE),
    "column dropped": (("ALTER TABLE items DROP COLUMN price",), BREAKING),
    "unused column dropped": (("ALTER TABLE items DROP COLUMN note",), SAFE),
    "column renamed": (("ALTER TABLE items RENAME COLUMN price TO amount",), BREAKING),
    "table renamed": (("ALTER TABLE shops RENAME TO branches",), BREAKING),
    "table dropped": (("DROP TABLE shops",), BREAKING),
    "nullable column added": (("ALTER TABLE items ADD COLUMN colour varchar(9)",), SAFE),
    "column with default added": (
        ("ALTER TABLE items ADD COLUMN stock integer NOT NULL DEFAULT 0",),
        SAFE,
    ),
    "table added": (("CREATE TABLE extra (id integer PRIMARY KEY)",), SAFE),
    "index added": (("CREATE INDEX cheap ON items (price)",), SAFE),
    "ambiguous name added": (("ALTER TABLE shops ADD COLUMN price integer",), SAFE),
    "required column by rebuilding": (
        (
            (
                "CREATE TABLE items2 (id integer PRIMARY KEY, name varchar(20) NOT NULL, "
                "price integer, note varchar(40), shop integer, colour varchar(9) NOT NULL, "
                "CONSTRAINT named UNIQUE (name))"
            ),
            "DROP TABLE items",
            "ALTER TABLE items2 RENAME TO items",
        ),
        BREAKING,
    ),
    "check that old values may violate": (
        (
            (
                "CREATE TABLE items2 (id integer PRIMARY KEY, name varchar(20) NOT NULL, "
                "price integer CHECK (price > 5), note varchar(40), shop integer, "
                "CONSTRAINT named UNIQUE (name))"
            ),
            "DROP TABLE items",
            "ALTER TABLE items2 RENAME TO items",
        ),
        ATTENTION,
    ),
    "written column computed": (
        (
            (
                "CREATE TABLE items2 (id integer PRIMARY KEY, name varchar(20) NOT NULL, "
                "price integer AS (id * 2) VIRTUAL, note varchar(40), shop integer, "
                "CONSTRAINT named UNIQUE (name))"
            ),
            "DROP TABLE items",
            "ALTER TABLE items2 RENAME TO items",
        ),
        BREAKING,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_judged(place: Place, change: str) -> None:
    """A rollback is refused for nothing, or goes ahead and the old version fails."""
    statements, verdict = CHANGES[change]
    before = recorded(place, *STATEMENTS)
    assert all(each.worked for each in before.workload.statements)
    place.run(*statements)
    comparison = judged(before, place)
    assert comparison.verdict is verdict, (comparison.reason, said(comparison))


def test_nothing_is_said_without_statements(place: Place) -> None:
    """A dropped column passes for unused, since nobody knows what is used."""
    before = recorded(place)
    place.run("ALTER TABLE items DROP COLUMN price")
    comparison = judged(before, place)
    assert comparison.verdict is UNKNOWN, said(comparison)


def test_copy_under_another_name_is_the_same(mariadb: MariaDb) -> None:
    """Every table looks moved, because the database it is compared with has another name."""
    with mariadb.database() as old, mariadb.database() as new:
        mariadb.run(old, *OLD, "CREATE VIEW cheap AS SELECT id FROM items WHERE price < 15")
        mariadb.run(new, *OLD, "CREATE VIEW cheap AS SELECT id FROM items WHERE price < 15")
        places = [Place("mysql", mariadb.url(name), lambda *_: None) for name in (old, new)]
        comparison = judged(recorded(places[0], *STATEMENTS), places[1])
    assert comparison.verdict is SAFE, said(comparison)


def test_upsert_without_its_key_breaks(mariadb: MariaDb) -> None:
    """ON DUPLICATE KEY compiles without the key too, and inserts the second row from then on."""
    with mariadb.database() as name:
        mariadb.run(name, *OLD)
        place = Place("mysql", mariadb.url(name), lambda *_: None)
        before = recorded(place, *STATEMENTS, MYSQL_UPSERT)
        mariadb.run(name, "ALTER TABLE items DROP INDEX named")
        comparison = judged(before, place)
    assert comparison.verdict is BREAKING, said(comparison)


def test_fix_is_spelled_for_the_server(mariadb: MariaDb) -> None:
    """What a person pastes at three in the morning is refused by the server."""
    with mariadb.database() as name:
        mariadb.run(name, *OLD)
        place = Place("mysql", mariadb.url(name), lambda *_: None)
        before = recorded(place, *STATEMENTS)
        mariadb.run(name, "ALTER TABLE items ADD COLUMN colour varchar(9) NOT NULL")
        refused = judged(before, place)
        assert refused.verdict is BREAKING, said(refused)
        fixes = [finding.fix for finding in refused.findings if finding.fix]
        lines = [line for line in fixes[0].splitlines() if not line.startswith("--")]
        mariadb.run(name, *filter(str.strip, " ".join(lines).split(";")))
        assert judged(before, place).verdict is not BREAKING


def test_double_quoted_name_is_no_text(tmp_path: Path) -> None:
    """SQLite takes a quoted name for a text once its column is gone, and the loss is not seen."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for each in OLD:
            connection.execute(each)
        place = Place("sqlite", f"sqlite:///{path}", lambda *_: None)
        quoted = 'SELECT "price" FROM "items" WHERE "name" = "a text"'
        before = recorded(place, *STATEMENTS[1:2], quoted, "SELECT city FROM shops")
        assert [each.worked for each in before.workload.statements] == [True, True, True]
        connection.execute("ALTER TABLE items RENAME COLUMN price TO amount")
        before_insert = before.workload.statements[:0] + before.workload.statements[1:]
        workload = msgspec.structs.replace(before.workload, statements=before_insert)
        comparison = judged(msgspec.structs.replace(before, workload=workload), place)
    assert comparison.verdict is BREAKING, said(comparison)
    assert any(f.statement == quoted for f in comparison.findings)


def test_scratch_copies_are_said_to_be_missing(place: Place) -> None:
    """People believe that the statements were run, where none could be."""
    comparison = judged(recorded(place, *STATEMENTS), place)
    assert any("scratch copies" in each for each in comparison.unseen)
