"""A whole rollback while requests are sent as fast as they go: none may fail, none may stray."""

import time

from figure import Figure
from production import a_production
from setting import Setting
from switching import roll_back

from smartspec_rollback.demo.load import Load

AT_LEAST = 20_000
_CONNECTIONS = 16
_BAD, _BAD_ID = "v1.2.1", "deploy-bad"
_BAKE = "8s"


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Roll back, and count what was sent from its first moment to its last."""
    with a_production(setting.root / "load", bake=_BAKE) as production:
        production.deploy(_BAD, _BAD_ID)
        load = Load(f"{production.url}/cart", connections=_CONNECTIONS, rate=None)
        start = time.monotonic()
        load.start()
        try:
            moments = roll_back(production, _BAD_ID)
            seconds = time.monotonic() - start
        finally:
            counted = load.stop()
    stale = counted.sent_to_after(_BAD, moments.switched)
    return (
        Figure(
            what="requests through the proxy during a whole rollback",
            value=counted.sent,
            unit="requests",
            bound=f"at least {AT_LEAST:,}",
            holds=counted.sent >= AT_LEAST,
        ),
        Figure(what="their rate", value=counted.sent / seconds, unit="requests/s"),
        Figure(
            what="of them failed",
            value=counted.failed,
            unit="requests",
            bound="none",
            holds=counted.failed == 0,
        ),
        Figure(
            what="of them sent after the switch, answered by the old version",
            value=stale,
            unit="requests",
            bound="none",
            holds=stale == 0,
        ),
    )
