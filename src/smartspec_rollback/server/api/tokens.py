"""What the API does with tokens. Called by ``dispatch`` through ``table``."""

from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.server.api.documents import (
    NewTokenDocument,
    TokenDocument,
    TokenRequest,
    TokensDocument,
    TokensQuery,
)
from smartspec_rollback.server.api.route import Call, Reply
from smartspec_rollback.server.api.served import Served


def make(served: Served, call: Call[TokenRequest, None]) -> Reply:
    """Make a machine's token."""
    asked = call.body
    token, secret = served.operations.make_token(
        call.who,
        asked.name,
        scopes=tuple(Action(scope) for scope in asked.scopes),
        reach=Reach(services=asked.services, environments=asked.environments),
        seconds=asked.expires_in,
    )
    return Reply(NewTokenDocument(secret=secret, token=token), status=201)


def listed(served: Served, call: Call[None, TokensQuery]) -> Reply:
    """List tokens; their secrets are with their owners alone."""
    return Reply(TokensDocument(tokens=served.operations.tokens(call.who, limit=call.query.limit)))


def revoke(served: Served, call: Call[None, None]) -> Reply:
    """End a token."""
    ended = served.operations.revoke_token(call.who, call.names["token_id"])
    return Reply(TokenDocument(token=ended))
