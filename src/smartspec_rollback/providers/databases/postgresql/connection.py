"""Short read-only looks at a database that is in use by others.

Used by every module of this package that asks the live database. Whatever is asked through here
cannot write, waits for no lock longer than ``lock_timeout``, runs no longer than
``statement_timeout`` or the Deadline, and leaves nothing behind: every setting is LOCAL to one
transaction, so that a pool between us and the server (PgBouncer) hands nothing of ours to others.

Send one statement at a time where its text is not ours (``prepare=True`` or parameters make psycopg
use the extended protocol, which refuses several); ``; COMMIT; …`` would end the read-only
transaction. What a text of ours PREPAREs has to be DEALLOCATEd by it.
"""

import math
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.limits import LOCK_TIMEOUT
from smartspec_rollback.providers.databases.postgresql.address import Address
from smartspec_rollback.providers.databases.postgresql.faults import fault

APPLICATION = "smartspec"
"""What our connections call themselves."""

MARK = "/* smartspec */"
"""Stands behind every question we ask through a cursor, so that ``remembered`` knows it as ours."""

OLDEST = 140000
"""The oldest server version that is read."""

Connection = psycopg.Connection[tuple[Any, ...]]
"""A connection whose rows are plain tuples."""

_CONNECT_WITHIN = 10.0
_IDLE = 5.0
_GRACE = 1.0
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class _Cursor(psycopg.Cursor[Any]):
    """Signs what it sends."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Execute ``query`` with our mark behind it; a comment can change no meaning there."""
        if isinstance(query, str):
            query = f"{query}\n{MARK}"
        elif isinstance(query, bytes):
            query = query + f"\n{MARK}".encode()
        elif isinstance(query, sql.Composable):
            query = query + sql.SQL(f"\n{MARK}")
        return super().execute(query, params, **options)


