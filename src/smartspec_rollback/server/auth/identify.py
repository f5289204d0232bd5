"""Who asks, by what they present: a token in a header, or a session's cookie.

Part of the guard; reads the ledger and the configuration anew for every request, so that a revoked
token, a session that was ended and a person who left the configuration count for nothing at once.
"""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from smartspec_rollback.config.model import Configuration
from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.credentials import Session, Token, fingerprint, token_id
from smartspec_rollback.errors import StoreError, Unidentified
from smartspec_rollback.ports.clock import Clock

_LONGEST = 200
_NOT_GOOD = "the token is not known, was revoked, or has expired"


class AccessStore(Protocol):
    """What of a Store this needs."""

    def token(self, token_id: str, /) -> Token | None:
        """Look one up."""
        ...

    def token_presented(self, token_id: str, /, *, fingerprint: str) -> Token | None:
        """Look up the token that this is the fingerprint of."""
        ...

    def token_used(self, token_id: str, /, *, at: datetime) -> None:
        """Note that a token was used."""
        ...

    def open_session(
        self, session: Session, /, *, fingerprint: str, instead_of: str | None = None
    ) -> None:
        """Keep a session."""
        ...

    def session(self, fingerprint: str, /) -> Session | None:
        """Look up a session."""
        ...

    def end_session(self, fingerprint: str, /) -> None:
        """End a session."""
        ...

    def audit(self, *, actor: str, action: str, subject: str, detail: str, at: datetime) -> None:
        """Add an entry to the audit log."""
        ...


@dataclass(frozen=True)
class Identified:
    """Who asks, and by what: ``key`` tells one token or session from others in counting requests.

    ``csrf`` is what a form of this session has to repeat; None where no cookie was used.
    """

    principal: Principal
    key: str
    csrf: str | None = None


class Identifier:
    """Says who presents a token or a session's id."""

    def __init__(
        self, configuration: Callable[[], Configuration], store: AccessStore, clock: Clock
    ) -> None:
        """Ask ``configuration`` and ``store`` anew each time."""
        self._configuration = configuration
        self._store = store
        self._clock = clock

    def bearer(self, text: str) -> Identified:
        """Say whose token this is; Unidentified where it is nobody's."""
        token = self.token(text)
        return Identified(self._principal(token), f"token:{token.id}")

    def token(self, text: str) -> Token:
        """Look a token up that counts now; Unidentified where this is none."""
        known = token_id(text) if len(text) <= _LONGEST else None
        if known is None:
            raise Unidentified("this is no token of this server")
        token = self._store.token_presented(known, fingerprint=fingerprint(text))
        now = self._clock.now()
        if token is None or not token.counts(at=now):
            raise Unidentified(_NOT_GOOD)
        with suppress(StoreError):  # when it was used is worth no failed request
            self._store.token_used(token.id, at=now)
        return token

    def session(self, secret: str) -> Identified:
        """Say whose session this is; Unidentified where it is over or was none."""
        if len(secret) > _LONGEST:
            raise Unidentified("the session is not known")
        known = fingerprint(secret)
        session = self._store.session(known)
        if session is None or not session.opened_at <= self._clock.now() < session.expires_at:
            raise Unidentified("the session is over")
        return Identified(
            self._still(session),
            f"session:{known}",
            csrf=hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest(),
        )

    def person(self, name: str, account: str) -> Person:
        """Look a person of the configuration up; Unidentified once they are not there any more."""
        if all(entry.name != name for entry in self._configuration().people):
            raise Unidentified(f"{name} is not among `people` any more")
        return Person(name=name, account=account)

    def _principal(self, token: Token) -> Principal:
        account = f"token:{token.id}"
        if token.person is not None:
            return Principal(person=self.person(token.person, account), reach=token.reach)
        # A colon: no person of the configuration can be called like that.
        machine = Person(name=f"machine:{token.name}", account=account)
        return Principal(person=machine, scopes=token.scopes or (), reach=token.reach)

    def _still(self, session: Session) -> Principal:
        """Say who a session's person is today."""
        if session.token is None:
            return Principal(
                person=self._configuration().identify(session.person.account),
                groups=session.groups,
                proved_at=session.proved_at,
            )
        token = self._store.token(session.token)
        if token is None or token.person is None or not token.counts(at=self._clock.now()):
            raise Unidentified(_NOT_GOOD)
        person = self.person(token.person, session.person.account)
        return Principal(person=person, reach=token.reach, proved_at=session.proved_at)
