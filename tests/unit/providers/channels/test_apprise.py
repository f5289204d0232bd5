"""The channel apprise, with the real library, against servers on this machine."""

import json
import logging
import socket
import threading
from collections.abc import Iterator

import msgspec
import pytest

from smartspec_rollback.config.model import ProviderConfiguration, TargetConfiguration
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import (
    ConfigurationError,
    Problem,
    ProviderError,
    ProviderUnavailable,
)
from smartspec_rollback.ports.messenger import Messenger, Post
from smartspec_rollback.providers.channels.apprise import AppriseMessenger, AppriseSettings, cut
from smartspec_rollback.testing.samples import TARGET
from smartspec_rollback.testing.web_service import (
    Page,
    WebService,
    nobody,
    raw_server,
    web_service,
)
from smartspec_rollback.wiring.providers import outlets

SECRET = "/hooks/T0P-SECRET"
LINK = "Approve: https://rollback.example.org/rollbacks/rb-1"


class Kept:
    """A secret that a test made up."""

    def __init__(self, text: str, name: str = "INCIDENT_URL") -> None:
        """Hold it; an empty one is not set."""
        self._text = text
        self.place = f"environment variable {name}"

    def resolve(self) -> Sensitive:
        """Return it."""
        if not self._text:
            raise ConfigurationError(
                "smartspec.yaml", [Problem(3, "urls", f"the {self.place} is not set", "set it")]
            )
        return Sensitive(self._text)


def messenger(*urls: str, timeout: float = 10.0) -> AppriseMessenger:
    """Make one that posts to these addresses."""
    kept = tuple(Kept(url, f"URL_{number}") for number, url in enumerate(urls))
    return AppriseMessenger(AppriseSettings(urls=kept, timeout=timeout))


def as_json(url: str) -> str:
    """Write a web address as Apprise's ``json://``."""
    return url.replace("http://", "json://") + SECRET


def a_post(
    kind: str = "plan", *, headline: str = "Plan rb-1", text: str = "", again: bool = False
) -> Post:
    """Make a post."""
    written = text or f"# Rollback Plan: deploy-12345\n\n**Risk:** low\n\n{LINK}"
    return Post(key=f"rb-1/{kind}", text=written, document=written, headline=headline, again=again)


def arrived(service: WebService) -> list[tuple[str, str]]:
    """List what arrived, as titles and messages."""
    bodies = [json.loads(request.body) for request in service.received]
    return [(body["title"], body["message"]) for body in bodies]


@pytest.fixture
def service() -> Iterator[WebService]:
    """Supply a server that takes everything."""
    with web_service({SECRET: Page()}) as service:
        yield service


def test_plan_arrives_with_its_link(service: WebService) -> None:
    """Somebody gets a plan, and cannot find where to approve it."""
    made: Messenger = messenger(as_json(service.url))
    assert made.send(a_post(), thread="")
    ((title, message),) = arrived(service)
    assert title == "Plan rb-1"
    assert message.startswith("# Rollback Plan: deploy-12345")
    assert message.endswith(LINK)
    assert "T0P" not in made.place


def test_slack_webhooks_get_their_form() -> None:
    """A webhook that speaks Slack's form shows nothing: what was posted is not what it reads."""
    path = "/hooks/abcdefgh12345678abcdefgh"
    with web_service({path: Page()}) as service:
        url = service.url.replace("http://", "mmost://") + path.removeprefix("/hooks")
        messenger(url).send(a_post(), thread="")
        (request,) = service.received
    body = json.loads(request.body)
    assert LINK in body["text"]
    assert body["text"].startswith("Plan rb-1")


def test_progress_is_no_flood(service: WebService) -> None:
    """Every line of a journal rings somebody's telephone."""
    made = messenger(as_json(service.url))
    ref = made.send(a_post("progress", headline="rb-1: approved"), thread="")
    for step in range(20):
        made.edit(ref, a_post("progress", headline="rb-1: approved", text=f"step {step}"))
    made.edit(ref, a_post("progress", headline="rb-1: verifying", text="traffic was turned"))
    made.edit(ref, a_post("progress", headline="rb-1: verifying", text="still watching"))
    assert [title for title, _ in arrived(service)] == ["rb-1: approved", "rb-1: verifying"]


def test_the_end_is_told_by_the_report_alone(service: WebService) -> None:
    """Everybody is told twice how it ended: as progress, and as a report."""
    made = messenger(as_json(service.url))
    ref = made.send(a_post("progress", headline="executing"), thread="")
    made.edit(ref, msgspec.structs.replace(a_post("progress", headline="done"), over=True))
    made.send(a_post("report", headline="done"), thread="")
    assert [title for title, _ in arrived(service)] == ["executing", "done"]


def test_after_a_restart_the_same_headline_is_not_said_again(service: WebService) -> None:
    """Every restart of the server tells everybody what they know."""
    ref = messenger(as_json(service.url)).send(a_post("progress", headline="approved"), thread="")
    messenger(as_json(service.url)).edit(ref, a_post("progress", headline="approved", text="more"))
    assert len(arrived(service)) == 1


def test_only_what_is_wanted_is_posted(service: WebService) -> None:
    """A pager rings for progress though its owners wanted plans."""
    settings = AppriseSettings(urls=(Kept(as_json(service.url)),), posts=("plan",))
    made = AppriseMessenger(settings)
    for kind in ("plan", "progress", "report"):
        made.send(a_post(kind, headline=kind), thread="")
    assert [title for title, _ in arrived(service)] == ["plan"]


