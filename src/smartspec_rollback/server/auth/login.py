"""Logging in and out of the console: at the OpenID provider, or by a personal token without one.

The server's assembly adds ``routes`` behind the guard. There are no passwords: a token is made by
``smartspec token create --person NAME`` on the machine that has the ledger.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.credentials import Session, fingerprint
from smartspec_rollback.errors import ProviderUnavailable, Unidentified
from smartspec_rollback.server.auth import login_pages
from smartspec_rollback.server.auth.attempts import Attempts, form_token, within
from smartspec_rollback.server.auth.forms import fields_of
from smartspec_rollback.server.auth.guard import Guard
from smartspec_rollback.server.auth.limits import client, too_many
from smartspec_rollback.server.auth.oidc import Provider
from smartspec_rollback.server.auth.replies import page, refusal
from smartspec_rollback.views.markup import tag

CALLBACK = "/login/callback"
"""Where the OpenID provider sends people back to."""

_ATTEMPT_LASTS = 3600
_LONGEST = 200


class Login:
    """The pages of logging in and out."""

    def __init__(self, guard: Guard) -> None:
        """Log in at the provider that the configuration names, if it names one."""
        self._guard = guard
        self._attempts = Attempts(guard.clock)
        server = guard.configuration().server
        self._provider = (
            Provider(
                server.oidc,
                redirect_uri=guard.listening.url + CALLBACK,
                max_age=server.session,
                clock=guard.clock,
            )
            if server.oidc is not None
            else None
        )

    def routes(self) -> list[BaseRoute]:
        """Return the routes to add; ``/logout`` is only for those who are in."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.by_token, methods=["POST"]),
            Route("/login/again", self.show, methods=["GET"]),
            Route("/login/start", self.start, methods=["GET"]),
            Route(CALLBACK, self.callback, methods=["GET"]),
            Route("/login/leave", self.leave, methods=["GET"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show how to log in, or under ``/login/again`` how to prove anew who one is."""
        again = request.url.path.endswith("/again")
        return self._page(request, leads_to=_asked(request), again=again)

    async def by_token(self, request: Request) -> Response:
        """Take the personal token that was typed into the form."""
        scope = request.scope
        if wait := self._guard.logins.take(client(scope)):
            return too_many(scope, wait)
        if self._provider is not None:
            detail = "people log in at the OpenID provider here"
            return refusal(scope, HTTPStatus.FORBIDDEN, detail)
        try:
            fields = fields_of(await request.body())
        except ValueError:
            return refusal(scope, HTTPStatus.BAD_REQUEST, "the form cannot be read")
        leads_to = within(fields.get("next", ""))
        why = self._guard.foreign(scope) or self._other_browser(request, fields.get("form", ""))
        if why:
            await self._guard.refusals.note(scope, why)
            return refusal(scope, HTTPStatus.FORBIDDEN, why)
        try:
            session = await run_in_threadpool(self._session_of, fields.get("token", "").strip())
        except Unidentified as error:
            await self._guard.refusals.note(scope, error.what)
            if wait := self._guard.failures.take(client(scope)):
                return too_many(scope, wait)
            return self._page(request, leads_to=leads_to, again=False, why=error.what)
        return await self._opened(request, session, leads_to, how="personal token")

    async def start(self, request: Request) -> Response:
        """Send somebody to the OpenID provider."""
        if wait := self._guard.logins.take(client(request.scope)):
            return too_many(request.scope, wait)
        if self._provider is None:
            return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        secret = self._secret(request)
        attempt = self._attempts.begin(
            secret, leads_to=_asked(request), again=request.query_params.get("again") == "1"
        )
        try:
            url = await run_in_threadpool(self._provider.begin, attempt)
        except ProviderUnavailable as error:
            return refusal(request.scope, HTTPStatus.BAD_GATEWAY, f"{error.what}; {error.remedy}")
        return self._remembering(RedirectResponse(url, HTTPStatus.SEE_OTHER), secret)

    async def callback(self, request: Request) -> Response:
        """Take the OpenID provider's answer."""
        scope = request.scope
        if wait := self._guard.logins.take(client(scope)):
            return too_many(scope, wait)
        if self._provider is None:
            return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        query = request.query_params
        answer = {name: query[name] for name in query if len(query.getlist(name)) == 1}
        try:
            attempt = self._attempts.finish(
                request.cookies.get(self._cookie, ""), answer.get("state", "")
            )
            claimed = await run_in_threadpool(self._provider.finish, attempt, answer)
        except Unidentified as error:
            await self._guard.refusals.note(scope, error.what)
            if wait := self._guard.failures.take(client(scope)):
                return too_many(scope, wait)
            return self._page(request, leads_to="/", again=False, why=error.what)
        except ProviderUnavailable as error:
            return refusal(scope, HTTPStatus.BAD_GATEWAY, f"{error.what}; {error.remedy}")
        now = self._guard.clock.now()
        session = Session(
            person=self._guard.configuration().identify(claimed.account),
            groups=claimed.groups,
            proved_at=claimed.proved_at,
            opened_at=now,
            expires_at=self._ends(now),
        )
        return await self._opened(request, session, attempt.leads_to, how="OpenID")

    async def logout(self, request: Request) -> Response:
        """End the session here, and show how to end the one at the provider."""
        who = self._guard.principal(request).person
        secret = self._guard.session_in(request.headers)
        if secret:
            await run_in_threadpool(self._guard.store.end_session, fingerprint(secret))
            await self._audited(who, "access.logout", request, "")
        answer = page("Logged out", login_pages.logged_out(there_too=bool(self._there())))
        answer.delete_cookie(
            self._guard.cookie, path="/", secure=self._guard.listening.secure, httponly=True
        )
        return answer

    async def leave(self, _: Request) -> Response:
        """Send somebody who logged out on to the provider, to log out there as well."""
        return RedirectResponse(self._there() or "/login", HTTPStatus.SEE_OTHER)

    # What the pages are made of

    @property
    def _cookie(self) -> str:
        """The cookie that ties an attempt to the browser that began it."""
        return self._guard.cookie + "-login"

    def _there(self) -> str | None:
        """Return where somebody logs out at the provider, if it is known."""
        back = self._guard.listening.url + "/login"
        return self._provider.logout_url(back) if self._provider is not None else None

    def _page(self, request: Request, *, leads_to: str, again: bool, why: str = "") -> Response:
        title = "Say again who you are" if again else "Log in"
        status = HTTPStatus.UNAUTHORIZED if why else HTTPStatus.OK
        said = (
            tag("p", why, role="alert") if why else None,
            tag("p", login_pages.AGAIN) if again else None,
        )
        if self._provider is not None:
            way = login_pages.at_provider(leads_to, again=again)
            return page(title, said, way, status=status)
        secret = self._secret(request)
        try:
            csrf = self._guard.csrf_token(request)
        except Unidentified:
            csrf = ""
        form = login_pages.by_token(leads_to, form=form_token(secret), csrf=csrf)
        return self._remembering(page(title, said, form, status=status), secret)

    def _secret(self, request: Request) -> str:
        """Return the browser's secret; a browser that has none gets one."""
        held = request.cookies.get(self._cookie, "")
        return held if 0 < len(held) <= _LONGEST else secrets.token_urlsafe(32)

    def _remembering(self, answer: Response, secret: str) -> Response:
        self._set(answer, self._cookie, secret, _ATTEMPT_LASTS)
        return answer

    def _other_browser(self, request: Request, form: str) -> str:
        """Say why the form was not shown to this browser; nothing where it was."""
        held = request.cookies.get(self._cookie, "")
        if held and hmac.compare_digest(form.encode(), form_token(held).encode()):
            return ""
        return "this form was not shown to this browser; open the page again"

    # What comes of it

    def _session_of(self, text: str) -> Session:
        """Make the session of whoever typed their token; Unidentified where it is nobody's."""
        token = self._guard.identifier.token(text)
        if token.person is None:
            raise Unidentified("a machine's token opens no console")
        now = self._guard.clock.now()
        person = self._guard.identifier.person(token.person, f"token:{token.id}")
        return Session(
            person=person,
            token=token.id,
            proved_at=now,
            opened_at=now,
            expires_at=min(self._ends(now), token.expires_at),
        )

    def _ends(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._guard.configuration().server.session)

    async def _opened(
        self, request: Request, session: Session, leads_to: str, *, how: str
    ) -> Response:
        """Open a session under an id of its own, whatever id the browser came with."""
        secret = secrets.token_urlsafe(32)
        before = self._guard.session_in(request.headers)
        await run_in_threadpool(
            self._guard.store.open_session,
            session,
            fingerprint=fingerprint(secret),
            instead_of=fingerprint(before) if before else None,
        )
        await self._audited(session.person, "access.login", request, f"by {how}")
        answer = RedirectResponse(leads_to, HTTPStatus.SEE_OTHER)
        lasts = session.expires_at - session.opened_at
        self._set(answer, self._guard.cookie, secret, int(lasts.total_seconds()))
        answer.delete_cookie(
            self._cookie, path="/", secure=self._guard.listening.secure, httponly=True
        )
        return answer

    def _set(self, answer: Response, name: str, value: str, lasts: int) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=lasts,
            path="/",
            secure=self._guard.listening.secure,
            httponly=True,
            samesite="lax",
        )

    async def _audited(self, who: Person, action: str, request: Request, detail: str) -> None:
        await run_in_threadpool(
            self._guard.store.audit,
            actor=who.name,
            action=action,
            subject=who.account,
            detail=f"{detail} from {client(request.scope)}".strip(),
            at=self._guard.clock.now(),
        )


def _asked(request: Request) -> str:
    """Return where somebody wants to go once they are in."""
    return within(request.query_params.get("next", "/"))
