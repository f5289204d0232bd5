"""The guard: who may come in at all, and nothing that a stranger's page could send in their name.

Made by the server's assembly, which puts ``protected`` around the whole application and asks
``principal`` in its routes. What somebody may *do* is decided by ``operations``.
"""

from collections import Counter
from collections.abc import Callable, Collection
from http import HTTPStatus
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from smartspec_rollback.config.model import Configuration
from smartspec_rollback.domain.access import Principal
from smartspec_rollback.errors import StoreError, Unidentified
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.server.auth.forms import why_not_ours
from smartspec_rollback.server.auth.hardening import Hardened
from smartspec_rollback.server.auth.hosts import Hosts, own_origins
from smartspec_rollback.server.auth.identify import AccessStore, Identified, Identifier
from smartspec_rollback.server.auth.limits import (
    Buckets,
    Limits,
    body_of,
    client,
    replayed,
    too_many,
)
from smartspec_rollback.server.auth.listening import Listening
from smartspec_rollback.server.auth.proxies import Proxies
from smartspec_rollback.server.auth.refusals import Refusals
from smartspec_rollback.server.auth.replies import reads_pages, refusal
from smartspec_rollback.server.auth.staying import Staying

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

OPEN = frozenset({"/healthz", "/readyz", "/openapi.json"})
"""What anybody may see, besides ``/login`` and ``/assets``."""

_KEY = "smartspec.identified"
_METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_LONGEST_TARGET = 500
_LATER = 5.0


