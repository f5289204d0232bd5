"""Tokens and sessions for tests: whoever a test needs, and what they present.

Used by tests of the server and by the store's contract. Everything here is made as the commands
and the login make it; only the randomness is the test's own.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.credentials import Session, Token, compose, fingerprint
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import NOON

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
ROOT = Person(name="root", account="os:root")
"""Who makes the tokens of tests."""


def secret_of(name: str) -> bytes:
    """Make bytes that look random, the same for the same name."""
    return hashlib.sha256(name.encode()).digest()


def token_id_of(name: str) -> str:
    """Make the id of the token called ``name``."""
    return "".join(_LETTERS[byte % 32] for byte in secret_of(name)[:8])


def a_token(
    name: str = "ci",
    *,
    person: str | None = None,
    scopes: tuple[Action, ...] = (Action.READ, Action.REQUEST),
    reach: Reach | None = None,
    at: datetime = NOON,
    lasts: float = 3600.0,
) -> Token:
    """Make a machine's token, or with ``person`` a personal one."""
    return Token(
        id=token_id_of(name),
        name=name,
        person=person,
        scopes=None if person else scopes,
        reach=reach or Reach(),
        created_by="root",
        created_at=at,
        expires_at=at + timedelta(seconds=lasts),
    )


def given(store: Store, token: Token) -> str:
    """Keep a token and return the text that its owner presents."""
    text = compose(token.id, secret_of(token.name))
    store.add_token(token, fingerprint=fingerprint(text), by=ROOT)
    return text


def bearer(store: Store, token: Token) -> dict[str, str]:
    """Keep a token and return the header that presents it."""
    return {"Authorization": f"Bearer {given(store, token)}"}


def a_session(
    account: str = "oidc:alice@example.org",
    *,
    name: str = "alice",
    groups: tuple[str, ...] = (),
    at: datetime = NOON,
    lasts: float = 3600.0,
    proved_at: datetime | None = None,
) -> Session:
    """Make the session of somebody who came by an OpenID provider."""
    return Session(
        person=Person(name=name, account=account),
        groups=groups,
        proved_at=proved_at or at,
        opened_at=at,
        expires_at=at + timedelta(seconds=lasts),
    )


def logged_in(
    store: Store, session: Session, *, secret: str = "", cookie: str = "smartspec"
) -> dict[str, str]:
    """Keep a session and return the headers that a page of ours sends along with it."""
    text = secret or secret_of(session.person.account).hex()
    store.open_session(session, fingerprint=fingerprint(text))
    csrf = hmac.new(text.encode(), b"csrf", hashlib.sha256).hexdigest()
    return {"Cookie": f"{cookie}={text}", "X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-origin"}
