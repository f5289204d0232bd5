"""Reading requests that may be anything: bodies, queries and headers, within bounds.

Called by ``dispatch``. Whatever is wrong is Rejected before anything of the product sees it: what
cannot be read as 400, what says something that cannot be as 422. Unknown and doubled names are
refused, never ignored: they are typing errors, or somebody hides something from a proxy.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from smartspec_rollback.domain.values import Value
from smartspec_rollback.server.api.problems import Rejected
from smartspec_rollback.server.api.route import JSON, PROBLEM

V = TypeVar("V", bound=Value)

_KEY = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_MAX_EVENT_ID = 20
_MAX_DEPTH = 32


@dataclass(frozen=True)
class Limits:
    """How large a body may be, in bytes, and how many seconds it may take to arrive."""

    body: int = 256 * 1024
    seconds: float = 15.0


async def body_of(request: Request, limits: Limits) -> bytes:
    """Read a body; Rejected where it is too large or too slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limits.body:
        raise _too_large(limits)
    found = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                found += part
                if len(found) > limits.body:
                    raise _too_large(limits)
    except TimeoutError:
        raise Rejected(
            "timeout",
            f"the body did not arrive within {limits.seconds:g} seconds",
            headers={"Connection": "close"},
        ) from None
    except ClientDisconnect:
        raise Rejected("malformed", "the body ended early") from None
    return bytes(found)


def _too_large(limits: Limits) -> Rejected:
    # What is left of the body is not read, so nothing else can come on this connection.
    return Rejected(
        "too-large", f"at most {limits.body} bytes are read", headers={"Connection": "close"}
    )


def is_json(request: Request) -> None:
    """Insist on JSON in UTF-8."""
    if len(request.headers.getlist("content-type")) > 1:
        raise Rejected("media-type", "there are several Content-Type headers")
    media, _, rest = request.headers.get("content-type", "").partition(";")
    charset = rest.strip().lower().removeprefix("charset=").strip('"')
    if media.strip().lower() != JSON or charset not in ("", "utf-8"):
        raise Rejected("media-type", f"send Content-Type: {JSON}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Rejected("media-type", "send the body without Content-Encoding")


def is_one_of(request: Request, media: tuple[str, ...]) -> None:
    """Insist on one of these media types."""
    said = request.headers.getlist("content-type")
    if len(said) != 1 or said[0].partition(";")[0].strip().lower() not in media:
        raise Rejected("media-type", f"send Content-Type: {media[0]}")


def decoded(kind: type[V], raw: bytes) -> V:
    """Read JSON as ``kind``; every name once, none that is unknown."""
    checked(raw)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Rejected("invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("malformed", f"the body is no JSON: {error}") from None


def checked(raw: bytes) -> Any:
    """Read JSON of any shape; Rejected where it is none, says a name twice or is nested deeply."""
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_none)
    except (ValueError, RecursionError) as error:
        shown = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Rejected("malformed", f"the body is no JSON: {shown[:200]}") from None
    _shallow(found)
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _none(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _shallow(found: Any) -> None:
    level = [found]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise Rejected("malformed", f"the body is nested deeper than {_MAX_DEPTH} levels")


def queried(kind: type[V] | None, request: Request) -> V | None:
    """Read the query as ``kind``; without a kind there must be none."""
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Rejected("invalid", "a parameter of the query stands twice")
    if kind is None:
        if found:
            raise Rejected("invalid", f"unknown parameter: {next(iter(found))[:80]!r}")
        return None
    try:
        asked = msgspec.convert(found, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise Rejected("invalid", f"in the query: {error}") from None
    for name in found:
        if getattr(asked, name) is None:  # a lax reader takes the text "null" for nothing
            raise Rejected("invalid", f"in the query: {name} is nothing")
    return asked


def key_of(request: Request) -> str:
    """Read the Idempotency-Key; empty without one."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return ""
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Rejected(
            "malformed", "Idempotency-Key must be one value of 1 to 128 printable ASCII characters"
        )
    return values[0]


def last_event_of(request: Request) -> str:
    """Read the Last-Event-ID of a stream that broke; empty without one."""
    value = request.headers.get("last-event-id")
    if value is None:
        return ""
    if not (value.isascii() and value.isdecimal() and len(value) <= _MAX_EVENT_ID):
        raise Rejected("malformed", "Last-Event-ID must be the id of an event of this stream")
    return value


def accepts(request: Request, media: tuple[str, ...]) -> None:
    """Insist that the caller accepts one of the media types."""
    said = ",".join(request.headers.getlist("accept")) or "*/*"
    ranges: dict[str, float] = {}
    for each in said.split(","):
        name, *options = (part.strip().lower() for part in each.split(";"))
        ranges[name] = min((_quality(option) for option in options), default=1.0)
    for each in media or (JSON,):
        names = (each, each.partition("/")[0] + "/*", "*/*")
        quality = next((ranges[name] for name in names if name in ranges), 0.0)
        if quality > 0:
            return
    wanted = ", ".join(media) or PROBLEM
    raise Rejected("not-acceptable", f"this is written as {wanted}")


def _quality(option: str) -> float:
    name, _, value = option.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 1.0


def lower_headers(request: Request) -> Mapping[str, str]:
    """Return the headers, of which each may stand once where it is asked for."""
    return {name.lower(): value for name, value in request.headers.items()}
