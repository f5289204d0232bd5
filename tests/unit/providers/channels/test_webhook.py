"""The webhook channel: tries again where that helps, and never shows its URL."""

import json

import pytest

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import (
    ConfigurationError,
    Problem,
    ProviderError,
    ProviderUnavailable,
)
from smartspec_rollback.providers.channels.webhook import WebhookChannel, WebhookSettings
from smartspec_rollback.providers.posting import Header
from smartspec_rollback.testing.channel_contract import a_notice
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.web_service import Page, WebService, web_service

PATH = "/hooks/T0P-SECRET"


class Kept:
    """A secret that a test made up."""

    place = "file /run/secrets/webhook"

    def __init__(self, text: str) -> None:
        """Hold it."""
        self._text = text

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self._text)


def _channel(url: str, clock: FakeClock | None = None, token: str = "") -> WebhookChannel:
    headers = (Header(name="Authorization", value=Kept(token)),) if token else ()
    settings = WebhookSettings(url=Kept(url), headers=headers)
    return WebhookChannel(settings, clock=clock or FakeClock())


def test_notice_is_json_with_its_headers() -> None:
    """The receiver cannot read the notice, or does not let it in."""
    with web_service({PATH: Page()}) as service:
        _channel(service.url + PATH, token="Bearer T0KEN").post(a_notice("the plan ✅"))
        [request] = service.received
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Bearer T0KEN"
    assert json.loads(request.body) == {
        "schema": "smartspec.notice/1",
        "kind": "plan",
        "rollback_id": "rb-1",
        "text": "the plan ✅",
    }


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_that_may_pass_is_tried_again(status: int) -> None:
    """One hiccup of the chat system keeps people from seeing the plan."""
    clock = FakeClock()
    with web_service({PATH: [Page(status=status), Page(status=status), Page()]}) as service:
        _channel(service.url + PATH, clock).post(a_notice())
        keys = {request.headers["Idempotency-Key"] for request in service.received}
        assert len(service.received) == 3
    assert len(keys) == 1
    assert clock.slept == (0.5, 1.0)


def test_lasting_trouble_is_said() -> None:
    """A notice that nobody took counts as posted, or is tried for ever."""
    with web_service({PATH: Page(status=500)}) as service:
        with pytest.raises(ProviderUnavailable, match="answered 500") as caught:
            _channel(service.url + PATH).post(a_notice())
        assert len(service.received) == 3
    _assert_discreet(caught.value, service)


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_refusal_is_said_at_once(status: int) -> None:
    """A wrong URL costs time in an incident; a redirect takes the token elsewhere."""
    page = Page(status=status, headers={"Location": "/elsewhere"})
    with web_service({PATH: page, "/elsewhere": Page()}) as service:
        with pytest.raises(ProviderError, match=f"answered {status}") as caught:
            _channel(service.url + PATH, token="Bearer T0KEN").post(a_notice())
        assert [request.path for request in service.received] == [PATH]
    _assert_discreet(caught.value, service)


@pytest.mark.parametrize("url", ["", "T0P-SECRET", "https://me:T0P-SECRET@h/", "ftp://T0P-SECRET/"])
def test_bad_url_is_said_without_showing_it(url: str) -> None:
    """Somebody pasted the secret itself, and the error shows it to everybody."""
    with pytest.raises(ProviderError) as caught:
        _channel(url).post(a_notice())
    assert "T0P-SECRET" not in str(caught.value)
    assert "file /run/secrets/webhook" in caught.value.where


def test_secret_that_breaks_the_header_is_not_shown() -> None:
    """A token file with a line break inside leaks its content into an error."""
    with web_service({PATH: Page()}) as service:
        with pytest.raises(ProviderError, match="forbidden") as caught:
            _channel(service.url + PATH, token="Bearer T0KEN\nX: y").post(a_notice())
        assert service.received == []
    _assert_discreet(caught.value, service)


class Missing(Kept):
    """A secret that is not where it should be."""

    def resolve(self) -> Sensitive:
        """Say so."""
        problem = Problem(3, "channel.url", "HOOK is not set", "set it")
        raise ConfigurationError("smartspec.yaml", [problem])


def test_missing_secret_fails_the_channel_only() -> None:
    """An unset variable stops a rollback in the middle, as if it were the command's own error."""
    channel = WebhookChannel(WebhookSettings(url=Missing("")), clock=FakeClock())
    with pytest.raises(ProviderError, match="HOOK is not set") as caught:
        channel.post(a_notice())
    assert caught.value.remedy == "set it"


def _assert_discreet(error: ProviderError, service: WebService) -> None:
    shown = f"{error!s} {error!r} {error.__cause__!r}"
    assert not any(secret in shown for secret in (PATH, service.url, "T0P-SECRET", "T0KEN"))
