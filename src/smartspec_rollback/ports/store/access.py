"""The part of the store about who is let in: tokens of machines, sessions of people."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.credentials import Session, Token


class KeepsAccess(Protocol):
    """Tokens and sessions, known by fingerprints; no secret is kept."""

    def add_token(self, token: Token, /, *, fingerprint: str, by: Person) -> None:
        """Keep a new token; UsageError if its id is taken."""
        ...

    def token(self, token_id: str, /) -> Token | None:
        """Look one up, whether or not it still counts."""
        ...

    def token_presented(self, token_id: str, /, *, fingerprint: str) -> Token | None:
        """Look up the token that this is the fingerprint of, whether or not it still counts."""
        ...

    def tokens(self, *, limit: int) -> tuple[Token, ...]:
        """List them, newest first, revoked and expired ones too."""
        ...

    def revoke_token(self, token_id: str, /, *, by: Person, at: datetime) -> Token:
        """End a token now; UnknownName if there is none such, UsageError if it was revoked."""
        ...

    def token_used(self, token_id: str, /, *, at: datetime) -> None:
        """Note that a token was used in this hour; writes at most once in it."""
        ...

    def open_session(
        self, session: Session, /, *, fingerprint: str, instead_of: str | None = None
    ) -> None:
        """Keep a session; the one whose fingerprint is ``instead_of`` and those over end."""
        ...

    def session(self, fingerprint: str, /) -> Session | None:
        """Look up a session by the hash of its id, whether or not it is over."""
        ...

    def end_session(self, fingerprint: str, /) -> None:
        """End a session; nothing happens where there is none such."""
        ...
