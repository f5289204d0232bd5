"""What a real server refuses is placed at the change behind it.

Each case makes the old schema, records it and the old statement, changes the schema, lets the
server compile the statement (and run it where it still compiles), and looks at what is said of it.
"""

import psycopg
import pytest
from tests.integration.schema.refusals import COMPILING, OLD, RUNNING

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import Run, Statement, StatementText
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.database import PostgresqlDatabase
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.schema.compare import RULES
from smartspec_rollback.schema.rules import runs, shapes, trials
from smartspec_rollback.testing.schema_samples import case, said


def _recorded(database: PostgresqlDatabase, text: str) -> tuple[Statement, ...]:
    until = Deadline.after(SystemClock(), 60)
    texts = (StatementText(text=text, source="queries.sql:1"),)
    return database.describe(texts, database.catalog(deadline=until), deadline=until)


def _prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE reader LOGIN; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.execute(OLD.encode())
        connection.execute("GRANT SELECT ON items TO reader")


def _execute(url: str, ddl: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ddl.encode())


@pytest.mark.parametrize("name", COMPILING)
def test_what_the_server_refuses_to_compile(name: str, scratch: Scratch) -> None:
    """People would be told that something fails, but not which change did it, or nothing."""
    change = COMPILING[name]
    with scratch.database() as url:
        _prepare(url)
        asked = url.replace("postgres@", "reader@") if name == "privilege" else url
        database = PostgresqlDatabase.at(Sensitive(asked), clock=SystemClock())
        until = Deadline.after(SystemClock(), 60)
        before = database.catalog(deadline=until)
        recorded = _recorded(database, change.statement)
        assert recorded[0].worked is True, recorded[0].problem
        _execute(url, change.ddl)
        after = database.catalog(deadline=until)
        tried = database.trials(recorded, deadline=until)
    facts = case(before, after, *recorded, trials=tried)
    assert said((*trials.findings(facts), *shapes.findings(facts))) == change.expected


@pytest.mark.parametrize("name", RUNNING)
def test_what_the_server_refuses_to_run(name: str, scratch: Scratch) -> None:
    """A refused row must name its constraint, and made-up values must not prove too much."""
    change = RUNNING[name]
    with scratch.database() as url:
        _prepare(url)
        database = PostgresqlDatabase.at(Sensitive(url), clock=SystemClock())
        until = Deadline.after(SystemClock(), 60)
        before = database.catalog(deadline=until)
        recorded = _recorded(database, change.statement)
        _execute(url, change.ddl)
        after = database.catalog(deadline=until)
        with psycopg.connect(url) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(change.statement.encode())
    run = Run(
        statement=recorded[0].id,
        before=True,
        after=False,
        same=None,
        code=refused.value.sqlstate,
        message=str(refused.value.diag.message_primary),
    )
    facts = case(before, after, *recorded, runs=(run,))
    assert said(runs.findings(facts)) == change.expected


def test_the_same_schema_yields_nothing(database: str) -> None:
    """An alarm without a change would make people ignore the next."""
    _prepare(database)
    looked_at = PostgresqlDatabase.at(Sensitive(database), clock=SystemClock())
    until = Deadline.after(SystemClock(), 60)
    schema = looked_at.catalog(deadline=until)
    again = looked_at.catalog(deadline=until)
    recorded = _recorded(looked_at, "SELECT * FROM items JOIN cheap USING (id)")
    facts = case(schema, again, *recorded, trials=looked_at.trials(recorded, deadline=until))
    assert [finding for rule in RULES for finding in rule(facts)] == []
