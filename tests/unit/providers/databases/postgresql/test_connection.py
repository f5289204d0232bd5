"""Sessions on real servers: what they cannot do, whose they are, and how they end."""

import socket
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.address import read
from smartspec_rollback.providers.databases.postgresql.connection import MARK, Sessions
from smartspec_rollback.providers.databases.postgresql.faults import Busy
from smartspec_rollback.providers.system import SystemClock


@pytest.fixture
def deadline() -> Deadline:
    """Leave enough time."""
    return Deadline.after(SystemClock(), 30)


@pytest.fixture
def other(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Connect as somebody else."""
    with psycopg.connect(database) as connection:
        yield connection


def sessions(url: str, **options: object) -> Sessions:
    """Lead to the test's database."""
    return Sessions(read(Sensitive(url)), **options)  # type: ignore[arg-type]  # a test's options


@pytest.mark.parametrize(
    "attempt",
    [
        "CREATE TABLE made (id integer)",
        "SET TRANSACTION READ WRITE",
        "SET transaction_read_only = off",
        "SELECT setval('counter', 5)",
    ],
)
def test_nothing_can_be_written(database: str, deadline: Deadline, attempt: str) -> None:
    """A statement of somebody's repository changes production while we compile it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE counter")
    with (
        sessions(database).session(deadline) as session,
        session.transaction() as connection,
        pytest.raises(psycopg.Error),
    ):
        connection.execute(attempt.encode())


def test_limits_hold_for_the_transaction_only(database: str, deadline: Deadline) -> None:
    """A lock is waited for too long, or a pooled connection carries our limits to others."""
    names = ("lock_timeout", "statement_timeout", "transaction_read_only", "search_path")
    query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    opened = sessions(database, lock_timeout=5.0, statement_timeout=1.5, search_path=("a b", 'q"'))
    with opened.session(deadline) as session:
        with session.transaction() as connection:
            inside = connection.execute(query.encode()).fetchone()
        outside = session._connection.execute(query.encode()).fetchone()
    assert inside == ("100ms", "1500ms", "on", '"a b", "q"""')
    assert outside == ("0", "0", "off", '"$user", public')


def test_time_left_bounds_a_statement(database: str) -> None:
    """A slow server holds up a rollback for longer than anybody allowed."""
    soon = Deadline.after(SystemClock(), 0.3)
    with (
        pytest.raises(ProviderUnavailable, match="too long"),
        sessions(database, statement_timeout=60).transaction(soon) as connection,
    ):
        connection.execute("SELECT pg_sleep(60)")


def test_silent_server_is_given_up() -> None:
    """A server that accepts and never answers hangs the rollback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        soon = Deadline.after(SystemClock(), 0.5)
        url = f"postgresql://shop:hunter2@127.0.0.1:{port}/shop?sslmode=disable"
        with (
            pytest.raises(ProviderUnavailable) as caught,
            sessions(url).transaction(soon),
        ):
            pass
    assert "hunter2" not in str(caught.value)


def test_lock_of_somebody_else_is_not_waited_for(
    database: str, deadline: Deadline, other: psycopg.Connection[tuple[object, ...]]
) -> None:
    """We stand in the queue for a lock, and all of the application's queries behind us."""
    other.execute("CREATE TABLE items (id integer)")
    other.commit()
    other.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
    with (
        pytest.raises(Busy, match="lock") as caught,
        sessions(database).transaction(deadline) as connection,
    ):
        connection.execute("SELECT * FROM items")
    assert caught.value.remedy
    waiting = other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    assert waiting == (0,)


def test_no_lock_outlives_a_transaction(
    database: str, deadline: Deadline, other: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Somebody's ALTER TABLE waits for us, and the whole application waits for that."""
    other.execute("CREATE TABLE items (id integer)")
    other.commit()
    with sessions(database).session(deadline) as session:
        with session.transaction() as connection:
            connection.execute("SELECT * FROM items")
        other.execute("SET lock_timeout = '1s'")
        other.execute("ALTER TABLE items ADD COLUMN name text")
        other.commit()
        with session.transaction() as connection:
            assert connection.execute("SELECT * FROM items").description is not None


def test_application_is_its_role_with_its_own_search_path(
    database: str, deadline: Deadline
) -> None:
    """Statements are compiled with the rights or the names of another user."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS path_owner")
        connection.execute("CREATE ROLE path_owner")
        connection.execute("ALTER ROLE path_owner SET search_path = tenant, public")
    query = "SELECT current_user::text, current_setting('search_path')"
    with sessions(database, role="path_owner").session(deadline) as session:
        with session.transaction() as connection:
            assert connection.execute(query).fetchone() == ("path_owner", "tenant, public")
        with session.transaction(as_application=False) as connection:
            assert connection.execute(query).fetchone() == ("postgres", "")


def test_unknown_role_is_an_error(database: str, deadline: Deadline) -> None:
    """A misspelled role lets statements run as the URL's user, who may do more."""
    with (
        pytest.raises(ProviderError, match="nobody_such"),
        sessions(database, role="nobody_such").transaction(deadline),
    ):
        pass


def test_caught_failure_does_not_spoil_the_next_question(database: str, deadline: Deadline) -> None:
    """One statement that fails makes all after it look broken."""
    with sessions(database).session(deadline) as session:
        with session.transaction() as connection, pytest.raises(errors.UndefinedTable):
            connection.execute("SELECT * FROM nowhere")
        with session.transaction() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_ended_connection_is_unavailable(
    database: str, deadline: Deadline, other: psycopg.Connection[tuple[object, ...]]
) -> None:
    """A server that restarts while we look is an internal error."""
    with sessions(database).session(deadline) as session:
        process = session._connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
        with pytest.raises(ProviderUnavailable), session.transaction():
            pass


def test_what_we_ask_is_signed(database: str, deadline: Deadline) -> None:
    """Our own questions are recorded as statements of the application."""
    with sessions(database).transaction(deadline) as connection:
        asked = connection.execute(
            "SELECT query, application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert asked is not None
    assert asked[0].endswith(MARK)
    assert asked[1] == "smartspec"


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("postgresql://shop:hunter2@/{name}?host={host}", "user"),
        ("postgresql://postgres:hunter2@/nowhere?host={host}", "name"),
    ],
)
def test_refusal_names_what_to_mend(
    database: str, deadline: Deadline, url: str, remedy: str
) -> None:
    """A wrong user or name is reported as an outage, and somebody waits for it to pass."""
    parameters = read(Sensitive(database)).parameters
    wrong = url.format(name=parameters["dbname"], host=parameters["host"])
    with pytest.raises(ProviderError) as caught, sessions(wrong).transaction(deadline):
        pass
    assert not isinstance(caught.value, ProviderUnavailable)
    assert remedy in caught.value.remedy
    assert "hunter2" not in str(caught.value)
