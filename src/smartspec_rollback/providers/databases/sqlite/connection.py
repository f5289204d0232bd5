"""Short read-only looks at a SQLite file that is in use by others.

Used by every module of this package. The file is opened for reading only and never made; nothing
waits for a lock longer than ``lock_timeout``, nor runs longer than ``statement_timeout`` or the
Deadline. Extensions cannot be loaded, nor other files attached.
"""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.limits import LOCK_TIMEOUT
from smartspec_rollback.providers.databases.sqlite.address import Address

Connection = sqlite3.Connection

_STEPS = 5_000
"""Steps of SQLite's machine between two looks at the clock: well below a millisecond."""

_REFUSED = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})
_LOCKED = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED"})
_LONGEST = 300


class Busy(ProviderUnavailable):
    """Somebody holds a lock, or the time for one query is over."""


class Looks:
    """Opens connections to one file; each is used by one thread for one task."""

    def __init__(
        self,
        address: Address,
        *,
        lock_timeout: float = LOCK_TIMEOUT,
        statement_timeout: float = 2.0,
    ) -> None:
        """Look at ``address``; timeouts are in seconds."""
        self.address = address
        self._lock_timeout = min(lock_timeout, LOCK_TIMEOUT)
        self._statement_timeout = statement_timeout

    @contextmanager
    def look(self, deadline: Deadline) -> Iterator[Connection]:
        """Connect, give the connection in autocommit mode, and close it.

        Whatever ``sqlite3.Error`` leaves the block becomes ProviderUnavailable or ProviderError.
        """
        if deadline.expired:
            raise ProviderUnavailable(
                "no time is left to look at the database", where=self.address.identity
            )
        if not self.address.path.is_file():
            raise ProviderUnavailable(
                "the database's file is not there",
                where=self.address.identity,
                remedy="check the path in the URL; a relative one begins where this runs",
            )
        try:
            connection = sqlite3.connect(
                self.address.uri, uri=True, isolation_level=None, timeout=self._lock_timeout
            )
            try:
                self._prepare(connection, deadline)
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise self.fault(error) from None

    def limit(self, connection: Connection, deadline: Deadline) -> None:
        """Give the next query ``statement_timeout``, or what is left until the deadline."""
        own = Deadline.after(deadline.clock, min(self._statement_timeout, deadline.remaining))
        connection.set_progress_handler(lambda: own.expired, _STEPS)

    def _prepare(self, connection: Connection, deadline: Deadline) -> None:
        patience = max(1, math.floor(self._lock_timeout * 1000))
        connection.execute("PRAGMA query_only = 1")
        connection.execute(f"PRAGMA busy_timeout = {patience}")
        connection.execute("PRAGMA trusted_schema = 0")
        connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_DENY if action in _REFUSED else sqlite3.SQLITE_OK
        )
        self.limit(connection, deadline)

    def fault(self, error: sqlite3.Error) -> ProviderError:
        """Turn an error of SQLite's into what is shown to people."""
        where, text = self.address.identity, message(error, self.address)
        if locked(error):
            return Busy(
                "somebody else holds a lock on the database",
                where=where,
                remedy="wait until the migration or maintenance that runs there is over",
                details=(text,),
            )
        if code(error) == "SQLITE_INTERRUPT":
            return Busy(
                "looking at the database took too long",
                where=where,
                remedy="try again, or raise statement_timeout",
            )
        if code(error) in {"SQLITE_CANTOPEN", "SQLITE_READONLY_CANTINIT", "SQLITE_PERM"}:
            return ProviderUnavailable(
                f"the database cannot be opened: {text}",
                where=where,
                remedy="let this user read the file, and write beside it where it is in WAL mode",
            )
        return ProviderError(
            f"the database cannot be read: {text}",
            where=where,
            remedy="check that the file is a whole SQLite database",
        )


def code(error: sqlite3.Error) -> str:
    """Return SQLite's own name of an error, empty where it is the client's."""
    return str(getattr(error, "sqlite_errorname", ""))


def locked(error: sqlite3.Error) -> bool:
    """Tell whether a lock of somebody else's was in the way."""
    return any(code(error).startswith(each) for each in _LOCKED)


def message(error: sqlite3.Error, address: Address) -> str:
    """Give SQLite's own words, scrubbed and short."""
    text = address.scrub(str(error))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
