"""Reversals tried out on real servers: verdicts, what they name, and scripts that mean harm."""

import pytest
from tests.unit.providers.databases.postgresql.looking import soon

from smartspec_rollback.domain.reversal import Loss, Reversal, ReversalVerdict
from smartspec_rollback.errors import ProviderUnavailable, UsageError
from smartspec_rollback.providers.databases.postgresql.reversing.reversal import reverse
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_SCHEMA = """
CREATE TABLE people (id bigserial PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, age int);
CREATE TABLE pets (id serial PRIMARY KEY, person_id bigint NOT NULL REFERENCES people, name text);
"""
_DUMP = r"""
--
-- PostgreSQL database dump
--
\restrict a1b2
SET statement_timeout = 0;
SET transaction_timeout_of_a_newer_server = 0;
SELECT pg_catalog.set_config('search_path', '', false);
\connect shop
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seen := now(); -- ; a semicolon
    RETURN NEW;
END $$;
ALTER FUNCTION public.touch() OWNER TO shop_owner;
CREATE TABLE public.people (id bigint NOT NULL, name text, seen timestamp);
ALTER TABLE public.people OWNER TO "Shop Owner";
COPY public.people (id, name, seen) FROM stdin;
1	semi;colon	\N
2	tab\tand \\. backslash	2020-01-01 00:00:00
\.

ALTER TABLE ONLY public.people ADD CONSTRAINT people_pkey PRIMARY KEY (id);
GRANT SELECT ON TABLE public.people TO reporting;
\unrestrict a1b2
"""


def _try(
    server: Scratch, up: str, down: str, *, before: str = _SCHEMA, writes: str | None = None
) -> Reversal:
    return reverse(
        server,
        before=before,
        up=(("up.sql", up),),
        down=(("down.sql", down),),
        writes=() if writes is None else (("writes.sql", writes),),
        deadline=soon(),
    )


@pytest.fixture(params=["postgres15", "scratch"])
def server(request: pytest.FixtureRequest) -> Scratch:
    """Give each server."""
    found: Scratch = request.getfixturevalue(request.param)
    return found


def test_a_loss_names_rows_column_and_statement(server: Scratch) -> None:
    """Somebody knows that something is lost, but not what, nor by what."""
    found = _try(
        server,
        "BEGIN; ALTER TABLE people ADD COLUMN nick text; COMMIT;",
        "BEGIN; DROP VIEW IF EXISTS v; ALTER TABLE people DROP COLUMN nick; COMMIT;",
    )
    assert found.verdict is ReversalVerdict.LOSES
    (loss,) = found.losses
    assert (loss.relation, loss.column) == ("public.people", "nick")
    assert loss.rows is not None
    assert loss.rows > 5
    assert loss.statement == "ALTER TABLE people DROP COLUMN nick"
    assert found.schema_differences == ()
    assert found.written > 5


def test_what_up_destroyed_is_said_to_be_lost_already(scratch: Scratch) -> None:
    """The reversal is blamed for it, or the old version is expected to find its values."""
    found = _try(
        scratch, "ALTER TABLE people DROP COLUMN age", "ALTER TABLE people ADD COLUMN age int"
    )
    assert found.verdict is ReversalVerdict.LOSES
    (loss,) = found.losses
    assert (loss.relation, loss.column, loss.statement) == ("public.people", "age", "")
    assert "already lost by the up migration" in loss.what


def test_a_reversal_that_fails_names_statement_and_column(server: Scratch) -> None:
    """A down-migration stops half-way on production."""
    found = _try(
        server,
        "ALTER TABLE people ALTER COLUMN age TYPE bigint",
        "ALTER TABLE people ALTER COLUMN age TYPE int",
    )
    assert found.verdict is ReversalVerdict.FAILS
    assert found.failed_statement == "ALTER TABLE people ALTER COLUMN age TYPE int"
    assert "out of range" in found.failed_message
    assert [(loss.relation, loss.column) for loss in found.losses] == [("public.people", "age")]


def test_duplicates_make_the_reversal_of_a_dropped_unique_fail(scratch: Scratch) -> None:
    """Rows that only the new version can write are never tried."""
    found = _try(
        scratch,
        "ALTER TABLE people DROP CONSTRAINT people_email_key",
        "ALTER TABLE people ADD CONSTRAINT people_email_key UNIQUE (email)",
    )
    assert found.verdict is ReversalVerdict.FAILS
    assert [(loss.relation, loss.column) for loss in found.losses] == [("public.people", None)]


@pytest.mark.parametrize("down", ["", "-- nothing to do\n", "SELECT 1;", "BEGIN; DROP TABLE t;"])
def test_a_schema_that_is_not_restored_is_a_failure(scratch: Scratch, down: str) -> None:
    """An empty down-migration counts as a reversal."""
    found = _try(scratch, "CREATE TABLE t (id int)", down)
    assert found.verdict is ReversalVerdict.FAILS
    if "DROP" in down:
        assert "never ends it" in found.failed_message
    else:
        assert "+ table public.t" in found.schema_differences


