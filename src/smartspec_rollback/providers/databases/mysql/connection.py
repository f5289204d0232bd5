"""Short read-only looks at a MySQL or MariaDB database that is in use by others.

Used by every module of this package. Every question is a read-only transaction of its own, so that
no lock outlives it. MariaDB waits for no lock at all, MySQL for at most the second it cannot be
talked out of; one query runs no longer than ``statement_timeout`` or the Deadline, and a server
that stops answering is left.

Compiling needs a word: in a read-only transaction the server refuses even to compile a write. So
``Session.compiling`` leaves it, and sends nothing but PREPARE with the text as a literal, and
DEALLOCATE. PREPARE runs nothing, whatever the text is, and refuses several statements.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.mysql.address import Address
from smartspec_rollback.providers.databases.mysql.faults import fault

NAME = "smartspec_compiled"
"""What the one statement we have compiled is called."""

_CONNECT_WITHIN = 10.0
_GRACE = 1.0
_VERSION = re.compile(r"(?:5\.5\.5-)?(\d+)\.(\d+)")
_OLDEST = (5, 7)


class Session:
    """One connection, given by ``Sessions.session``."""

    def __init__(
        self, connection: "pymysql.Connection[Cursor]", limits: "Sessions", deadline: Deadline
    ) -> None:
        """Ask over ``connection``, which commits by itself."""
        self._connection = connection
        self._limits = limits
        self._deadline = deadline
        self.warnings = 0

    @property
    def version(self) -> str:
        """The server's version as it spells it: ``10.11.6-MariaDB``, ``8.0.36``."""
        return str(self._connection.get_server_info()).removeprefix("5.5.5-")

    @property
    def mariadb(self) -> bool:
        """Tell MariaDB from MySQL."""
        return "mariadb" in self.version.lower()

    def ask(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one question of ours; ProviderUnavailable or ProviderError where it fails."""
        try:
            return self.asked(query, values)
        except pymysql.Error as error:
            raise fault(error, self._limits.address, doing="asking the database") from None

    def asked(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Do as ``ask``, and let ``pymysql.Error`` through."""
        if self._deadline.expired:
            raise ProviderUnavailable(
                "no time is left to ask the database", where=self._limits.address.identity
            )
        with self._connection.cursor() as cursor:
            cursor.execute(query, tuple(values) or None)
            rows = cursor.fetchall()
            self.warnings = int(getattr(cursor, "warning_count", 0) or 0)
        return [tuple(row) for row in rows]

    @contextmanager
    def compiling(self) -> Iterator[Callable[[str], None]]:
        """Give what has the server compile one statement, and forget it.

        It raises ``pymysql.Error`` where the server won't. The text is only ever sent as a literal.
        """

        def compile_(text: str) -> None:
            self.asked(f"PREPARE {NAME} FROM %s", (text,))
            self.asked(f"DEALLOCATE PREPARE {NAME}")

        self.ask("SET SESSION TRANSACTION READ WRITE")
        try:
            yield compile_
        finally:
            with suppress(pymysql.Error, ProviderError):
                self.asked("SET SESSION TRANSACTION READ ONLY")


class Sessions:
    """Opens connections to one database; each is used by one thread for one task."""

    def __init__(self, address: Address, *, statement_timeout: float = 2.0) -> None:
        """Connect to ``address``; ``statement_timeout`` is in seconds."""
        self.address = address
        self._statement_timeout = statement_timeout

    @contextmanager
    def session(self, deadline: Deadline) -> Iterator[Session]:
        """Connect, give the Session, and close it."""
        connection = self._connect(deadline)
        try:
            session = Session(connection, self, deadline)
            try:
                self._prepare(session, deadline)
            except pymysql.Error as error:
                raise fault(error, self.address, doing="asking the database") from None
            yield session
        finally:
            with suppress(pymysql.Error, OSError):
                connection.close()

    def _connect(self, deadline: Deadline) -> "pymysql.Connection[Cursor]":
        address = self.address
        if deadline.expired:
            raise ProviderUnavailable(
                "no time is left to connect to the database", where=address.identity
            )
        patience = max(1, math.ceil(min(_CONNECT_WITHIN, deadline.remaining)))
        answer = max(1, math.ceil(min(self._statement_timeout, deadline.remaining) + _GRACE))
        try:
            return pymysql.connect(
                host=address.host,
                port=address.port,
                unix_socket=address.socket,
                user=address.user or None,
                password=address.password.reveal(),
                database=address.name,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=patience,
                read_timeout=answer,
                write_timeout=answer,
                local_infile=False,
                ssl={"ca": address.authority} if address.tls else None,
            )
        except (pymysql.Error, OSError, RuntimeError) as error:
            raise fault(error, address, doing="connecting to the database") from None

    def _prepare(self, session: Session, deadline: Deadline) -> None:
        """Bound everything that this session may do, for as long as it lives."""
        found = _VERSION.match(session.version)
        if found is None or (int(found[1]), int(found[2])) < _OLDEST:
            raise ProviderError(
                "MySQL 5.7 or MariaDB 10.2 or newer is needed", where=self.address.identity
            )
        seconds = max(0.001, min(self._statement_timeout, deadline.remaining))
        wait = 0 if session.mariadb else 1
        session.asked(f"SET SESSION lock_wait_timeout = {wait}, innodb_lock_wait_timeout = {wait}")
        if session.mariadb:
            session.asked(f"SET SESSION max_statement_time = {seconds:.3f}")
        else:
            session.asked(f"SET SESSION max_execution_time = {math.ceil(seconds * 1000)}")
            with suppress(pymysql.Error):  # tables' sizes as they are now; older servers always do
                session.asked("SET SESSION information_schema_stats_expiry = 0")
        session.asked("SET SESSION TRANSACTION READ ONLY")
