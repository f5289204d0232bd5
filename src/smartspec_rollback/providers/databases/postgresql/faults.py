"""What went wrong between us and a server, as an error with a remedy and without any secret.

Used by ``connection``, and by whoever of this package catches a ``psycopg.Error`` itself.
"""

import psycopg
from psycopg import errors

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql.address import Address

_LONGEST = 300
_AGAIN = "08", "53", "57", "58"
"""Classes of SQLSTATE that pass by themselves: connection, resources, operator, system."""

_REFUSALS = (
    ("password", "check the password in the URL"),
    ("authentication", "check the user and the password in the URL"),
    ("pg_hba.conf", "let this machine and user in: pg_hba.conf of the server"),
    ("role", "check the user in the URL"),
    ("database", "check the database's name at the end of the URL"),
)
_ABSENT = "does not exist"
_HINT = " Is the server running"
_NO_SUCH_ROLE = "22023"
"""What SET ROLE answers where there is no such role: an invalid value of a parameter."""
_SET_ROLE = "make the URL's user a member of the role: `GRANT role TO user`"


class Busy(ProviderUnavailable):
    """Somebody holds a lock, or changes the schema while we look."""


def fault(error: psycopg.Error, place: Address, *, doing: str) -> ProviderError:
    """Turn a ``psycopg.Error`` of ``doing`` something into what is shown to people."""
    text = message(error, place)
    match error:
        case errors.LockNotAvailable():
            return Busy(
                f"{doing}: somebody else holds a lock",
                where=place.identity,
                remedy="wait until the migration or maintenance that runs there is over",
                details=(text,),
            )
        case errors.InternalError_() | errors.UndefinedTable():
            return Busy(
                f"{doing}: {text}",
                where=place.identity,
                remedy="try again when nobody changes the schema",
            )
        case errors.QueryCanceled() | errors.IdleInTransactionSessionTimeout():
            return ProviderUnavailable(
                f"{doing}: it took too long",
                where=place.identity,
                remedy="try again, or raise statement_timeout",
                details=(text,),
            )
        case errors.InsufficientPrivilege():
            return ProviderError(
                f"{doing}: {text}",
                where=place.identity,
                remedy=_SET_ROLE
                if "set role" in text
                else "grant the missing privilege to the URL's user, or use another user",
            )
    if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
        return _unreachable(text, place, doing)
    if (error.sqlstate or "").startswith(_AGAIN):
        return ProviderUnavailable(
            f"{doing}: {text}", where=place.identity, remedy="try again when the server is well"
        )
    no_role = error.sqlstate == _NO_SUCH_ROLE and text.startswith("role ")
    return ProviderError(
        f"{doing}: {text}",
        where=place.identity,
        remedy="check `role`: it is the role that the service connects as" if no_role else "",
    )


def message(error: psycopg.Error, place: Address) -> str:
    """Give the server's own words: the primary message where it is known, scrubbed and short."""
    text = place.scrub(error.diag.message_primary or str(error))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _unreachable(text: str, place: Address, doing: str) -> ProviderError:
    """Tell a server that refuses us from one that is not there; both come without a code."""
    _, fatal, refusal = text.partition("FATAL: ")
    if fatal and (_ABSENT in refusal or any(word in refusal for word, _ in _REFUSALS[:3])):
        remedy = next((remedy for word, remedy in _REFUSALS if word in refusal), "")
        return ProviderError(f"{doing}: {refusal.strip()}", where=place.identity, remedy=remedy)
    reason, _, _ = text.partition(_HINT)
    return ProviderUnavailable(
        f"{doing}: {reason}",
        where=place.identity,
        remedy="check that the server runs and that this machine can reach it",
    )
