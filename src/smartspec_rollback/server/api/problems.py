"""Errors as problem documents (RFC 9457): each kind of error has one type, title and status.

Called by ``dispatch`` and the server's middleware; ``openapi`` lists the types. An error nobody
foresaw tells nothing of itself: its text may hold what nobody outside should read.
"""

from collections.abc import Mapping
from http import HTTPStatus

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
    ConfigurationError,
    Contradiction,
    Forbidden,
    JournalLost,
    ProviderError,
    ProviderUnavailable,
    Refused,
    SmartSpecError,
    StoreError,
    Unidentified,
    UnknownName,
    UsageError,
)

TYPE = "urn:smartspec:problem:"


class Problem(Value, omit_defaults=True):
    """What went wrong, for programs and people.

    ``type`` is stable; ``exit_code`` is what the command would have ended with.
    """

    type: str
    title: str
    status: int
    detail: str
    where: str = ""
    remedy: str = ""
    details: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    rollback_id: str | None = None
    exit_code: int | None = None


KINDS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unidentified": (401, "Nobody proved who asks"),
    "forbidden": (403, "Whoever asks may not do this"),
    "unknown": (404, "There is nothing of this name"),
    "method": (405, "This is not done with this method"),
    "not-acceptable": (406, "None of the accepted media types can be written"),
    "timeout": (408, "The request did not arrive in time"),
    "refused": (409, "Refused; nothing was changed"),
    "another-running": (409, "Another rollback or deployment is running"),
    "contradiction": (409, "It was said otherwise before, and that stands"),
    "approval-missing": (409, "Nobody can consent"),
    "too-large": (413, "The request is too large"),
    "media-type": (415, "The request has another media type than this route reads"),
    "invalid": (422, "The request says something that cannot be"),
    "too-many": (429, "Too many requests"),
    "internal": (500, "An unexpected internal error"),
    "provider": (502, "A platform, database, metrics source or channel failed"),
    "provider-unavailable": (503, "A platform, database, metrics source or channel is away"),
    "ledger": (503, "The ledger cannot be read or written"),
    "stopping": (503, "The server is stopping"),
}
"""Every type of problem by the end of its name: its status and title."""

_KIND_OF: tuple[tuple[type[SmartSpecError], str], ...] = (
    (Unidentified, "unidentified"),
    (Forbidden, "forbidden"),
    (AnotherRunning, "another-running"),
    (ApprovalMissing, "approval-missing"),
    (Refused, "refused"),
    (UnknownName, "unknown"),
    (Contradiction, "contradiction"),
    (UsageError, "invalid"),
    (ConfigurationError, "internal"),
    (ProviderUnavailable, "provider-unavailable"),
    (ProviderError, "provider"),
    (JournalLost, "internal"),
    (StoreError, "ledger"),
)


class Rejected(Exception):
    """A request that is turned down before anything of the product saw it."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        remedy: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say which kind of problem (a key of KINDS), and what of this request."""
        super().__init__(detail)
        self.problem = problem(kind, detail, remedy=remedy)
        self.headers = dict(headers or {})


def problem(kind: str, detail: str, *, remedy: str = "") -> Problem:
    """Make a problem of a kind."""
    status, title = KINDS[kind]
    return Problem(type=TYPE + kind, title=title, status=status, detail=detail, remedy=remedy)


def unforeseen() -> Problem:
    """Say that something broke, and nothing else."""
    return problem("internal", "an unexpected internal error; the server's log says more")


def of_error(error: SmartSpecError) -> Problem:
    """Say an error as a problem."""
    kind = next((name for known, name in _KIND_OF if isinstance(error, known)), "internal")
    status, title = KINDS[kind]
    return Problem(
        type=TYPE + kind,
        title=title,
        status=status,
        detail=_encodable(error.what),
        where=_encodable(error.where),
        remedy=_encodable(error.remedy),
        details=tuple(map(_encodable, error.details)),
        nearest=error.nearest if isinstance(error, UnknownName) else (),
        rollback_id=error.rollback_id if isinstance(error, AnotherRunning) else None,
        exit_code=error.exit_code,
    )


def headers_of(found: Problem) -> dict[str, str]:
    """Return the headers that go with a problem's status."""
    match found.status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": 'Bearer realm="smartspec"'}
        case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.TOO_MANY_REQUESTS:
            return {"Retry-After": "5"}
        case _:
            return {}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
