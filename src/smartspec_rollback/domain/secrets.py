"""Secrets: how settings refer to them, and what holds one once it was read.

Providers declare ``token: SecretReference`` in their settings and call ``resolve()`` when they
need it. ``config`` makes the references, since reading an environment or a file is not the
domain's business. Nothing here ever shows a secret.
"""

import hmac
from typing import NoReturn, Protocol, final

_HIDDEN = "***"


@final
class Sensitive:
    """A secret text that hides itself from logs, reports, errors and every encoder.

    It is no ``str`` on purpose: what would print, join, encode or pickle it gets ``***`` or a
    TypeError. Only ``reveal`` gives the text, so every use can be found.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Return the secret itself, for the one call that needs it."""
        return self.__text

    def __str__(self) -> str:
        return _HIDDEN

    def __repr__(self) -> str:
        return _HIDDEN

    def __format__(self, _: str) -> str:
        return _HIDDEN

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time, and only with its like."""
        if not isinstance(other, Sensitive):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((Sensitive, self.__text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled or copied")


class SecretReference(Protocol):
    """Where a secret is kept: an environment variable or a file, never the secret itself."""

    def resolve(self) -> Sensitive:
        """Read the secret now; a ConfigurationError names the variable or file that lacks it."""
        ...

    @property
    def place(self) -> str:
        """Name where it is kept, for people: ``environment variable SLACK_TOKEN``."""
        ...
