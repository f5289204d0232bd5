"""The Bolt app: passes on what people type and press, and acknowledges once that was taken in.

Called by the Messenger, for Socket Mode and for signed requests alike. Whatever ``hear`` raises
leaves the event unacknowledged, so that Slack tells its writer that it failed. Slack waits three
seconds: ``hear`` only takes in.
"""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.ports.messenger import GATE, ROLLBACK, Heard
from smartspec_rollback.providers.channels.slack import hearing
from smartspec_rollback.providers.channels.slack.calls import Calls
from smartspec_rollback.providers.channels.slack.settings import SlackSettings

Hear = Callable[[Heard], None]

_LOG = logging.getLogger(__name__)
QUIET = logging.getLogger(f"{__name__}.bolt")
QUIET.setLevel(logging.CRITICAL)  # Bolt's own words may hold payloads and addresses
_ANY = re.compile(".*", re.DOTALL)
_UNKNOWN = "This is not a command of SmartSpec Rollback."
_STALE = "This button is too old. Answer the newest message of the rollback."
_NO_MODAL = "Slack did not open the dialog. Press the button once more."


class App:
    """One Bolt app; what it hears goes to ``hear``."""

    def __init__(self, settings: SlackSettings, calls: Calls, hear: Hear) -> None:
        """Make it; imports Bolt."""
        from slack_bolt import App as Bolt  # noqa: PLC0415 - only who listens pays for it
        from slack_bolt.authorization import AuthorizeResult  # noqa: PLC0415 - as above

        self._calls = calls
        self._passed_on = hear
        self._names = {settings.command: ROLLBACK, settings.gate_command: GATE}
        token = calls.client.token
        self.bolt = Bolt(
            name="smartspec",
            logger=QUIET,
            client=calls.client,
            authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token),
            process_before_response=True,  # acknowledge when the work is done, not before it
            request_verification_enabled=False,  # ``signed`` does it, by the server's clock
            token_verification_enabled=False,
            ssl_check_enabled=False,
            url_verification_enabled=False,
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
        )
        self.bolt.command(_ANY)(self._command)
        for press in (Press.APPROVE, Press.DENY):
            self.bolt.action(press.value)(self._pressed)
        self.bolt.action(Press.CHOOSE.value)(self._chosen)
        self.bolt.action(Press.CONFIRM.value)(self._confirm)
        self.bolt.action(_ANY)(self._ignored)
        self.bolt.view(hearing.MODAL)(self._submitted)

    def _hear(self, heard: Heard) -> None:
        try:
            self._passed_on(heard)
        except Exception:
            _LOG.exception("what was said in Slack was not taken in")
            raise

    def _command(self, ack: Any, body: Mapping[str, Any]) -> None:
        try:
            heard = hearing.commanded(body, self._names)
        except (ValueError, LookupError):
            ack(text=_UNKNOWN, response_type="ephemeral")
            return
        self._hear(heard)
        ack()

    def _pressed(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        self._take(hearing.pressed, ack, body, respond)

    def _chosen(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        self._take(hearing.chosen, ack, body, respond)

    def _take(
        self,
        read: Callable[[Mapping[str, Any]], Heard],
        ack: Any,
        body: Mapping[str, Any],
        respond: Any,
    ) -> None:
        try:
            heard = read(body)
        except (ValueError, LookupError, TypeError):
            _tell(respond, _STALE)
        else:
            self._hear(heard)
        ack()

    def _confirm(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        try:
            view = hearing.modal(body)
            self._calls("views.open", trigger_id=body["trigger_id"], view=view)
        except (ValueError, LookupError, TypeError):
            _tell(respond, _STALE)
        except ProviderError as error:
            _LOG.warning("no dialog was opened: %s", error.what)
            _tell(respond, _NO_MODAL)
        ack()

    def _submitted(self, ack: Any, body: Mapping[str, Any]) -> None:
        try:
            heard = hearing.submitted(body)
        except (ValueError, LookupError, TypeError):
            ack(response_action="errors", errors={hearing.TYPED: _STALE})
            return
        if isinstance(heard, str):
            ack(response_action="errors", errors={hearing.TYPED: heard})
            return
        self._hear(heard)
        ack()

    def _ignored(self, ack: Any) -> None:
        """Acknowledge what answers nothing, such as following a link."""
        ack()


def _tell(respond: Any, text: str) -> None:
    try:
        respond(text=text, response_type="ephemeral", replace_original=False)
    except Exception as error:  # noqa: BLE001 - who pressed may try again; nothing else depends on it
        _LOG.warning("nobody could be told: %s", type(error).__name__)
