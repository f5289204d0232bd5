"""Sending JSON to a server whose URL is a secret: what all outlets over HTTP share.

Called by channels. One try, with a time limit as a whole; whoever calls tries again. Errors show
neither the URL nor a header, and say whether trying again may help.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ConfigurationError, ProviderError, ProviderUnavailable
from smartspec_rollback.providers.web import Address, Answer, Connection, NoAnswer, address

_GOOD = range(200, 300)
_TOO_MANY = 429
_SERVER_ERROR = 500
_LONGEST = 300.0


class Header(Value):
    """A header to send along; its value is a secret."""

    name: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9-]{1,64}$",
            description="The header's name.",
            examples=["Authorization"],
        ),
    ]
    value: Annotated[
        SecretReference,
        Meta(
            description="Where its value is kept: an environment variable or a file.",
            examples=[{"env": "WEBHOOK_TOKEN"}],
        ),
    ]


@dataclass(frozen=True)
class Caller:
    """How to reach one server; ``where`` names it in errors, without secrets."""

    where: str
    seconds: float

    def revealed(self, secret: SecretReference) -> str:
        """Read a secret; one that is missing is this outlet's trouble: ProviderError."""
        try:
            return secret.resolve().reveal().strip()
        except ConfigurationError as error:
            raise ProviderError(error.what, where=self.where, remedy=error.remedy) from None

    def address(self, url: SecretReference) -> Address:
        """Read and take apart a URL."""
        try:
            return address(self.revealed(url))
        except ValueError as error:
            raise ProviderError(
                f"what should be a URL is {error}",
                where=self.where,
                remedy="put the whole URL there, beginning with https://",
            ) from None

    def call(
        self,
        method: str,
        to: Address,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """Send one request; only an answer of 200 to 299 is returned."""
        connection = Connection(to)
        try:
            answer = connection.request(
                method, path, seconds=self.seconds, headers=dict(headers), body=body
            )
        except NoAnswer as error:
            raise ProviderUnavailable(
                f"nothing was taken: {error.what}",
                where=self.where,
                remedy="check that its server can be reached from here",
            ) from None
        finally:
            connection.close()
        if answer.status in _GOOD:
            return answer
        if answer.status == _TOO_MANY or answer.status >= _SERVER_ERROR:
            raise ProviderUnavailable(
                f"nothing was taken: it answered {answer.status}",
                where=self.where,
                remedy="look at its own log, if it goes on",
                after=_after(answer),
            )
        raise ProviderError(
            f"nothing was taken: it answered {answer.status}",
            where=self.where,
            remedy="check the URL and the credentials; redirects are not followed",
        )


def _after(answer: Answer) -> float:
    told = answer.headers.get("retry-after", "")
    return min(float(told), _LONGEST) if told.isascii() and told.isdigit() else 0.0
