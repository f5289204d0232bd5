"""How the tests of this package open read-only transactions, and sessions of other people."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.connection import Connection, Sessions
from smartspec_rollback.providers.databases.postgresql.probing.probes import Transaction
from smartspec_rollback.providers.system import SystemClock

LIMIT = 256 * 2**20


def soon(seconds: float = 60) -> Deadline:
    """Set a deadline no test should meet."""
    return Deadline.after(SystemClock(), seconds)


def looks(url: str) -> Transaction:
    """Give what opens a transaction as the provider does it."""
    sessions = Sessions(address.read(Sensitive(url)))

    def transaction() -> AbstractContextManager[Connection]:
        return sessions.transaction(soon(), as_application=False)

    return transaction


@contextmanager
def somebody(url: str, *, user: str = "postgres") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect as somebody else, each statement by itself."""
    with psycopg.connect(url.replace("postgres@", f"{user}@"), autocommit=True) as connection:
        yield connection
