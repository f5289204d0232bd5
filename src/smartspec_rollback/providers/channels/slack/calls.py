"""Calls of Slack's Web API, and what its errors mean here. Called by the Messenger alone.

Nothing is tried again here: whether a message whose answer got lost arrived is looked up by whoever
sends it again. No error text holds a token.
"""

import logging
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from msgspec import UNSET

from smartspec_rollback.errors import ConfigurationError, ProviderError, ProviderUnavailable
from smartspec_rollback.providers.channels.slack.settings import SlackSettings

TIMEOUT = 10
"""Seconds for one call."""

_BUSY = 429
_SERVER_ERROR = 500
_LONGEST_WAIT = 3600.0
_PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"}
)
_TOKEN = frozenset(
    {
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
        *("not_allowed_token_type", "org_login_required", "two_factor_setup_required"),
    }
)
_CHANNEL = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action"})
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_QUIET = logging.getLogger(f"{__name__}.sdk")
_QUIET.setLevel(logging.CRITICAL)  # the SDK's own words may hold payloads and addresses


class Refusal(ProviderError):
    """Slack said no; ``name`` is its own word for why."""

    def __init__(self, name: str, what: str, *, where: str, remedy: str) -> None:
        """Keep Slack's own word."""
        super().__init__(what, where=where, remedy=remedy)
        self.name = name


class Calls:
    """The Web API as one app; may be used by several threads."""

    def __init__(self, settings: SlackSettings) -> None:
        """Prepare; the token is read and the SDK imported with the first call."""
        self._settings = settings
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The SDK's client with the bot's token."""
        if self._client is None:
            self._client = self._made()
        return self._client

    @property
    def where(self) -> str:
        """Name the place, for errors."""
        return f"channel slack: {self._settings.channel}"

    def __call__(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """Call a method with these arguments; Refusal where Slack says no."""
        client = self.client
        try:
            answer: Mapping[str, Any] = client.api_call(method, json=arguments).data
        except Exception as error:  # noqa: BLE001 - the SDK lets through what its parts raise
            raise self.understood(error) from None
        return answer

    def read(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """Call a method that takes its arguments as a form only."""
        client = self.client
        try:
            answer: Mapping[str, Any] = client.api_call(method, params=arguments).data
        except Exception as error:  # noqa: BLE001 - the SDK lets through what its parts raise
            raise self.understood(error) from None
        return answer

    def open_socket(self, app_token: str) -> None:
        """Ask for a connection that nobody makes: whether the app's own token is good."""
        client = self.client
        try:
            client.apps_connections_open(app_token=app_token)
        except Exception as error:  # noqa: BLE001 - the SDK lets through what its parts raise
            raise self.understood(error) from None

    def understood(self, error: Exception) -> ProviderError:
        """Say what an error of the SDK means."""
        response = getattr(error, "response", None)
        if isinstance(error, ProviderError):
            return error
        if response is None:
            return self._unreachable(error)
        status = int(getattr(response, "status_code", 0) or 0)
        name = str(response.get("error") or "") if isinstance(response.data, dict) else ""
        if status == _BUSY or name == "ratelimited":
            return ProviderUnavailable(
                "Slack asks to be called less often",
                where=self.where,
                remedy="nothing; it is tried again",
                after=_seconds(response.headers),
            )
        if status >= _SERVER_ERROR or name in _PASSING:
            return ProviderUnavailable(
                f"Slack is in trouble: it answered {name if name in _PASSING else status}",
                where=self.where,
                remedy="see https://status.slack.com; it is tried again",
            )
        return self._refusal(name, response)

    def _refusal(self, name: str, response: Any) -> Refusal:
        what = f"Slack refused: {name[:80]}" if name.isidentifier() else "Slack refused"
        place = self._settings.bot_token.place
        if name in _TOKEN:
            remedy = f"install the app again and put its bot token (xoxb-…) into the {place}"
            if self._settings.app_token is not UNSET:
                app = self._settings.app_token.place
                remedy += f", and an app-level token (xapp-…) into the {app}"
        elif name == "missing_scope":
            needed = str(response.get("needed", ""))[:80]
            remedy = f"give the app the scope {needed} and install it again"
        elif name in _CHANNEL:
            remedy = f"invite the app to the channel {self._settings.channel}, or name another"
        elif name in _GONE:
            remedy = "nothing; somebody deleted the message"
        else:
            remedy = "look the error up at https://docs.slack.dev, and report it to us"
        return Refusal(name, what, where=self.where, remedy=remedy)

    def _unreachable(self, error: Exception) -> ProviderError:
        if not isinstance(error, OSError | HTTPException):
            kind = type(error).__name__
            return ProviderUnavailable(f"no answer of Slack ({kind})", where=self.where)
        reason = getattr(error, "reason", error)
        said = getattr(reason, "strerror", None) or type(reason).__name__
        return ProviderUnavailable(
            f"Slack cannot be reached: {said}",
            where=self.where,
            remedy="check that slack.com can be reached from here; it is tried again",
        )

    def _made(self) -> Any:
        try:
            from slack_sdk import WebClient  # noqa: PLC0415 - only who has Slack pays for it
        except ImportError:
            raise ProviderError(
                "Slack's library is not installed",
                where=self.where,
                remedy="`pip install 'smartspec-rollback[slack]'`",
            ) from None
        try:
            token = self._settings.bot_token.resolve().reveal().strip()
        except ConfigurationError as error:  # a channel that fails never stops a rollback
            raise ProviderError(error.what, where=self.where, remedy=error.remedy) from None
        return WebClient(
            token=token,
            base_url=self._settings.api_url,
            timeout=TIMEOUT,
            retry_handlers=[],  # a second try could make a second message
            logger=_QUIET,
        )


def _seconds(headers: Mapping[str, str]) -> float:
    said = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    try:
        return min(max(float(said), 1.0), _LONGEST_WAIT)
    except ValueError:
        return 30.0
