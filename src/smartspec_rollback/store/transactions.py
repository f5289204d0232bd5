"""What the parts of a store need of a database: transactions, and SQL with ``?`` parameters.

Every part works inside a transaction that its caller opened; only the public methods of a store
open one. Called by all parts; may know no particular database.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from smartspec_rollback.errors import SmartSpecError

Row = tuple[Any, ...]
"""One row; its types are those of the columns in ``migrations``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Rows(Protocol):
    """The answer to one statement, read row by row."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Transaction(Protocol):
    """An open transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """Run one statement."""
        ...


class Transactions(Protocol):
    """A database that can be read and written; what is written together is kept together."""

    def read(self) -> AbstractContextManager[Transaction]:
        """Look at one consistent state; nothing may be written."""
        ...

    def write(self) -> AbstractContextManager[Transaction]:
        """Change the ledger alone; durable once the block ends, undone if it raises."""
        ...

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """Read at length, beside everybody else, from one consistent state."""
        ...


class Part:
    """One part of a store's methods, put together with the others in its public class."""

    _ledger: Transactions


def micros(at: datetime) -> int:
    """Count microseconds since 1970 in UTC; a time without zone is a bug of the caller."""
    if at.tzinfo is None:
        raise SmartSpecError(f"a time without time zone reached the ledger: {at.isoformat()}")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(count: int) -> datetime:
    """Return the time, in UTC, of a count of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=count)
