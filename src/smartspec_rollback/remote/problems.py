"""What the server refuses, as the errors that a command here would raise by itself.

Called by ``asking``. An answer that is no problem document of ours came from something between: a
proxy, or another server.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from msgspec.structs import replace

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
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
from smartspec_rollback.remote.http import Answer

TYPE = "urn:smartspec:problem:"
MEDIA = "application/problem+json"


class Said(Value, forbid_unknown_fields=False):
    """A problem document, as far as commands use it."""

    type: str
    detail: str = ""
    where: str = ""
    remedy: str = ""
    details: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    rollback_id: str | None = None
    exit_code: int | None = None


_KINDS: Mapping[str, type[SmartSpecError]] = {
    "unidentified": Unidentified,
    "forbidden": Forbidden,
    "another-running": AnotherRunning,
    "approval-missing": ApprovalMissing,
    "refused": Refused,
    "contradiction": Contradiction,
    "invalid": UsageError,
    "malformed": UsageError,
    "method": UsageError,
    "not-acceptable": UsageError,
    "too-large": UsageError,
    "media-type": UsageError,
    "provider": ProviderError,
    "provider-unavailable": ProviderUnavailable,
    "ledger": StoreError,
    "stopping": ProviderUnavailable,
    "too-many": ProviderUnavailable,
    "timeout": ProviderUnavailable,
}


_INTERNAL: Mapping[int | None, type[SmartSpecError]] = {2: UsageError, 5: JournalLost}
"""What an internal error is, by the exit code it would have; a bug where that says nothing."""

_BY_STATUS: Mapping[int, str] = {
    400: "malformed",
    401: "unidentified",
    403: "forbidden",
    413: "too-large",
    429: "too-many",
}
"""What a problem of the type ``about:blank`` is, which says no more than its status."""


def said(answer: Answer) -> Said | None:
    """Read a problem document; None where this is none."""
    if not answer.headers.get("content-type", "").startswith(MEDIA):
        return None
    try:
        found = msgspec.json.decode(answer.body, type=Said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if found.type.startswith(TYPE):
        return found
    kind = _BY_STATUS.get(answer.status) if found.type == "about:blank" else None
    return None if kind is None else replace(found, type=TYPE + kind)


def error_of(answer: Answer, *, place: str) -> SmartSpecError:
    """Say a refusal as the error it stands for."""
    problem = said(answer)
    if problem is None:
        return _of_somebody_else(answer, place)
    kind = problem.type.removeprefix(TYPE)
    if kind == "unknown":
        error: SmartSpecError = UnknownName("name", "", nearest=problem.nearest)
        error.what = problem.detail
    else:
        internal = _INTERNAL.get(problem.exit_code, SmartSpecError)
        make: Callable[[], SmartSpecError] = _KINDS.get(kind, internal)
        error = make()
        error.what = problem.detail or error.what
    error.where = problem.where or place
    error.remedy = problem.remedy
    error.details = problem.details
    if isinstance(error, AnotherRunning):
        error.rollback_id = problem.rollback_id
    return error


def is_passing(answer: Answer) -> bool:
    """Whether the server turned a request away unheard, and asking again may help."""
    problem = said(answer)
    return problem is not None and problem.type.removeprefix(TYPE) in ("stopping", "too-many")


def is_uncertain(answer: Answer) -> bool:
    """Whether the server failed in the middle, when a part of it may have been done."""
    problem = said(answer)
    if problem is None:
        return False
    kind = problem.type.removeprefix(TYPE)
    return kind == "ledger" or (kind == "internal" and problem.exit_code != UsageError.exit_code)


def is_between(answer: Answer) -> bool:
    """Whether somebody between says that they got no answer; then nobody knows who heard what."""
    gateways = (
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
    return answer.status in gateways and said(answer) is None


def _of_somebody_else(answer: Answer, place: str) -> SmartSpecError:
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return Unidentified("the server does not know who asks", where=place)
        case HTTPStatus.FORBIDDEN:
            return Forbidden("the server does not allow this", where=place)
        case status if 300 <= status < 400:  # noqa: PLR2004 - redirects
            return UsageError(
                "the server sends elsewhere, where the token is not taken",
                where=place,
                remedy="give the address itself",
            )
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ProviderUnavailable(f"there came status {status}", where=place)
        case status:
            return UsageError(
                f"what answers there is no server of this tool (status {status})", where=place
            )
