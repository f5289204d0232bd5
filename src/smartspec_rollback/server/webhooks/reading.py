"""Reading what other systems send: bounded, typed, and never trusted. Used by the handlers here."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from smartspec_rollback.errors import UsageError

BODY_LIMIT = 1024 * 1024
"""Bytes that a request of these systems may have."""

_Held = TypeVar("_Held")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d{0,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def decoded(body: bytes, kind: type[_Held], *, what: str) -> _Held:
    """Read JSON of a known shape, leaving alone what is not known; UsageError says what is off."""
    if len(body) > BODY_LIMIT:
        raise UsageError(f"{what} is larger than {BODY_LIMIT} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        said = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
        raise UsageError(f"this is not {what}: {said[:200]}") from None


def moment(text: str) -> datetime | None:
    """Read a time as RFC 3339 has it, to the microsecond; None where it is none."""
    found = _MOMENT.fullmatch(text.upper()) if len(text) < 50 else None  # noqa: PLR2004 - none is as long
    if found is None:
        return None
    seconds, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{seconds}.{(fraction or '0').ljust(6, '0')}{zone}")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def header(headers: Mapping[str, str], name: str) -> str:
    """Look a header up, whatever its case; empty where it is missing."""
    if name in headers:
        return headers[name]
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def line(text: str, *, limit: int) -> str:
    """Put text from outside on one line of printable characters, at most ``limit``."""
    folded = " ".join(text[: 4 * limit].split())
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in folded)
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"
