"""Who may come in: tokens and sessions, found by the hashes of their secrets.

Making and revoking a token is audited, and tokens stay. Sessions come and go.
"""

import hmac
from datetime import datetime

from msgspec.structs import replace

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.credentials import Session, Token
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.errors import Contradiction, UnknownName, UsageError
from smartspec_rollback.store import chain
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Part, Row, Transaction, from_micros, micros

_COARSE = 3600 * 1_000_000
_FOUND = "SELECT document, revoked_at, used_at, hash FROM tokens WHERE id = ?"
_LISTED = "SELECT document, revoked_at, used_at FROM tokens ORDER BY rowid DESC LIMIT ?"
_RECENT = 1000


class Access(Part):
    """The store's methods about tokens and sessions."""

    def add_token(self, token: Token, /, *, fingerprint: str, by: Person) -> None:
        """Keep a new token; UsageError if its id is taken."""
        with self._ledger.write() as db:
            if db.execute("SELECT 1 FROM tokens WHERE id = ?", (token.id,)).fetchone():
                raise UsageError(f"there is a token {token.id} already", remedy="try again")
            chain.add(
                db,
                at=token.created_at,
                actor=by.name,
                action="token.created",
                subject=token.id,
                detail=_told(token),
            )
            db.execute(
                "INSERT INTO tokens (id, hash, document, expires_at) VALUES (?, ?, ?, ?)",
                (token.id, fingerprint, encode(token), micros(token.expires_at)),
            )

    def token(self, token_id: str, /) -> Token | None:
        """Look one up, whether or not it still counts."""
        with self._ledger.read() as db:
            row = db.execute(_FOUND, (token_id,)).fetchone()
        return None if row is None else _token(row, token_id)

    def token_presented(self, token_id: str, /, *, fingerprint: str) -> Token | None:
        """Look up the token that this is the fingerprint of, whether or not it still counts."""
        with self._ledger.read() as db:
            row = db.execute(_FOUND, (token_id,)).fetchone()
        if row is None or not hmac.compare_digest(row[3], fingerprint):
            return None
        return _token(row, token_id)

    def tokens(self, *, limit: int) -> tuple[Token, ...]:
        """List them, newest first, revoked and expired ones too."""
        with self._ledger.read() as db:
            return tuple(_token(row, "a token") for row in db.execute(_LISTED, (limit,)))

    def revoke_token(self, token_id: str, /, *, by: Person, at: datetime) -> Token:
        """End a token now; UnknownName if there is none such, UsageError if it was revoked."""
        with self._ledger.write() as db:
            row = db.execute(_FOUND, (token_id,)).fetchone()
            if row is None:
                known = db.execute("SELECT id FROM tokens ORDER BY rowid DESC LIMIT ?", (_RECENT,))
                raise UnknownName(
                    "token",
                    token_id,
                    nearest=nearest(token_id, [each[0] for each in known]),
                    remedy="`smartspec token list` lists them",
                )
            token = _token(row, token_id)
            if token.revoked_at is not None:
                raise Contradiction(f"{token_id} was revoked at {token.revoked_at.isoformat()}")
            chain.add(
                db,
                at=at,
                actor=by.name,
                action="token.revoked",
                subject=token_id,
                detail=_told(token),
            )
            db.execute("UPDATE tokens SET revoked_at = ? WHERE id = ?", (micros(at), token_id))
            return replace(token, revoked_at=at)

    def token_used(self, token_id: str, /, *, at: datetime) -> None:
        """Note that a token was used in this hour; writes at most once in it."""
        hour = micros(at) // _COARSE * _COARSE
        with self._ledger.read() as db:
            row = db.execute("SELECT used_at FROM tokens WHERE id = ?", (token_id,)).fetchone()
        if row is not None and (row[0] is None or row[0] < hour):
            with self._ledger.write() as db:
                db.execute("UPDATE tokens SET used_at = ? WHERE id = ?", (hour, token_id))

    def open_session(
        self, session: Session, /, *, fingerprint: str, instead_of: str | None = None
    ) -> None:
        """Keep a session; the one whose fingerprint is ``instead_of`` and those over end."""
        with self._ledger.write() as db:
            _forget(db, instead_of)
            db.execute("DELETE FROM sessions WHERE expires_at <= ?", (micros(session.opened_at),))
            db.execute(
                "INSERT INTO sessions (hash, document, expires_at) VALUES (?, ?, ?)",
                (fingerprint, encode(session), micros(session.expires_at)),
            )

    def session(self, fingerprint: str, /) -> Session | None:
        """Look up a session by the hash of its id, whether or not it is over."""
        with self._ledger.read() as db:
            row = db.execute(
                "SELECT document FROM sessions WHERE hash = ?", (fingerprint,)
            ).fetchone()
        return None if row is None else decode(Session, row[0], what="a session")

    def end_session(self, fingerprint: str, /) -> None:
        """End a session; nothing happens where there is none such."""
        with self._ledger.write() as db:
            _forget(db, fingerprint)


def _forget(db: Transaction, fingerprint: str | None) -> None:
    if fingerprint is not None:
        db.execute("DELETE FROM sessions WHERE hash = ?", (fingerprint,))


def _told(token: Token) -> str:
    """Say in the audit log what a token allows."""
    who = f"{token.name}: acts as {token.person}" if token.person else f"{token.name}: machine"
    may = "" if token.scopes is None else f", may {', '.join(token.scopes)}"
    where = "".join(
        f", {kind} {', '.join(names)}"
        for kind, names in (
            ("services", token.reach.services),
            ("environments", token.reach.environments),
        )
        if names
    )
    return f"{who}{may}{where}, until {token.expires_at.isoformat(timespec='seconds')}"


def _token(row: Row, what: str) -> Token:
    document, revoked_at, used_at, *_ = row
    token = decode(Token, document, what=f"token {what}")
    return replace(
        token,
        revoked_at=None if revoked_at is None else from_micros(revoked_at),
        used_at=None if used_at is None else from_micros(used_at),
    )
