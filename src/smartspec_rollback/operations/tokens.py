"""What admins may do with tokens: make one, list them, end one.

From afar they make a machine's alone. One that acts as a person is made by the command, on the
machine that has the ledger, which calls ``issue``: nobody becomes somebody else through a server.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from smartspec_rollback.domain.access import SCOPES, Action, Principal, Reach
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.credentials import (
    ID_BYTES,
    LONGEST,
    SECRET_BYTES,
    Token,
    compose,
    fingerprint,
    written_id,
)
from smartspec_rollback.domain.names import checked_name, nearest
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.operations.asking import Asking
from smartspec_rollback.wiring import Workspace


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
        return issue(
            self.workspace, name=name, scopes=scopes, reach=reach, seconds=seconds, by=who.person
        )

    def revoke_token(self, who: Principal, token_id: str) -> Token:
        """End a token now; UnknownName if there is none such."""
        self.require(who, Action.TOKENS, None)
        checked_name("token id", token_id)
        return self._store.revoke_token(token_id, by=who.person, at=self.workspace.clock.now())


def issue(
    workspace: Workspace,
    *,
    name: str,
    scopes: tuple[Action, ...] | None,
    reach: Reach,
    seconds: float,
    by: Person,
    person: str | None = None,
) -> tuple[Token, str]:
    """Make and keep a token of a machine, or of ``person``, who has no scopes; return its text.

    UsageError where it would allow nothing, too much, or for too long; UnknownName where the
    configuration has no such person, service or environment.
    """
    if person is not None:
        _must_be_known("person", (person,), [each.name for each in workspace.configuration.people])
    elif not scopes or not set(scopes) <= SCOPES:
        raise UsageError("a machine has at least one of the scopes, and no others")
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"a token counts for more than no time and at most {LONGEST:g} seconds")
    _must_be_known("service", reach.services, [t.service for t in workspace.targets])
    _must_be_known("environment", reach.environments, [t.environment for t in workspace.targets])
    now = workspace.clock.now()
    token = Token(
        id=written_id(secrets.token_bytes(ID_BYTES)),
        name=checked_name("token's name", name),
        person=person,
        scopes=None if person is not None or scopes is None else tuple(dict.fromkeys(scopes)),
        reach=reach,
        created_by=by.name,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    text = compose(token.id, secrets.token_bytes(SECRET_BYTES))
    workspace.store.add_token(token, fingerprint=fingerprint(text), by=by)
    return token, text


def _must_be_known(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    listed = list(dict.fromkeys(known))
    for name in names:
        if name not in listed:
            shown = name[:80]
            raise UnknownName(
                kind,
                shown,
                nearest=nearest(shown, listed),
                remedy=f"smartspec.yaml has: {', '.join(listed[:20]) or 'none'}",
            )
