"""What Slack sends to the server's address: slash commands, presses of buttons, dialogs.

Called by the API's routes for ``/v1/slack/commands`` and ``/v1/slack/interactions`` alike, with the
body as it was sent. Nobody logs in here: the request's signature says that it is Slack's, and what
is in it says who it was in Slack. It is in the ledger before it is answered, and worked off after.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from smartspec_rollback.errors import Unidentified
from smartspec_rollback.ports.messenger import Heard, HearsRequests, Messenger


def handle(
    messengers: Iterable[Messenger],
    hear: Callable[[str, Heard], None],
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> bytes:
    """Take a request in, and return the JSON to answer it with (status 200; it may be empty).

    ``messengers`` are the server's; the one whose app signed it reads it. ``hear`` keeps what was
    said, with the account that heard it: ``Desk.hear``. Unidentified: no app of ours signed it, or
    not a short while ago. UsageError: signed, and nothing that is known. StoreError: it could not
    be kept; Slack tells its writer so.
    """
    for messenger in _one_of_each_app(messengers):

        def keep(heard: Heard, hearing: str = messenger.hearing) -> None:
            hear(hearing, heard)

        try:
            return messenger.take(headers, body, keep, now=now)
        except Unidentified:
            continue
    raise Unidentified("the request is not signed by an app that is known here")


def _one_of_each_app(messengers: Iterable[Messenger]) -> Iterable[HearsRequests]:
    found: dict[str, HearsRequests] = {}
    for each in messengers:
        if isinstance(each, HearsRequests):
            found.setdefault(each.hearing, each)
    return found.values()
