"""What a migration does, read from its text; and that nothing of it is left out in silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.migration import EffectKind
from smartspec_rollback.providers.databases.postgresql.effects.migration import effects

Told = tuple[str, str | None, str, str]

SIMPLE: dict[str, list[Told]] = {
    "UPDATE t SET a = 1, b = a": [("backfill", "t", "a b", "")],
    "DELETE FROM s.t WHERE a": [("delete", "s.t", "", "")],
    "TRUNCATE a, s.b": [("delete", "a", "", ""), ("delete", "s.b", "", "")],
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2": [
        ("insert", "t", "a", ""),
        ("backfill", "t", "b", ""),
    ],
    "COPY t (a, b) FROM '/x'": [("insert", "t", "a b", "")],
    "COPY t TO '/x'": [],
    "WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM x": [
        ("insert", "u", "", ""),
        ("delete", "t", "", ""),
    ],
    "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.b THEN DELETE"
    " WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)": [
        ("delete", "t", "", ""),
        ("backfill", "t", "b", ""),
        ("insert", "t", "a", ""),
    ],
    "ALTER TABLE t DROP COLUMN a, ADD COLUMN b int NOT NULL, ALTER c SET NOT NULL,"
    " ALTER d DROP DEFAULT, ALTER e SET DEFAULT 1, ALTER f TYPE text": [
        ("schema", "t", "a", "drop column"),
        ("schema", "t", "b", "add column"),
        ("schema", "t", "c", "set not null"),
        ("schema", "t", "d", "drop default"),
        ("schema", "t", "e", "set default"),
        ("schema", "t", "f", "alter type"),
    ],
    "ALTER TABLE t ALTER a TYPE int USING a::int": [
        ("schema", "t", "a", "alter type"),
        ("backfill", "t", "a", "alter type"),
    ],
    "ALTER TABLE t ADD PRIMARY KEY (a, b), ADD FOREIGN KEY (c) REFERENCES u, ADD CHECK (d > 0)": [
        ("schema", "t", "a b", "add primary key"),
        ("schema", "t", "c", "add foreign key"),
        ("schema", "t", "", "add check"),
    ],
    "DROP TABLE a, s.b CASCADE": [
        ("schema", "a", "", "drop table"),
        ("schema", "s.b", "", "drop table"),
    ],
    "DROP MATERIALIZED VIEW m": [("schema", "m", "", "drop materialized view")],
    "DROP TRIGGER x ON s.t": [("schema", "s.t", "", "drop trigger")],
    "DROP TYPE m": [("schema", None, "", "drop type")],
    "CREATE TABLE t (a int)": [("schema", "t", "", "create table")],
    "CREATE TABLE t AS SELECT 1": [("schema", "t", "", "create table")],
    "CREATE MATERIALIZED VIEW m AS SELECT 1": [("schema", "m", "", "create materialized view")],
    "SELECT * INTO t FROM u": [("schema", "t", "", "create table")],
    "CREATE UNIQUE INDEX ON t (a)": [("schema", "t", "", "create index")],
    "CREATE TYPE m AS ENUM ('a')": [("schema", None, "", "create type")],
    "CREATE POLICY p ON t": [("schema", "t", "", "create policy")],
    "REVOKE ALL ON t FROM x": [("schema", "t", "", "revoke")],
    "ALTER DOMAIN d DROP NOT NULL": [("schema", None, "", "alter domain")],
    "SELECT backfill()": [("unparsed", None, "", "call")],
    "CALL backfill()": [("unparsed", None, "", "call")],
    "SELECT setval('s', 1), pg_catalog.set_config('a', 'b', false)": [],
    "BEGIN": [],
    "SET search_path TO x": [],
    "LOCK TABLE t": [],
    "DO LANGUAGE plpython3u 'x'": [("unparsed", None, "", "a block in plpython3u is not read")],
}


def told(sql: str) -> list[Told]:
    """Read a migration; kind, relation, columns and action of each effect."""
    return [(e.kind.value, e.relation, " ".join(e.columns), e.action) for e in effects(sql, "m")]


@pytest.mark.parametrize(("sql", "expected"), SIMPLE.items(), ids=range(len(SIMPLE)))
def test_every_statement_has_its_effect(sql: str, expected: list[Told]) -> None:
    """A backfill or deletion of a migration would not be weighed when coming back."""
    assert told(sql) == expected


@pytest.mark.parametrize(
    ("sql", "action", "to"),
    [
        ("ALTER TABLE t RENAME COLUMN a TO b", "rename column", "b"),
        ("ALTER TABLE t RENAME TO u", "rename table", "u"),
        ("ALTER VIEW v RENAME TO w", "rename view", "w"),
        ("ALTER TABLE t SET SCHEMA s", "set schema", "s"),
        ("ALTER TYPE m ADD VALUE 'b'", "add value", "b"),
        ("ALTER TYPE m RENAME VALUE 'a' TO 'b'", "rename value", "b"),
    ],
)
def test_a_new_name_is_told(sql: str, action: str, to: str) -> None:
    """A rename would look like one thing dropped and another one added."""
    (effect,) = effects(sql, "m")

    assert (effect.kind, effect.action, effect.to) == (EffectKind.SCHEMA, action, to)


BLOCK = """DO $$
DECLARE
  n int := 1;
  r record;