class Guard:
    """Says who asks, and keeps everybody else out."""

    def __init__(
        self,
        configuration: Callable[[], Configuration],
        store: AccessStore,
        clock: Clock,
        *,
        listening: Listening,
        limits: Limits | None = None,
        signed: Collection[str] = (),
    ) -> None:
        """Guard a server that listens there.

        ``signed`` are the paths whose requests carry a signature that their own route checks.
        """
        self.configuration = configuration
        self.listening = listening
        self.limits = limits or Limits()
        self.store = store
        self.clock = clock
        self.identifier = Identifier(configuration, store, clock)
        self.refusals = Refusals(store, clock, self.limits.refusals_audited)
        self.failures = Buckets(self.limits.failures, clock)
        self.logins = Buckets(self.limits.logins, clock)
        self._addresses = Buckets(self.limits.address, clock)
        self._identified = Buckets(self.limits.identified, clock)
        self._signed = frozenset(signed)
        self.opened: Counter[str] = Counter()

    @property
    def cookie(self) -> str:
        """The name of the session's cookie; with TLS, one that no other host can set."""
        return "__Host-smartspec" if self.listening.secure else "smartspec"

    def principal(self, request: HTTPConnection) -> Principal:
        """Say who asks; Unidentified where nobody needed to say."""
        return self._of(request).principal

    def csrf_token(self, request: HTTPConnection) -> str:
        """Return what a form has to repeat as ``csrf_token``; empty where no cookie was used."""
        return self._of(request).csrf or ""

    async def renewed(self, request: HTTPConnection) -> Principal:
        """Say who asks as of now, for what stays open for long; Unidentified once that is over."""
        found = await run_in_threadpool(self._identify, Headers(scope=request.scope))
        if found is None:
            raise Unidentified("nobody said who asks")
        return found.principal

    async def still(self, headers: Headers, key: str) -> bool:
        """Tell whether what was presented still counts; a ledger that fails says nothing."""
        try:
            found = await run_in_threadpool(self._identify, headers)
        except Unidentified:
            return False
        except StoreError:
            return True
        return found is not None and found.key == key

    def session_in(self, headers: Headers) -> str:
        """Return the id of the session that a request's cookie names, or nothing."""
        return cookie_parser(headers.get("cookie", "")).get(self.cookie, "")

    def protected(self, app: ASGIApp) -> ASGIApp:
        """Put the guard around an application."""
        inner: ASGIApp = _Checked(self, app)
        inner = Hosts(inner, names=self.listening.names)
        inner = Proxies(inner, trusted=self.listening.proxies, only=self.listening.proxied_only)
        return Hardened(inner, secure=self.listening.secure)

    async def check(self, scope: Scope, receive: Receive) -> tuple[Scope, Receive] | Response:
        """Let a request through, with who asks and its body read; or say why not."""
        if scope["method"] not in _METHODS:
            allowed = {"Allow": ", ".join(sorted(_METHODS))}
            detail = "no such method is used here"
            return refusal(scope, HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allowed)
        who = client(scope)
        if wait := self._addresses.take(who):
            return too_many(scope, wait)
        headers = Headers(scope=scope)
        found = await self._admitted(scope, headers)
        if isinstance(found, Response):
            return found
        limit = self.limits.body if found or scope["path"] in self._signed else self.limits.form
        content = await body_of(scope, receive, limit)
        if isinstance(content, Response):
            return content
        if found is not None and found.csrf is not None and scope["method"] not in SAFE:
            why = self.foreign(scope) or why_not_ours(headers, content, found.csrf)
            if why:
                await self.refusals.note(scope, why)
                return refusal(scope, HTTPStatus.FORBIDDEN, why)
        return {**scope, _KEY: found}, replayed(content, receive)

    async def _admitted(self, scope: Scope, headers: Headers) -> Identified | Response | None:
        """Say who comes in, None where anybody may; or why nobody does."""
        path = scope["path"]
        if path in self._signed or _is_asset(path):
            return None
        try:
            found = await run_in_threadpool(self._identify, headers)
        except Unidentified as error:
            return await self._turned_away(scope, error.what)
        except StoreError:
            again = {"Retry-After": "5"}
            detail = "the ledger cannot be read; try again"
            return refusal(scope, HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=again)
        if found is None:
            return None if self._is_open(path) else self._must_log_in(scope)
        wait = self._identified.take(found.key)
        return too_many(scope, wait) if wait else found

    def foreign(self, scope: Scope) -> str:
        """Say why a request was not sent by a page of ours; nothing where it was."""
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        origin = headers.get("origin")
        if site is None and origin is None:
            return "the browser did not say which page sent this"
        if site not in (None, "same-origin"):
            return "another site's page sent this"
        at = self.listening
        ours = own_origins(scope, at.url, secure=at.secure)
        if origin is not None and origin.lower() not in ours:
            return "another origin's page sent this"
        return ""

    def _identify(self, headers: Headers) -> Identified | None:
        """Say who asks, None where nobody said anything; Unidentified where that is no good.

        A token in the header is all that counts then, whatever cookies came along.
        """
        given = headers.getlist("authorization")
        if given:
            scheme, _, text = given[0].partition(" ")
            if len(given) > 1 or scheme.lower() != "bearer":
                raise Unidentified("only `Authorization: Bearer` is understood, once")
            return self.identifier.bearer(text.strip())
        if secret := self.session_in(headers):
            try:
                return self.identifier.session(secret)
            except Unidentified:
                return None  # a session that is over is nobody's: they log in again
        return None

    def _of(self, request: HTTPConnection) -> Identified:
        found: Identified | None = request.scope.get(_KEY)
        if found is None:
            raise Unidentified("nobody said who asks")
        return found

    def _is_open(self, path: str) -> bool:
        return path in OPEN or path == "/login" or path.startswith("/login/")

    def _must_log_in(self, scope: Scope) -> Response:
        if scope["method"] in SAFE and reads_pages(scope):
            query = scope["query_string"].decode("latin-1")
            target = scope["path"] + (f"?{query}" if query else "")
            login = f"/login?next={quote(target[:_LONGEST_TARGET], safe='/')}"
            return RedirectResponse(login, HTTPStatus.SEE_OTHER)
        headers = {"WWW-Authenticate": 'Bearer realm="smartspec"'}
        detail = "say who asks: Authorization: Bearer TOKEN (smartspec token create)"
        return refusal(scope, HTTPStatus.UNAUTHORIZED, detail, headers=headers)

    async def _turned_away(self, scope: Scope, why: str) -> Response:
        """Answer somebody whose token is no good, and less and less of them."""
        await self.refusals.note(scope, why)
        if wait := self.failures.take(client(scope)):
            return too_many(scope, wait)
        headers = {"WWW-Authenticate": 'Bearer realm="smartspec", error="invalid_token"'}
        return refusal(scope, HTTPStatus.UNAUTHORIZED, why, headers=headers)


class _Checked:
    """The innermost part: an application that only sees what the guard let through."""

    def __init__(self, guard: Guard, app: ASGIApp) -> None:
        self._guard = guard
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; nothing here speaks WebSocket."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        checked = await self._guard.check(scope, receive)
        if isinstance(checked, Response):
            await checked(scope, receive, send)
            return
        scope, receive = checked
        found: Identified | None = scope[_KEY]
        if found is None:
            await self._app(scope, receive, send)
            return
        name = found.principal.person.name
        opened = self._guard.opened
        if opened[name] >= self._guard.limits.at_once:
            await too_many(scope, _LATER)(scope, receive, send)
            return
        opened[name] += 1
        try:
            await self._served(found.key, scope, receive, send)
        finally:
            opened[name] -= 1
            if not opened[name]:
                del opened[name]

    async def _served(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve somebody, for as long as they may come in."""
        if scope["method"] == "GET":
            guard, headers = self._guard, Headers(scope=scope)

            async def still() -> bool:
                return await guard.still(headers, key)

            staying = Staying(receive, send, still=still, clock=guard.clock)
            receive, send = staying.receive, staying.send
        await self._app(scope, receive, send)


def _is_asset(path: str) -> bool:
    return path.startswith("/assets/")
