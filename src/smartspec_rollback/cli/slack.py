"""``smartspec slack manifest``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, works
from smartspec_rollback.cli.session import Session


@click.group(context_settings=SETTINGS)
def slack() -> None:
    """Set up the Slack app."""


@slack.command(
    "manifest",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec slack manifest",
        "smartspec slack manifest --channel C012AB3CD > manifest.json",
    ),
)
@click.option("--channel", metavar="ID", help="The channel whose app it is, where there are more.")
@works
@pass_session
def manifest(session: Session, channel: str | None) -> int:
    """Print the app manifest to paste into Slack, as JSON.

    It has the commands, scopes and addresses that smartspec.yaml says. Paste it at
    https://api.slack.com/apps under "Create New App", "From a manifest".
    """
    import json

    from smartspec_rollback.errors import UsageError
    from smartspec_rollback.providers.channels.slack.manifest import manifest as written
    from smartspec_rollback.providers.channels.slack.settings import SlackSettings

    configuration = session.workspace.configuration
    held = [
        each.settings
        for target in configuration.targets
        for each in (target.channel, *target.notify)
        if each is not None
    ]
    found = [each for each in held if isinstance(each, SlackSettings)]
    chosen = [each for each in found if channel in {None, each.channel}]
    if not chosen:
        known = ", ".join(sorted({each.channel for each in found}))
        raise UsageError(
            f"smartspec.yaml has no Slack channel {channel}" if channel else "no Slack is set up",
            remedy=f"it has: {known}" if known else "add `channel: {kind: slack, …}`",
        )
    made = {
        json.dumps(written(each, url=configuration.server.url), indent=2, ensure_ascii=False)
        for each in chosen
    }
    if len(made) > 1:
        known = ", ".join(sorted({each.channel for each in chosen}))
        raise UsageError("these channels have different apps", remedy=f"add --channel: {known}")
    session.output.result(f"{made.pop()}\n")
    return 0
