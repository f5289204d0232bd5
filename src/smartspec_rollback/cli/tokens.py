"""Making, listing and revoking tokens. Called by ``token``."""

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from smartspec_rollback.cli.documents import document
from smartspec_rollback.cli.session import Session
from smartspec_rollback.config.scalars import Unreadable, duration_text, read_duration
from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.domain.credentials import (
    LONGEST,
    SECRET_BYTES,
    Token,
    compose,
    fingerprint,
)
from smartspec_rollback.domain.names import checked_name, nearest
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.views import tables
from smartspec_rollback.wiring import Workspace

_ID_BYTES = 5


@dataclass(frozen=True)
class Asked:
    """What was typed after ``smartspec token create``."""

    person: str | None
    name: str | None
    scopes: tuple[str, ...]
    services: tuple[str, ...]
    environments: tuple[str, ...]
    expires: str


def create(session: Session, asked: Asked) -> int:
    """Make a token, and print its text as the one thing on standard output."""
    workspace = session.workspace
    token = _token(workspace, asked)
    text = compose(token.id, secrets.token_bytes(SECRET_BYTES))
    workspace.store.add_token(token, fingerprint=fingerprint(text), by=workspace.operator)
    if session.output.as_json:
        session.output.document(document("smartspec.token/1", token=token, secret=text))
    else:
        session.output.progress(
            f"Token {token.id} counts until {token.expires_at:%Y-%m-%d %H:%M} UTC. It is shown "
            "this once; end it early with "
            f"`smartspec token revoke {token.id}`."
        )
        session.output.result(f"{text}\n")
    return 0


def show(session: Session, tokens: Sequence[Token]) -> int:
    """List tokens; their secrets are with their owners alone."""
    if session.output.as_json:
        session.output.document(document("smartspec.tokens/1", tokens=tokens))
    else:
        session.output.result(tables.tokens(tokens, now=session.workspace.clock.now()))
    return 0


def revoke(session: Session, token_id: str) -> int:
    """End a token."""
    checked_name("token id", token_id)
    workspace = session.workspace
    ended = workspace.store.revoke_token(token_id, by=workspace.operator, at=workspace.clock.now())
    if session.output.as_json:
        session.output.document(document("smartspec.tokens/1", tokens=[ended]))
    else:
        session.output.result(f"Revoked {ended.id} ({ended.name}); it lets nobody in any more.\n")
    return 0


def _token(workspace: Workspace, asked: Asked) -> Token:
    """Make the token that was asked for; UsageError where that makes no sense."""
    now = workspace.clock.now()
    if asked.person is not None:
        if asked.scopes:
            raise UsageError(
                "a person's token has their roles, and no scopes",
                remedy="leave out --scope, or give --name instead of --person",
            )
        people = [entry.name for entry in workspace.configuration.people]
        _known("person", [asked.person], people)
    elif asked.name is None or not asked.scopes:
        raise UsageError(
            "it is not said whose token this is",
            remedy="give --person NAME, or --name NAME with at least one --scope",
        )
    targets = workspace.targets
    _known("service", asked.services, [target.service for target in targets])
    _known("environment", asked.environments, [target.environment for target in targets])
    return Token(
        id=base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower(),
        name=checked_name("token's name", asked.name or asked.person or ""),
        person=asked.person,
        scopes=None
        if asked.person is not None
        else tuple(Action(scope) for scope in dict.fromkeys(asked.scopes)),
        reach=Reach(services=asked.services, environments=asked.environments),
        created_by=workspace.operator.name,
        created_at=now,
        expires_at=now + timedelta(seconds=_lasting(asked.expires)),
    )


def _lasting(text: str) -> float:
    try:
        seconds = read_duration(text)
    except Unreadable as error:
        raise UsageError(error.what, where="--expires", remedy=error.remedy) from None
    if not 0 < seconds <= LONGEST:
        raise UsageError(
            f"a token counts for more than no time and at most {duration_text(LONGEST)}",
            where="--expires",
            remedy="make a new one when it expires; that is how a leaked one ends",
        )
    return seconds


def _known(kind: str, names: Iterable[str], known: Sequence[str]) -> None:
    listed = list(dict.fromkeys(known))
    for name in names:
        if name not in listed:
            raise UnknownName(
                kind,
                name[:80],
                nearest=nearest(name[:80], listed),
                remedy=f"smartspec.yaml has: {', '.join(listed[:20]) or 'none'}",
            )