def test_a_dump_is_loaded_with_its_rows(server: Scratch) -> None:
    """What pg_dump writes cannot be given as the schema from before."""
    found = _try(
        server,
        "ALTER TABLE people RENAME COLUMN name TO full_name; DELETE FROM people WHERE id = 2",
        "ALTER TABLE people RENAME COLUMN full_name TO name",
        before=_DUMP,
    )
    assert found.verdict is ReversalVerdict.LOSES
    assert [loss.rows for loss in found.losses if loss.column is None and loss.rows] == [1]
    assert any("postgis" in note for note in found.notes)


def test_given_writes_are_judged_as_they_are(scratch: Scratch) -> None:
    """The verdict is of writes nobody makes, or of columns nothing was written to."""
    up = "ALTER TABLE people ADD COLUMN nick text, ADD COLUMN town text"
    down = "ALTER TABLE people DROP COLUMN nick, DROP COLUMN town"
    written = "INSERT INTO people (email, nick) VALUES ('a@x', 'Al'), ('b@x', NULL);"
    found = _try(scratch, up, down, writes=written)
    assert found.writes == "given"
    assert [(each.column, each.rows) for each in found.losses] == [("nick", 1), ("town", None)]
    kept = _try(
        scratch,
        "ALTER TABLE people ALTER COLUMN email TYPE varchar(60)",
        "ALTER TABLE people ALTER COLUMN email TYPE varchar(40) USING email::varchar(40)",
        writes="INSERT INTO people (email) VALUES (repeat('x', 41));",
    )
    assert [(each.column, each.rows) for each in kept.losses if each.rows] == [("email", 1)]


def test_nothing_is_claimed_of_values_that_were_not_tried(scratch: Scratch) -> None:
    """A rule on values no test hits is called lossless, and hits on production."""
    found = _try(
        scratch,
        "CREATE INDEX i ON people (age)",
        "DROP INDEX i; DELETE FROM people WHERE age = 1984 AND email LIKE '%@gone.example'",
    )
    assert found.verdict is ReversalVerdict.LOSES
    assert [loss.rows for loss in found.losses] == [None]
    assert found.losses[0].statement.startswith("DELETE FROM people")
    assert isinstance(found.losses[0], Loss)


def test_nothing_stays_behind_on_the_server(scratch: Scratch) -> None:
    """Databases and roles pile up, or a role with a known name can be logged in as."""
    held = "SELECT count(*) FROM pg_database UNION ALL SELECT count(*) FROM pg_roles"
    with scratch.connect() as connection:
        before = connection.execute(held).fetchall()
        _try(scratch, "GRANT SELECT ON people TO somebody_new", "SELECT 1")
        with pytest.raises(UsageError):
            _try(scratch, "SELECT gone", "SELECT 1")
        assert connection.execute(held).fetchall() == before


def test_a_script_that_never_ends_is_ended(scratch: Scratch) -> None:
    """A hostile or careless migration holds the command, or the server, for ever."""
    endless = (
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(100); "
        "EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"
    )
    with pytest.raises(ProviderUnavailable) as caught:
        reverse(
            scratch,
            before=_SCHEMA,
            up=(("up.sql", endless),),
            down=(("down.sql", ""),),
            deadline=soon(2),
        )
    assert "in the time there was" in str(caught.value)
    with scratch.connect() as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' "
            "AND pid <> pg_backend_pid()"
        ).fetchone()
    assert left == (0,)


@pytest.mark.parametrize(
    ("scripts", "where"),
    [
        ({"before": "CREATE TABLE (;"}, "before:1"),
        ({"up": "SELECT 1;\nALTER TABLE gone ADD COLUMN x int;"}, "up.sql:2"),
        ({"writes": "INSERT INTO people (email) VALUES (NULL)"}, "writes.sql:1"),
        ({"up": "\\i other.sql\n"}, "up.sql:1"),
        ({"up": "SELECT '\0'"}, "up.sql"),
        ({"down": "\\copy people from x.csv\n"}, "down.sql:1"),
    ],
)
def test_a_script_that_cannot_be_run_is_named(
    scratch: Scratch, scripts: dict[str, str], where: str
) -> None:
    """A wrong file is judged as if it were the migration."""
    with pytest.raises(UsageError) as caught:
        _try(
            scratch,
            scripts.get("up", "SELECT 1"),
            scripts.get("down", "SELECT 1"),
            before=scripts.get("before", _SCHEMA),
            writes=scripts.get("writes"),
        )
    assert caught.value.where == where


def test_roles_are_made_as_they_are_named(server: Scratch) -> None:
    """Migrations that grant to production's roles cannot be tried anywhere else."""
    found = _try(
        server,
        "BEGIN; GRANT SELECT ON people TO web, worker; COMMIT; "
        "ALTER TABLE pets OWNER TO pet_owner; CREATE POLICY p ON people TO auditors USING (true)",
        "DROP POLICY p ON people; REVOKE SELECT ON people FROM web, worker",
    )
    assert found.verdict is ReversalVerdict.LOSSLESS, found
    assert found.server.startswith("PostgreSQL")
