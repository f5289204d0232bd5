"""Settings of the channel ``matrix``, as people write them."""

from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.providers.web import address


class MatrixSettings(Value):
    """Settings of the channel ``matrix``."""

    homeserver: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^\s/?#]+/?$",
            description="The homeserver's base URL, as its clients use it.",
            examples=["https://matrix.example.org"],
        ),
    ]
    room: Annotated[
        str,
        Meta(
            pattern=r"^[!#]\S{1,253}$",
            description="The room: its id, or an alias. End-to-end encrypted rooms cannot be used.",
            examples=["#incidents:example.org"],
        ),
    ]
    access_token: Annotated[
        SecretReference,
        Meta(
            description="Where the bot's access token is kept: an environment variable or a file.",
            examples=[{"env": "MATRIX_TOKEN"}],
        ),
    ]
    prefix: Annotated[
        str,
        Meta(
            pattern=r"^[!-/:-@\[-`{-~]{1,3}$",
            description="The sign that commands in the room begin with.",
            examples=["!"],
        ),
    ] = "!"
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long one request may take.",
            examples=["10s"],
            extra={"smartspec": "duration"},
        ),
    ] = 10.0

    def __post_init__(self) -> None:
        """Refuse an address that is none."""
        try:
            address(self.homeserver)
        except ValueError as error:
            raise ValueError(f"homeserver: {error}") from None
