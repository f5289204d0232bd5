"""An incident channel in Slack: a server, services gone bad, and people.

Used by the tests beside it. The server, its ledger and Slack's SDK are real; the workspace and the
cluster are emulated.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.clusters import Shops
from tests.integration.server.running import awaited

from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.testing.messenger_room import Shown
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, CHANNEL, Workspace

_CHANNEL = """\
      database: none
      channel:
        kind: slack
        channel: {channel}
        bot_token: {{env: SLACK_BOT_TOKEN}}
        {heard_by}
        api_url: {url}
"""
_PEOPLE = f"people:\n  alice: {{slack: {ALICE}}}\n  bob: {{slack: {BOB}}}\n"


@dataclass
class Incident:
    """A server with services gone bad, and the channel where people are."""

    opened: Opened
    shops: Shops
    slack: Workspace

    def messages(self, title: str, service: str) -> list[Shown]:
        """List what was said of a service under a title, oldest first."""
        wanted = f"{title}: {service}-v2"
        return [each for each in self.slack.shown() if each.text.startswith(wanted)]

    def plan(self, service: str, *, after: int = 0) -> Shown:
        """Wait for a plan of a service, the one after so many; the newest."""
        awaited(lambda: len(self.messages("Rollback Plan", service)) > after, "no plan appears")
        return self.messages("Rollback Plan", service)[-1]

    def ask(self, service: str, typed: str) -> Shown:
        """Let alice ask for a rollback; the plan."""
        earlier = len(self.messages("Rollback Plan", service))
        self.slack.type("smartspec_rollback", typed, account=ALICE)
        return self.plan(service, after=earlier)

    def approve(self, plan: Shown) -> None:
        """Let bob approve it as its risk demands."""
        digest = plan.text.partition("Digest: sha256:")[2]
        self.slack.press(plan.ref, Press.CONFIRM, account=BOB).wait()
        self.slack.submit({"digest": digest[:8]}, account=BOB).wait()

    def told(self, who: str, words: str) -> None:
        """Wait until somebody is told something."""
        awaited(
            lambda: any(words in each for each in self.slack.told(who)),
            f"{who} is not told {words!r} but {self.slack.told(who)}",
        )

    def reported(self, service: str, *, after: int = 0) -> Shown:
        """Wait for a report, the one after so many; the newest."""
        awaited(lambda: len(self.messages("Rollback Report", service)) > after, "no report")
        return self.messages("Rollback Report", service)[-1]


SOCKET = "app_token: {env: SLACK_APP_TOKEN}"
SIGNED = "signing_secret: {env: SLACK_SIGNING_SECRET}"
"""How Slack tells the server what people do."""


def configure(folder: Path, slack: Workspace, heard_by: str) -> None:
    """Put the channel and the people into a folder's smartspec.yaml."""
    path = folder / "smartspec.yaml"
    channel = _CHANNEL.format(channel=CHANNEL, url=slack.url, heard_by=heard_by)
    path.write_text(path.read_text().replace("      database: none\n", channel) + _PEOPLE)