class Session:
    """One connection, given by ``Sessions.session``; make a transaction for every question."""

    def __init__(self, connection: Connection, limits: "Sessions", deadline: Deadline) -> None:
        self._connection = connection
        self._limits = limits
        self._deadline = deadline
        self._search_path: str | None = None

    @property
    def version(self) -> int:
        """Tell the server's version as it numbers it: 15.4 is 150004."""
        return self._connection.info.server_version

    @contextmanager
    def transaction(self, *, as_application: bool = True) -> Iterator[Connection]:
        """Begin a read-only transaction, give the connection, and always roll back.

        ``as_application``: with the application's role and search path; otherwise as the URL's
        user with an empty search path, so that the server qualifies every name it writes.
        Whatever ``psycopg.Error`` leaves the block becomes ProviderUnavailable or ProviderError.
        """
        doing = "asking the database"
        try:
            try:
                self._begin(as_application=as_application)
                yield self._connection
            finally:
                with suppress(psycopg.Error):
                    self._connection.execute("ROLLBACK")
        except psycopg.Error as error:
            raise fault(error, self._limits.address, doing=doing) from None

    def _begin(self, *, as_application: bool) -> None:
        """Open the transaction in one round trip.

        It ends with a SELECT on purpose: once there was one, the transaction can't be set to
        READ WRITE any more.
        """
        if self._deadline.expired:
            raise ProviderUnavailable("no time is left to ask the database")
        limits = self._limits
        role = limits.role if as_application else None
        path = self._path() if as_application else ""
        seconds = min(limits.statement_timeout, self._deadline.remaining)
        begin = [
            sql.SQL("BEGIN READ ONLY"),
            _local("lock_timeout", _milliseconds(min(limits.lock_timeout, LOCK_TIMEOUT))),
            _local("statement_timeout", _milliseconds(seconds)),
            _local("idle_in_transaction_session_timeout", _milliseconds(_IDLE)),
        ]
        if role is not None:
            begin.append(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        setting = sql.SQL("NULL") if path is None else sql.Literal(path)
        begin.append(
            sql.SQL(
                "SELECT pg_catalog.set_config('search_path', coalesce({}, "
                "pg_catalog.current_setting('search_path')), true)"
            ).format(setting)
        )
        self._connection.execute(sql.SQL("; ").join(begin))

    def _path(self) -> str | None:
        """Find the application's search path; None: the one this connection came with.

        SET ROLE does not bring a role's own settings, so those are looked up.
        """
        limits = self._limits
        if limits.search_path:
            return ", ".join(
                f'"{name.replace(chr(34), chr(34) * 2)}"' for name in limits.search_path
            )
        if limits.role is None:
            return None
        if self._search_path is None:
            self._search_path = self._path_of(limits.role)
        return self._search_path

    def _path_of(self, role: str) -> str:
        with self.transaction(as_application=False) as connection:
            row = connection.execute(_PATH_OF_ROLE, (role,)).fetchone()
        return str(row[0]) if row is not None else ""


class Sessions:
    """Opens connections to one database; each is used by one thread for one task."""

    def __init__(
        self,
        address: Address,
        *,
        role: str | None = None,
        search_path: tuple[str, ...] = (),
        lock_timeout: float = LOCK_TIMEOUT,
        statement_timeout: float = 2.0,
    ) -> None:
        """Connect to ``address`` for the application's ``role``; timeouts are in seconds."""
        self.address = address
        self.role = role
        self.search_path = search_path or address.search_path
        self.lock_timeout = lock_timeout
        self.statement_timeout = statement_timeout

    @contextmanager
    def session(self, deadline: Deadline) -> Iterator[Session]:
        """Connect, give the Session, and close it; cut where the server leaves us hanging."""
        connection = self._connect(deadline)
        cut = threading.Timer(deadline.remaining + _GRACE, _cut, (connection.pgconn.socket,))
        cut.daemon = True
        cut.start()
        try:
            yield Session(connection, self, deadline)
        finally:
            cut.cancel()
            cut.join()
            connection.close()

    @contextmanager
    def transaction(
        self, deadline: Deadline, *, as_application: bool = True
    ) -> Iterator[Connection]:
        """Connect for a single read-only transaction; see ``Session.transaction``."""
        with (
            self.session(deadline) as session,
            session.transaction(as_application=as_application) as connection,
        ):
            yield connection

    def _connect(self, deadline: Deadline) -> Connection:
        address = self.address
        if deadline.expired:
            raise ProviderUnavailable(
                "no time is left to connect to the database",
                where=address.identity,
                remedy="check that the server answers, or allow more time",
            )
        hosts = address.parameters.get("host", "").count(",") + 1
        patience = min(_CONNECT_WITHIN, deadline.remaining) / hosts
        parameters: dict[str, Any] = {
            **_KEEPALIVE,
            **address.parameters,
            "application_name": APPLICATION,
            "client_encoding": "utf-8",
            "connect_timeout": max(1, math.ceil(patience)),
        }
        try:
            connection: Connection = psycopg.connect(
                make_conninfo("", **parameters),
                autocommit=True,
                prepare_threshold=None,
                cursor_factory=_Cursor,
            )
        except psycopg.Error as error:
            raise fault(error, address, doing="connecting to the database") from None
        if connection.info.server_version < OLDEST:
            connection.close()
            raise ProviderError(
                f"PostgreSQL {OLDEST // 10000} or newer is needed", where=address.identity
            )
        return connection


_PATH_OF_ROLE = """
    SELECT coalesce(
        (SELECT substr(setting, length('search_path=') + 1)
         FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS setting
         WHERE setting LIKE 'search\\_path=%%'
           AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %s))
           AND s.setdatabase IN
               (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
         ORDER BY s.setrole = 0, s.setdatabase = 0
         LIMIT 1),
        (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path'))
"""
"""What a role gets when it connects: its own setting for this database, for all, the database's."""


def _local(name: str, value: str) -> sql.Composed:
    return sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value))


def _milliseconds(seconds: float) -> str:
    """Write a limit; never 0, which would mean none."""
    return f"{max(1, round(seconds * 1000))}ms"


def _cut(descriptor: int) -> None:
    """End a connection whose server has stopped answering, from another thread."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as wire:
        wire.shutdown(socket.SHUT_RDWR)