def test_one_that_fails_is_not_paid_for_by_the_other() -> None:
    """While one system is down, the other gets the same plan at every try."""
    with (
        web_service({SECRET: [Page(status=503), Page()]}) as down,
        web_service({SECRET: Page()}) as up,
    ):
        made = messenger(as_json(down.url), as_json(up.url))
        with pytest.raises(ProviderUnavailable) as caught:
            made.send(a_post(), thread="")
        assert "URL_0" in caught.value.where
        assert "URL_1" not in caught.value.where
        made.send(a_post(), thread="")
        assert len(arrived(up)) == 1
        assert [title for title, _ in arrived(down)] == ["Plan rb-1", "(again) Plan rb-1"]


def test_each_address_is_a_place_of_its_own(service: WebService) -> None:
    """One address that was mistyped keeps the report from everybody else for ever."""
    good, bad = messenger(as_json(service.url), "bogus://").each()
    assert good.place != bad.place
    good.send(a_post(), thread="")
    with pytest.raises(ProviderError):
        bad.send(a_post(), thread="")
    good.send(a_post("report", headline="Report rb-1"), thread="")
    assert [title for title, _ in arrived(service)] == ["Plan rb-1", "Report rb-1"]


def test_wiring_makes_a_place_of_each_address() -> None:
    """The addresses of one channel are told in one go, as if they were one."""
    nothing = ProviderConfiguration(kind="probe", settings=Value())
    urls = (Kept("json://a", "A"), Kept("json://b", "B"))
    configured = TargetConfiguration(
        settings=TargetSettings(target=TARGET),
        platform=nothing,
        metrics=nothing,
        notify=(ProviderConfiguration(kind="apprise", settings=AppriseSettings(urls=urls)),),
    )
    places = [each.place for each in outlets(configured)]
    assert places == ["apprise:environment variable A", "apprise:environment variable B"]


def test_what_may_have_arrived_is_marked(service: WebService) -> None:
    """After a crash the same plan stands there twice, and people take it for two."""
    messenger(as_json(service.url)).send(a_post(again=True), thread="")
    assert arrived(service)[0][0] == "(again) Plan rb-1"


def test_slow_server_is_left() -> None:
    """A system that hangs holds up everything that is owed to others."""

    def silent(connection: socket.socket, stopping: threading.Event) -> None:
        connection.recv(65536)
        stopping.wait(60)

    with raw_server(silent) as url, pytest.raises(ProviderUnavailable):
        messenger(as_json(url), timeout=0.2).send(a_post(), thread="")


@pytest.mark.parametrize(
    "url", ["", "https:/", "bogus://T0P-SECRET", "json://", "T0P-SECRET", "tgram://T0P-SECRET"]
)
def test_wrong_address_is_said_and_not_shown(
    url: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody mistypes an address, and it lands in every log."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ProviderError) as caught:
        messenger(url).send(a_post(), thread="")
    shown = str(caught.value) + caplog.text + "".join(capsys.readouterr())
    assert "T0P-SECRET" not in shown
    assert "environment variable URL_0" in shown
    assert not isinstance(caught.value, ProviderUnavailable)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("status", [404, 500])
def test_no_address_in_logs_or_errors(
    status: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address that anybody can post to stands in a log that many can read."""
    caplog.set_level(1)
    for name in ("apprise", "urllib3", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    with web_service({SECRET: Page(status=status)}) as service, nobody() as gone:
        made = messenger(as_json(service.url), as_json(gone))
        with pytest.raises(ProviderUnavailable) as caught:
            made.send(a_post(), thread="")
        assert service.received
    shown = str(caught.value) + repr(made) + caplog.text + "".join(capsys.readouterr())
    assert "T0P-SECRET" not in shown


def test_mentions_call_nobody(service: WebService) -> None:
    """A deployment called `@everyone` wakes the whole company."""
    text = "Reason: @everyone <!channel> see a@b.example\n\x1b[2J" + LINK
    messenger(as_json(service.url)).send(a_post(text=text, headline="@here"), thread="")
    ((title, message),) = arrived(service)
    assert "@everyone" not in message
    assert "<!channel" not in message
    assert "\x1b" not in message
    assert "@here" not in title
    assert LINK in message


def test_long_posts_are_cut_to_the_systems_limit() -> None:
    """A long plan is refused by the system, or cut so that its link is gone."""
    path = "/hooks/abcdefgh12345678abcdefgh"
    text = "\n".join(f"- [✅] check {number}" for number in range(2000)) + f"\n\n{LINK}"
    with web_service({path: Page()}) as service:
        url = service.url.replace("http://", "mmost://") + path.removeprefix("/hooks")
        messenger(url).send(a_post(text=text, headline="x" * 5000), thread="")
        (request,) = service.received
    said = json.loads(request.body)["text"]
    assert len(said) <= 4000
    assert said.rstrip().endswith(LINK)


def test_cutting_keeps_the_end() -> None:
    """What is cut off is what says where to go on."""
    text = "head\n" + "line\n" * 500 + "\n" + LINK
    for limit in (100, 200, 1000):
        assert len(cut(text, limit=limit)) <= limit
    assert cut(text, limit=200).endswith(LINK)
    assert cut("short", limit=10) == "short"
    assert len(cut("x" * 5000, limit=50)) <= 50
    assert cut("```\n" + "code\n" * 100 + "```\n\nend", limit=120).count("```") % 2 == 0
