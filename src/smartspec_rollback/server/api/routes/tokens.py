"""The routes about the tokens of machines.

One part of ``table``.
"""

from smartspec_rollback.domain.access import Action
from smartspec_rollback.server.api import tokens
from smartspec_rollback.server.api.documents import (
    NewTokenDocument,
    TokenDocument,
    TokenRequest,
    TokensDocument,
    TokensQuery,
)
from smartspec_rollback.server.api.route import Returns, Route

ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/v1/tokens",
        name="makeToken",
        summary="Make a token for a machine; its secret is shown this once.",
        tag="tokens",
        action=Action.TOKENS,
        handler=tokens.make,
        body=TokenRequest,
        example={"name": "ci-checkout", "scopes": ["record", "judge"], "services": ["checkout"]},
        returns=(Returns(201, "The token with its secret.", NewTokenDocument),),
        refuses=(404,),
    ),
    Route(
        method="GET",
        path="/v1/tokens",
        name="listTokens",
        summary="List tokens, without their secrets.",
        tag="tokens",
        action=Action.TOKENS,
        handler=tokens.listed,
        query=TokensQuery,
        returns=(Returns(200, "The newest, those that are over included.", TokensDocument),),
    ),
    Route(
        method="DELETE",
        path="/v1/tokens/{token_id}",
        name="revokeToken",
        summary="End a token now.",
        tag="tokens",
        action=Action.TOKENS,
        handler=tokens.revoke,
        returns=(Returns(200, "It lets nobody in any more.", TokenDocument),),
        refuses=(409,),
    ),
)
