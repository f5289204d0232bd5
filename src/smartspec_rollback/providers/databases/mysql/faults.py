"""What went wrong between us and a server, as an error with a remedy and without any secret.

Used by ``connection``, and by whoever of this package catches a ``pymysql.Error`` itself.
"""

import pymysql
from pymysql.constants import ER

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.providers.databases.mysql.address import Address

_LONGEST = 300
_LOCKED = frozenset({ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, 3572})
_SLOW = frozenset({1969, 3024, ER.QUERY_INTERRUPTED})
_DENIED = frozenset(
    {ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR, ER.SPECIFIC_ACCESS_DENIED_ERROR}
)
_REFUSALS = {
    ER.ACCESS_DENIED_ERROR: "check the user and the password in the URL",
    ER.DBACCESS_DENIED_ERROR: "grant the URL's user SELECT on the database",
    ER.BAD_DB_ERROR: "check the database's name at the end of the URL",
    ER.HOST_NOT_PRIVILEGED: "let this machine in: the server knows no user from here",
}
_GONE = range(2000, 3000)
"""The client's own errors: connection refused, lost, timed out."""

_STATES = {
    ER.BAD_FIELD_ERROR: "42S22",
    ER.NO_SUCH_TABLE: "42S02",
    ER.NON_UNIQ_ERROR: "23000",
    ER.PARSE_ERROR: "42000",
    ER.SP_DOES_NOT_EXIST: "42000",
    ER.WRONG_VALUE_COUNT_ON_ROW: "21S01",
}
"""What MySQL calls its commonest refusals by SQLSTATE; the client hands on the numbers only."""


class Busy(ProviderUnavailable):
    """Somebody holds a lock, or changes the schema while we look."""


def number(error: Exception) -> int:
    """Return the server's number of an error, 0 where there is none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def state(error: Exception) -> str:
    """Name an error by SQLSTATE and number: ``42S22 1054``."""
    return f"{_STATES.get(number(error), 'HY000')} {number(error)}"


def locked(error: Exception) -> bool:
    """Tell whether a lock of somebody else's was in the way."""
    return number(error) in _LOCKED


def slow(error: Exception) -> bool:
    """Tell whether the time for one query was over."""
    return number(error) in _SLOW


def lost(error: Exception) -> bool:
    """Tell whether the server is gone, or stopped answering."""
    return not isinstance(error, pymysql.Error) or number(error) in _GONE


def message(error: Exception, place: Address) -> str:
    """Give the server's own words, scrubbed and short."""
    last = error.args[-1] if error.args else ""
    text = place.scrub(str(last) or type(error).__name__)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def fault(error: Exception, place: Address, *, doing: str) -> ProviderError:
    """Turn an error of ``doing`` something into what is shown to people."""
    text, where = message(error, place), place.identity
    if locked(error):
        return Busy(
            f"{doing}: somebody else holds a lock",
            where=where,
            remedy="wait until the migration or maintenance that runs there is over",
            details=(text,),
        )
    if slow(error):
        return ProviderUnavailable(
            f"{doing}: it took too long",
            where=where,
            remedy="try again, or raise statement_timeout",
            details=(text,),
        )
    if number(error) in _REFUSALS:
        return ProviderError(f"{doing}: {text}", where=where, remedy=_REFUSALS[number(error)])
    if number(error) in _DENIED:
        return ProviderError(
            f"{doing}: permission denied",
            where=where,
            remedy="grant the missing privilege to the URL's user, or use another user",
            details=(text,),
        )
    if isinstance(error, RuntimeError):
        return ProviderError(
            f"{doing}: {text}",
            where=where,
            remedy="add ?ssl-mode=required to the URL, or run: pip install 'pymysql[rsa]'",
        )
    if lost(error):
        return ProviderUnavailable(
            f"{doing}: {text}",
            where=where,
            remedy="check that the server runs and that this machine can reach it",
        )
    return ProviderError(f"{doing}: {text}", where=where, remedy="see what the server says")
