"""Makes what a Target is served by, as it is configured. Called by ``workspace`` alone.

A kind of channel either posts by itself (``Channel``), or is an outlet (``Messenger``) that needs
somebody who keeps what was delivered; the surroundings have that somebody, or they have not.
"""

from collections.abc import Callable, Iterator
from typing import Any

from smartspec_rollback.config.model import ProviderConfiguration, TargetConfiguration
from smartspec_rollback.ledgers import StoredCaptures
from smartspec_rollback.ports.channel import Channel
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.messenger import Messenger, Several
from smartspec_rollback.ports.metrics import MetricsSource
from smartspec_rollback.ports.platform import CapturesReleases, Platform
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers import registry

_TERMINAL = "terminal"


def platform(
    configured: TargetConfiguration, *, clock: Clock, store: Callable[[], Store]
) -> Platform:
    """Make the platform; what it captured is asked of the ledger that ``store`` gives."""
    made: Platform = _made("platforms", configured.platform, clock=clock)
    if isinstance(made, CapturesReleases):
        made.recall(StoredCaptures(store))
    return made


def metrics(configured: TargetConfiguration, *, clock: Clock) -> MetricsSource:
    """Make the metrics source."""
    made: MetricsSource = _made("metrics", configured.metrics, clock=clock)
    return made


def channels(configured: TargetConfiguration) -> tuple[Channel, ...]:
    """Make the channel where people are reached, if it posts by itself; a terminal is not here."""
    held = configured.channel
    return () if held is None or held.kind == _TERMINAL else tuple(_posting((held,)))


def notified(configured: TargetConfiguration) -> tuple[Channel, ...]:
    """Make the further places that are told, as far as they post by themselves."""
    return tuple(_posting(configured.notify))


def outlets(configured: TargetConfiguration) -> tuple[Messenger, ...]:
    """Make the outlets of a Target, the channel where people are asked first."""
    held = () if configured.channel is None else (configured.channel,)
    made = (_made("channels", each) for each in (*held, *configured.notify) if not _posts(each))
    return tuple(
        place for one in made for place in (one.each() if isinstance(one, Several) else (one,))
    )


def asks_in_outlet(configured: TargetConfiguration) -> bool:
    """Tell whether the channel where people are asked is an outlet."""
    return configured.channel is not None and not _posts(configured.channel)


def _posting(held: tuple[ProviderConfiguration, ...]) -> Iterator[Channel]:
    return (_made("channels", each) for each in held if _posts(each))


def _posts(held: ProviderConfiguration) -> bool:
    return hasattr(registry.provider("channels", held.kind), "post")


def _made(group: str, configured: ProviderConfiguration, **more: object) -> Any:
    return registry.provider(group, configured.kind)(configured.settings, **more)
