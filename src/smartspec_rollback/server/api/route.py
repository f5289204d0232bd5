"""What a route of the API is: data, from which dispatch and the OpenAPI document are both made.

Written down in ``routes``; nothing here does anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.values import Value

if TYPE_CHECKING:
    from smartspec_rollback.server.api.served import Served

JSON = "application/json"
MARKDOWN = "text/markdown"
HTML = "text/html"
EVENTS = "text/event-stream"
PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"

LOCATION = {"Location": "Where it can be followed."}
"""The header of an answer that says where what was made can be looked at."""

B = TypeVar("B")
Q = TypeVar("Q")


@dataclass(frozen=True)
class Call(Generic[B, Q]):
    """One request that was read and found well-formed.

    ``names`` are the path's parameters. ``key`` is the Idempotency-Key, empty without one.
    ``last_event`` is where a broken stream goes on, empty at its beginning. ``raw`` is the body as
    it was sent, ``headers`` have lower-case names: for requests that are signed.
    """

    who: Principal
    names: Mapping[str, str]
    query: Q
    body: B
    key: str = ""
    last_event: str = ""
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a request is answered with; ``document`` is a Value, or bytes made ready by a view."""

    document: Value | bytes | str | None
    status: int = 200
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """A stream of a rollback's events, from the journal entry after ``after``."""

    rollback_id: str
    after: int


Handler = Callable[["Served", Call[Any, Any]], Reply | Stream]


@dataclass(frozen=True)
class Returns:
    """One way in which a route succeeds; ``headers`` are names with what they say."""

    status: int
    what: str
    kind: type[Value] | None = None
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One operation of the API.

    ``action`` is what it takes, None where nobody has to log in. ``refuses`` are statuses of
    problems besides those that every such route has. ``keyed``: an Idempotency-Key is heard.
    ``takes`` are the media types of bodies that are passed on as they were sent, each with its
    JSON Schema. ``signed``: the sender proves itself by the request's own signature.
    ``rule`` is JSON Schema that a body fulfils besides its type.
    ``slow``: it may wait for a platform, so it has threads of its own.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    returns: tuple[Returns, ...]
    action: Action | None
    tag: str
    description: str = ""
    body: type[Value] | None = None
    rule: Mapping[str, Any] | None = None
    example: Mapping[str, Any] | None = None
    query: type[Value] | None = None
    refuses: tuple[int, ...] = ()
    takes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keyed: bool = False
    signed: bool = False
    slow: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Name the path's parameters."""
        parts = (part for part in self.path.split("/") if part.startswith("{"))
        return tuple(part.strip("{}") for part in parts)

    @property
    def media(self) -> tuple[str, ...]:
        """List the media types it may answer with, besides problems."""
        return tuple(dict.fromkeys(each.media for each in self.returns if each.kind or each.media))

    @property
    def problems(self) -> tuple[int, ...]:
        """List every status of a problem that it may answer with."""
        found = {400, 406, 429, 500, 503, *self.refuses}
        if self.action is not None or self.signed:
            found |= {401, 403}
        if self.parameters:
            found |= {404, 422}
        if self.query is not None:
            found |= {422}
        if self.body is not None or self.takes:
            found |= {408, 413, 415, 422}
        return tuple(sorted(found))
