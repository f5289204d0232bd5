"""Scratch databases in which other people's SQL is executed without being able to do harm.

Used by ``reversal``. The author of the scripts is a role that owns its database and is nothing
beside that: no superuser, no reading of files, no programs, no other database. Rows and catalogs
are looked at by another role, which sees all rows (even behind row-level security) and may do
nothing, so that no cast or function of the author's runs with more than that. Whatever runs
beyond the deadline is ended from outside, where no script can catch it.
"""

import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.reversing.script import Command
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

Connection = psycopg.Connection[tuple[Any, ...]]

_SETTINGS = (
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
)
_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_NO_DATA = re.compile(
    r"\s*(?:GRANT|REVOKE|COMMENT|SECURITY\s+LABEL|ALTER\s+DEFAULT\s+PRIVILEGES|REASSIGN\s+OWNED"
    r"|SET\s+(?!ROLE|SESSION|CONSTRAINTS)|ALTER\s.*\sOWNER\s+TO\s"
    r"|(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP)\s)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that hold and lose no rows: where the author may not execute them, they are noted."""
_OF_THE_SERVER = re.compile(
    r"\s*(?:CREATE|ALTER|COMMENT\s+ON|DROP)\s+(?:OR\s+REPLACE\s+)?(?:EVENT\s+TRIGGER|PUBLICATION"
    r"|SUBSCRIPTION|EXTENSION|SERVER|FOREIGN\s+DATA|LANGUAGE|SCHEMA\s+\"?public\b)",
    re.IGNORECASE,
)
"""Statements of dumps that need the server's administrator; allowed to fail in a schema only."""
_POLICY = re.compile(r"\s*(?:CREATE|ALTER)\s+POLICY\s", re.IGNORECASE)
_ROLES_IN_ONE = 50
_MAKES_ROLE = re.compile(r'\s*CREATE\s+(?:ROLE|USER|GROUP)\s+(?:"([^"]+)"|(\w+))', re.IGNORECASE)


class Failed(Exception):
    """A statement failed: ``command``; ``message`` and SQLSTATE ``code`` are the server's."""

    def __init__(self, command: Command, message: str, code: str | None = None) -> None:
        self.command = command
        self.message = message
        self.code = code
        super().__init__(message)


class Sandbox:
    """Databases of one scratch server, for one author; a context manager."""

    def __init__(self, server: Scratch, deadline: Deadline) -> None:
        self.server = server
        self.deadline = deadline
        self.notes: dict[str, None] = {}
        self._tag = secrets.token_hex(6)
        self._author = f"author_{self._tag}"
        self._reader = f"reader_{self._tag}"
        self._databases: list[str] = []
        self._roles: list[str] = []
        self._stack = ExitStack()
        self._over = False

    def __enter__(self) -> Self:
        self._administrator = self._stack.enter_context(self.server.connect())
        self._stack.callback(self._drop)
        for role, more in (
            (self._author, ""),
            (self._reader, "BYPASSRLS IN ROLE pg_read_all_data"),
        ):
            self._administer("CREATE ROLE {} LOGIN " + more, role)
            self._roles.append(role)
        watch = threading.Timer(self.deadline.remaining, self._end_all)
        watch.daemon = True
        watch.start()
        self._stack.callback(watch.join)
        self._stack.callback(watch.cancel)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def make(self, template: str | None = None) -> str:
        """Make a database, empty or as a copy of ``template``, which nobody may be using."""
        name = f"reversal_{self._tag}_{len(self._databases)}"
        self._administer(
            "CREATE DATABASE {} TEMPLATE {} OWNER {}", name, template or "template0", self._author
        )
        self._databases.append(name)
        self._administer("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
        self._administer("GRANT CONNECT ON DATABASE {} TO {}", name, self._reader)
        if template is None:
            with self.server.connect(name) as connection:
                connection.execute(
                    sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(self._author))
                )
        return name

    @contextmanager
    def author(self, database: str) -> Iterator[Connection]:
        """Connect as the one whose scripts are executed, each statement by itself."""
        with self._connect(database, self._author) as connection:
            yield connection

    @contextmanager
    def reader(self, database: str) -> Iterator[Connection]:
        """Connect as the one who looks; nothing but the server's own names is looked up."""
        with self._connect(database, self._reader) as connection:
            connection.execute("SET search_path = pg_catalog")
            connection.execute("SET default_transaction_read_only = on")
            yield connection

    def run(
        self, connection: Connection, commands: Iterable[Command], *, lenient: bool = False
    ) -> Iterator[Command]:
        """Execute commands one by one, giving each when it is done; Failed where one fails.

        ``lenient``: what only the server's administrator may do (a dump's extensions) is noted.
        A transaction that the script leaves open is a failure of its last command.
        """
        command = None
        for command in commands:
            self._run(connection, command, lenient=lenient)
            yield command
        if command is not None and connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()
            raise Failed(command, "the script begins a transaction and never ends it")

    def execute(self, connection: Connection, command: Command) -> None:
        """Execute one command; psycopg.Error where it fails, ProviderUnavailable without time."""
        try:
            if command.rows is not None:
                with connection.cursor().copy(command.text.encode()) as copy:
                    copy.write(command.rows)
            else:
                connection.execute(command.text.encode())
        except psycopg.ProgrammingError as error:
            if error.sqlstate is not None:
                raise
            # psycopg's own refusal of COPY outside of copy(): what is copied out is of no use here.
            with connection.cursor().copy(command.text.encode()) as copy:
                for _ in copy:
                    pass
        except psycopg.OperationalError:
            self.check_time()
            raise

    def check_time(self) -> None:
        """ProviderUnavailable where the deadline is over."""
        if self._over or self.deadline.expired:
            raise ProviderUnavailable(
                "the reversal could not be tried out in the time there was",
                remedy="allow more time, or give a smaller schema",
            )

    def _run(self, connection: Connection, command: Command, *, lenient: bool) -> None:
        self.check_time()
        made = _MAKES_ROLE.match(command.text)
        if made is not None:
            self._make_role(made[1] or made[2].lower())
            self._note(command, "only its name is made")
            return
        for _ in range(_ROLES_IN_ONE):
            error = self._attempt(connection, command)
            if error is None:
                return
            missing = _ROLE.search(error.diag.message_primary or "")
            alive = connection.info.transaction_status != TransactionStatus.INERROR
            if missing is None or not alive or not self._make_role(missing["name"]):
                self._refuse(connection, command, error, lenient=lenient)
                return
            # Inside a transaction the server hears of the new role only when it takes a new lock.
            with connection.transaction(force_rollback=True):
                connection.execute("SELECT FROM pg_catalog.pg_roles LIMIT 0")
        raise Failed(command, "it names more roles than can be made")

    def _attempt(self, connection: Connection, command: Command) -> psycopg.Error | None:
        """Execute; where that may fail without harm inside a transaction, keep that alive."""
        guarded = connection.info.transaction_status == TransactionStatus.INTRANS and bool(
            _NO_DATA.match(command.text) or _POLICY.match(command.text)
        )
        try:
            if guarded:
                with connection.transaction():
                    self.execute(connection, command)
            else:
                self.execute(connection, command)
        except psycopg.Error as error:
            return error
        except (UnicodeError, ValueError) as error:
            raise Failed(command, str(error)) from None
        return None

    def _refuse(
        self, connection: Connection, command: Command, error: psycopg.Error, *, lenient: bool
    ) -> None:
        """Note what does no harm by not being executed; everything else is Failed."""
        message = error.diag.message_primary or " ".join(str(error).split())
        harmless = _NO_DATA.match(command.text) or (lenient and _OF_THE_SERVER.match(command.text))
        status = connection.info.transaction_status
        if harmless and status in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            self._note(command, message)
            return
        if status != TransactionStatus.UNKNOWN:
            connection.rollback()
        raise Failed(command, message, error.sqlstate)

    def _note(self, command: Command, why: str) -> None:
        self.notes[f"{command.source}: not executed: {command.short[:120]} ({why})"] = None

    def _make_role(self, name: str) -> bool:
        """Make a role that owns or is granted things; only such as we made are the author's."""
        if name in self._roles:
            return True
        try:
            self._administer("CREATE ROLE {} NOLOGIN", name)
        except psycopg.Error:
            return False
        self._roles.append(name)
        self._administer("GRANT {} TO {}", name, self._author)
        return True

    @contextmanager
    def _connect(self, database: str, user: str) -> Iterator[Connection]:
        self.check_time()
        try:
            connection: Connection = psycopg.connect(
                self.server.url(database, user), autocommit=True, prepare_threshold=None
            )
        except psycopg.Error as error:
            self.check_time()
            raise ProviderError(f"a scratch database cannot be reached: {error}") from None
        try:
            for name, value in _SETTINGS:
                connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
            yield connection
        finally:
            connection.close()

    def _administer(self, text: str, *names: str) -> None:
        # Texts of this module only; the names in them are quoted.
        self._administrator.execute(sql.SQL(text).format(*map(sql.Identifier, names)))

    def _end_all(self) -> None:
        """End whatever is connected to our databases, from a connection of our own."""
        self._over = True
        with suppress(psycopg.Error), self.server.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)",
                ([self._author, self._reader],),
            )

    def _drop(self) -> None:
        for name in self._databases:
            self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        for name in reversed(self._roles):
            with suppress(psycopg.Error):  # somebody else's copy may use the name at this moment
                self._administer("DROP ROLE IF EXISTS {}", name)
