"""What admins may do with tokens from afar: make one for a machine, list them, end one.

A token that acts as a person is made by the command alone, on the machine that has the ledger:
nobody becomes somebody else through a server.
"""

import base64
import secrets
from datetime import timedelta

from smartspec_rollback.domain.access import SCOPES, Action, Principal, Reach
from smartspec_rollback.domain.credentials import (
    LONGEST,
    SECRET_BYTES,
    Token,
    compose,
    fingerprint,
)
from smartspec_rollback.domain.names import checked_name, nearest
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.operations.asking import Asking

_ID_BYTES = 5


class Tokens(Asking):
    """The verbs about tokens."""

    def tokens(self, who: Principal, *, limit: int) -> tuple[Token, ...]:
        """List them, newest first, revoked and expired ones too."""
        self.require(who, Action.TOKENS, None)
        return self._store.tokens(limit=limit)

    def make_token(
        self,
        who: Principal,
        name: str,
        *,
        scopes: tuple[Action, ...],
        reach: Reach,
        seconds: float,
    ) -> tuple[Token, str]:
        """Make a machine's token; its text is returned this once, and kept nowhere."""
        self.require(who, Action.TOKENS, None)
        if not scopes or not set(scopes) <= SCOPES:
            raise UsageError("a machine has at least one of the scopes, and no others")
        if not 0 < seconds <= LONGEST:
            raise UsageError(f"a token counts for at most {LONGEST:g} seconds")
        targets = self.workspace.targets
        _must_be_known("service", reach.services, {t.service for t in targets})
        _must_be_known("environment", reach.environments, {t.environment for t in targets})
        now = self.workspace.clock.now()
        token = Token(
            id=base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower(),
            name=checked_name("token's name", name),
            scopes=tuple(dict.fromkeys(scopes)),
            reach=reach,
            created_by=who.person.name,
            created_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )
        text = compose(token.id, secrets.token_bytes(SECRET_BYTES))
        self._store.add_token(token, fingerprint=fingerprint(text), by=who.person)
        return token, text

    def revoke_token(self, who: Principal, token_id: str) -> Token:
        """End a token now; UnknownName if there is none such."""
        self.require(who, Action.TOKENS, None)
        checked_name("token id", token_id)
        return self._store.revoke_token(token_id, by=who.person, at=self.workspace.clock.now())


def _must_be_known(kind: str, names: tuple[str, ...], known: set[str]) -> None:
    for name in names:
        if name not in known:
            shown = name[:80]
            raise UnknownName(kind, shown, nearest=nearest(shown, sorted(known)))