BEGIN
  UPDATE t SET a = CASE WHEN b THEN c ELSE d END;
  IF n > 1 THEN DELETE FROM u; ELSIF n = 2 THEN
    INSERT INTO v (a) VALUES (1) RETURNING id INTO n;
  ELSE TRUNCATE w;
  END IF;
  FOR r IN SELECT a FROM t LOOP ALTER TABLE x DROP COLUMN y; END LOOP;
  FOR r IN DELETE FROM z RETURNING * LOOP RAISE NOTICE '%', r; END LOOP;
  SELECT count(*) INTO n FROM t;
  EXECUTE 'DROP TABLE q';
  EXECUTE $q$UPDATE p SET b = 'x'$q$;
  EXECUTE format('DROP TABLE %I', n);
  PERFORM backfill(n);
  RETURN;
EXCEPTION WHEN others THEN
  INSERT INTO log VALUES (1);
END $$"""


def test_a_block_is_searched_for_commands() -> None:
    """What a migration does inside DO would go unseen, as most backfills are written there."""
    assert told(BLOCK) == [
        ("backfill", "t", "a", ""),
        ("delete", "u", "", ""),
        ("insert", "v", "a", ""),
        ("delete", "w", "", ""),
        ("schema", "x", "y", "drop column"),
        ("delete", "z", "", ""),
        ("schema", "q", "", "drop table"),
        ("backfill", "p", "b", ""),
        ("unparsed", None, "", "dynamic SQL"),
        ("unparsed", None, "", "call"),
        ("insert", "log", "", ""),
    ]


def test_each_effect_names_its_line_and_text() -> None:
    """The evidence would not say where to look."""
    found = effects("-- first\nUPDATE t SET a = 1;\n\n  DELETE FROM t;", "db/7.sql:10")

    assert [(e.source, e.text) for e in found] == [
        ("db/7.sql:11", "UPDATE t SET a = 1"),
        ("db/7.sql:13", "DELETE FROM t"),
    ]


@pytest.mark.parametrize(
    "sql", ["UPDATE t SET", "BEGIN nonsense", "GO", "\\copy t from x", "SELECT '\0'", "{{ macro }}"]
)
def test_what_cannot_be_read_is_told_with_its_text(sql: str) -> None:
    """A part of a migration would be passed over, and called harmless."""
    (effect,) = effects(f"TRUNCATE a; {sql};", "m.sql")[1:]

    assert (effect.kind, effect.text) == (EffectKind.UNPARSED, sql)
    assert effect.action


def test_a_long_text_is_cut() -> None:
    """A migration that loads data would fill the ledger."""
    (effect,) = effects("TRUNCATE t" + " " * 1000 + "CASCADE", "m.sql")

    assert len(effect.text) == 400


@given(st.text(max_size=80))
def test_any_text_is_taken_and_none_is_lost(text: str) -> None:
    """Somebody's migration file would crash a rollback."""
    for effect in effects(text, "m.sql"):
        assert effect.source.startswith("m.sql:")


@given(
    st.lists(
        st.sampled_from(
            ["BEGIN", "IF", "THEN", "UPDATE t SET a = 1", ";", "LOOP", "EXECUTE", "'x'", "(", ")"]
        )
    )
)
def test_a_broken_block_is_taken(words: list[str]) -> None:
    """A block that is no PL/pgSQL would crash the reading of its migration."""
    found = effects(f"DO $x$ {' '.join(words)} $x$", "m.sql")

    assert all(effect.source == "m.sql:1" for effect in found)
