"""A webhook as a channel: notices are POSTed as JSON to a URL that is itself a secret.

Made by ``wiring``. The JSON has a ``text``, which is what the incoming webhooks of most chat
systems show. It cannot be answered in.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value, digest
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.channel import Notice
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.posting import Caller, Header
from smartspec_rollback.providers.system import SystemClock

SCHEMA = "smartspec.notice/1"
TRIES = 3

_FIRST_PAUSE = 0.5


class WebhookSettings(Value):
    """Settings of the channel ``webhook``."""

    url: Annotated[
        SecretReference,
        Meta(
            description="Where the URL is kept: an environment variable or a file. Whoever knows "
            "a webhook's URL can post to it.",
            examples=[{"env": "INCIDENT_WEBHOOK_URL"}],
        ),
    ]
    headers: Annotated[
        tuple[Header, ...],
        Meta(
            description="Headers to send along.",
            examples=[[{"name": "Authorization", "value": {"env": "WEBHOOK_TOKEN"}}]],
        ),
    ] = ()
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long one try may take.",
            examples=["5s"],
            extra={"smartspec": "duration"},
        ),
    ] = 5.0


class WebhookChannel:
    """Posts notices to a webhook."""

    name: ClassVar[str] = "webhook"
    settings_type: ClassVar[type[Value]] = WebhookSettings

    def __init__(self, settings: WebhookSettings, *, clock: Clock | None = None) -> None:
        """Post as ``settings`` say; ``clock`` waits between tries."""
        self._settings = settings
        where = f"channel {self.name}: {settings.url.place}"
        self._caller = Caller(where=where, seconds=settings.timeout)
        self._clock = clock or SystemClock()

    def post(self, notice: Notice, /) -> None:
        """POST the notice: three tries where trying again may help.

        A repeated one carries the same ``Idempotency-Key``. ProviderError says what was
        answered, and never shows the URL or a header.
        """
        to, headers = self._caller.address(self._settings.url), self._headers(notice)
        body = msgspec.json.encode({"schema": SCHEMA, **msgspec.structs.asdict(notice)})
        for number in range(1, TRIES + 1):
            try:
                self._caller.call("POST", to, to.path, headers=headers, body=body)
            except ProviderUnavailable:
                if number == TRIES:
                    raise
                self._clock.sleep(_FIRST_PAUSE * 2 ** (number - 1))
            else:
                return

    def _headers(self, notice: Notice) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "smartspec-webhook",
            "Idempotency-Key": digest(notice),
            "Connection": "close",
            **{h.name: self._caller.revealed(h.value) for h in self._settings.headers},
        }
