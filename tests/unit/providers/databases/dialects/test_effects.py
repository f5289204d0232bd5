"""What migrations of MySQL and SQLite are said to do."""

import pytest

from smartspec_rollback.domain.migration import EffectKind
from smartspec_rollback.providers.databases.dialects.effects import effects

SCHEMA, BACKFILL = EffectKind.SCHEMA, EffectKind.BACKFILL
INSERT, DELETE, UNPARSED = EffectKind.INSERT, EffectKind.DELETE, EffectKind.UNPARSED


def told(sql: str, dialect: str = "mysql") -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Show what is said of a migration, without places."""
    return [(e.action or str(e.kind), e.relation, e.columns) for e in effects(sql, "m", dialect)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE t ADD COLUMN a int", ("add column", "t", ("a",))),
        ("ALTER TABLE t DROP COLUMN a", ("drop column", "t", ("a",))),
        ("ALTER TABLE t CHANGE a b int", ("rename column", "t", ("a",))),
        ("ALTER TABLE t MODIFY a text", ("alter type", "t", ("a",))),
        ("ALTER TABLE t RENAME COLUMN a TO b", ("rename column", "t", ("a",))),
        ("ALTER TABLE t RENAME TO u", ("rename table", "t", ())),
        ("RENAME TABLE `t` TO `u`", ("rename table", "t", ())),
        ("DROP TABLE t", ("drop table", "t", ())),
        ("TRUNCATE TABLE t", ("delete", "t", ())),
        ("UPDATE t SET a = 1, b = 2", ("backfill", "t", ("a", "b"))),
        ("DELETE FROM t WHERE a = 1", ("delete", "t", ())),
        ("INSERT INTO t (a) SELECT b FROM u", ("insert", "t", ("a",))),
        ("CREATE UNIQUE INDEX i ON t (a)", ("create index", "t", ())),
    ],
)
def test_effects_are_named(sql: str, expected: tuple[str, str, tuple[str, ...]]) -> None:
    """A rename looks like a loss, or rows that were deleted are not mentioned."""
    assert expected in told(sql)


@pytest.mark.parametrize(
    "sql", ["CALL fix_everything()", "LOAD DATA INFILE 'x' INTO TABLE t", "SELECT fix(1)", "DROP t"]
)
def test_what_is_not_read_is_told(sql: str) -> None:
    """A migration that nobody could read passes for one that does nothing."""
    assert [e.kind for e in effects(sql, "m", "mysql")] == [UNPARSED]


def test_bodies_are_left_whole() -> None:
    """What a trigger will do later is told as what the migration did."""
    sql = """CREATE TABLE t (a int);
    CREATE TRIGGER tr AFTER DELETE ON t BEGIN
      DELETE FROM u; SELECT CASE WHEN 1 THEN 2 END;
    END;
    DELETE FROM t;"""
    found = effects(sql, "m.sql", "sqlite")
    assert [(e.kind, e.relation, e.source) for e in found] == [
        (SCHEMA, "t", "m.sql:1"),
        (SCHEMA, "t", "m.sql:2"),
        (DELETE, "t", "m.sql:5"),
    ]


def test_delimiters_of_the_client() -> None:
    """A dump with procedures is cut in the wrong places."""
    sql = (
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN DELETE FROM t; END//\nDELIMITER ;\nDROP TABLE u;"
    )
    assert told(sql) == [("create procedure", None, ()), ("drop table", "u", ())]


def test_several_tables_at_once() -> None:
    """What MySQL sets in the second table is told of the first."""
    assert told("UPDATE t x JOIN u y ON x.a = y.a SET x.b = 1, y.c = 2") == [
        ("backfill", "t", ("b",)),
        ("backfill", "u", ("c",)),
    ]
    assert told("DELETE x FROM t x JOIN u y ON x.a = y.a") == [("delete", "t", ())]


def test_replace_takes_rows_away() -> None:
    """REPLACE in a migration is told as an insert alone."""
    assert [e.kind for e in effects("REPLACE INTO t (a) VALUES (1)", "m", "sqlite")] == [
        INSERT,
        DELETE,
    ]
    upsert = "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2"
    assert [e.kind for e in effects(upsert, "m", "sqlite")] == [INSERT, BACKFILL]
