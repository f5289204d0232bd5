"""Settings of the channel ``slack``.

Read by ``config``; tokens stay references until they are used.
"""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value

API = "https://slack.com/api/"

_Command = Annotated[str, Meta(pattern=r"^/[a-z0-9_-]{1,31}$")]


class SlackSettings(Value):
    """Settings of the channel ``slack``."""

    channel: Annotated[
        str,
        Meta(
            pattern="^[CG][A-Z0-9]{2,20}$",
            description="The id of the Slack channel; it stands at the end of the channel's link.",
            examples=["C012AB3CD"],
        ),
    ]
    bot_token: Annotated[
        SecretReference,
        Meta(
            description="Where the bot token is kept (`xoxb-…`): an environment variable or a "
            "file.",
            examples=[{"env": "SLACK_BOT_TOKEN"}],
        ),
    ]
    app_token: Annotated[
        SecretReference | UnsetType,
        Meta(
            description="Where the app-level token for Socket Mode is kept (`xapp-…`). With it the "
            "server needs no public address.",
            examples=[{"env": "SLACK_APP_TOKEN"}],
        ),
    ] = UNSET
    signing_secret: Annotated[
        SecretReference | UnsetType,
        Meta(
            description="Where the signing secret is kept, for commands and answers that Slack "
            "sends to the server's public address. Needed only without `app_token`.",
            examples=[{"env": "SLACK_SIGNING_SECRET"}],
        ),
    ] = UNSET
    command: Annotated[
        _Command,
        Meta(
            description="The slash command that asks for a rollback.",
            examples=["/smartspec_rollback"],
        ),
    ] = "/smartspec_rollback"
    gate_command: Annotated[
        _Command,
        Meta(
            description="The slash command that judges a deployment.",
            examples=["/smartspec_quality_gate"],
        ),
    ] = "/smartspec_quality_gate"
    api_url: Annotated[
        str,
        Meta(
            pattern=r"^https?://\S+/$",
            description="Where Slack's Web API is; for tests, and for what stands in for Slack.",
            examples=["https://slack.com/api/"],
        ),
    ] = API

    def __post_init__(self) -> None:
        """Refuse one name for both commands."""
        if self.command == self.gate_command:
            raise ValueError("`command` and `gate_command` must differ")
