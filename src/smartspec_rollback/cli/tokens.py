"""Making, listing and revoking tokens. Called by ``token``."""

from collections.abc import Sequence
from dataclasses import dataclass

from smartspec_rollback.cli.documents import document
from smartspec_rollback.cli.session import Session
from smartspec_rollback.config.scalars import Unreadable, duration_text, read_duration
from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.domain.credentials import LONGEST, Token
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.errors import UsageError
from smartspec_rollback.operations.tokens import issue
from smartspec_rollback.views import tables


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
    name, scopes = _whose(asked)
    token, text = issue(
        workspace,
        name=name,
        scopes=scopes,
        person=asked.person,
        reach=Reach(services=asked.services, environments=asked.environments),
        seconds=_lasting(asked.expires),
        by=workspace.operator,
    )
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


def _whose(asked: Asked) -> tuple[str, tuple[Action, ...] | None]:
    """Say what the token is called and may do; UsageError where it is not said whose it is."""
    if asked.person is not None:
        if asked.scopes:
            raise UsageError(
                "a person's token has their roles, and no scopes",
                remedy="leave out --scope, or give --name instead of --person",
            )
        return asked.name or asked.person, None
    if asked.name is None or not asked.scopes:
        raise UsageError(
            "it is not said whose token this is",
            remedy="give --person NAME, or --name NAME with at least one --scope",
        )
    return asked.name, tuple(Action(scope) for scope in asked.scopes)


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
