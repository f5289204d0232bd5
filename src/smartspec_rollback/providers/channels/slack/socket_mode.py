"""Listening by Socket Mode: one connection at a time, made anew whenever it ends.

Called by the Messenger. The SDK's own reconnecting is left off, since it never stops and never says
why it cannot: here every failure is said, and tried again with growing pauses.
"""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.channels.slack.app import QUIET, App
from smartspec_rollback.providers.channels.slack.calls import Calls

PING_EVERY = 1.0
"""Seconds between two signs of life; a connection without four of them is dead."""

_LOOK_EVERY = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0

_LOG = logging.getLogger(__name__)


def listen(
    app: App, calls: Calls, app_token: Callable[[], str], clock: Clock, *, stop: Callable[[], bool]
) -> None:
    """Listen until ``stop``."""
    failures = 0
    while not stop():
        connection = None
        pause = 0.0
        try:
            connection = _connected(app, calls, app_token())
            failures = 0
            _LOG.info("listening to Slack", extra={"action": "slack.listening"})
            while not stop() and connection.is_connected():
                clock.sleep(_LOOK_EVERY)
        except ProviderError as error:
            failures += 1
            asked = error.after if isinstance(error, ProviderUnavailable) else 0.0
            pause = max(asked, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures - 1, 10)))
            _LOG.warning(
                "Slack is not listened to: %s (%s)",
                error.what,
                error.remedy,
                extra={"action": "slack.deaf"},
            )
        finally:
            if connection is not None:
                _close(connection)
        _wait(pause, clock, stop)


def _connected(app: App, calls: Calls, app_token: str) -> Any:
    """Open one connection; ProviderError if it does not come about."""
    from slack_bolt.adapter.socket_mode import SocketModeHandler  # noqa: PLC0415 - heavy, as Bolt

    handler = SocketModeHandler(
        app.bolt,
        app_token=app_token,
        logger=QUIET,
        auto_reconnect_enabled=False,
        ping_interval=PING_EVERY,
        concurrency=1,  # what people said is taken in in its order
    )
    try:
        handler.client.connect()
    except Exception as error:  # noqa: BLE001 - the SDK lets through what its parts raise
        _close(handler.client)
        raise calls.understood(error) from None
    if not handler.client.is_connected():
        _close(handler.client)
        raise ProviderUnavailable("Slack took no connection", where=calls.where)
    return handler.client


def _close(client: Any) -> None:
    """Close a connection and end its threads; wakes those that wait, so it takes no time."""
    client.closed = True
    client.message_queue.put(None)
    session = client.current_session
    held = getattr(session, "sock", None)
    if held is not None:
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)
    with suppress(Exception):
        client.close()


def _wait(seconds: float, clock: Clock, stop: Callable[[], bool]) -> None:
    ends = clock.monotonic() + seconds
    while not stop() and clock.monotonic() < ends:
        clock.sleep(min(_LOOK_EVERY, max(ends - clock.monotonic(), 0.0)))
