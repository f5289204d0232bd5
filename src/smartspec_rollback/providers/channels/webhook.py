"""A webhook as a channel: notices are POSTed as JSON to a URL that is itself a secret.

Made by ``wiring``. The JSON has a ``text``, which is what the incoming webhooks of most chat
systems show. It cannot be answered in.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value, digest
from smartspec_rollback.errors import ConfigurationError, ProviderError, ProviderUnavailable
from smartspec_rollback.ports.channel import Notice
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.posting import Header
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.providers.web import Address, Connection, NoAnswer, address

SCHEMA = "smartspec.notice/1"
TRIES = 3

_FIRST_PAUSE = 0.5
_GOOD = range(200, 300)
_TOO_MANY = 429
_SERVER_ERROR = 500


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
        self._clock = clock or SystemClock()

    def post(self, notice: Notice, /) -> None:
        """POST the notice: three tries where trying again may help.

        A repeated one carries the same ``Idempotency-Key``. ProviderError says what was
        answered, and never shows the URL or a header.
        """
        try:
            to, headers = self._address(), self._headers(notice)
        except ConfigurationError as error:  # a channel that fails never stops a rollback
            raise ProviderError(error.what, where=self._where, remedy=error.remedy) from None
        body = msgspec.json.encode({"schema": SCHEMA, **msgspec.structs.asdict(notice)})
        for number in range(1, TRIES + 1):
            try:
                self._try(to, headers, body)
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
            **{h.name: h.value.resolve().reveal() for h in self._settings.headers},
        }

    def _address(self) -> Address:
        try:
            return address(self._settings.url.resolve().reveal().strip())
        except ValueError as error:
            raise ProviderError(
                f"what should be the webhook's URL is {error}",
                where=self._where,
                remedy="put the whole URL there, beginning with https://",
            ) from None

    def _try(self, to: Address, headers: dict[str, str], body: bytes) -> None:
        connection = Connection(to)
        try:
            status = connection.request(
                "POST", to.path, seconds=self._settings.timeout, headers=headers, body=body
            ).status
        except NoAnswer as error:
            raise ProviderUnavailable(
                f"the webhook did not take the notice: {error.what}",
                where=self._where,
                remedy="check that the webhook's server can be reached from here",
            ) from None
        finally:
            connection.close()
        if status in _GOOD:
            return
        kind = (
            ProviderUnavailable if status >= _SERVER_ERROR or status == _TOO_MANY else ProviderError
        )
        raise kind(
            f"the webhook did not take the notice: it answered {status}",
            where=self._where,
            remedy="check the URL and the headers; redirects are not followed",
        )

    @property
    def _where(self) -> str:
        return f"channel webhook: {self._settings.url.place}"
