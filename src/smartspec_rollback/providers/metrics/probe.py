"""Metrics measured by ourselves: GET requests sent through the front door.

Made by ``wiring`` where an objective's source is ``probe``. It needs nothing but the front door,
so it works where no monitoring does; it sees only what its own requests see.

Requests are scheduled at a fixed rate, whatever the answers do (open loop), and latency counts
from the moment a request was *scheduled*. A client that waits for a slow answer before it sends
the next request would measure the slow time once where its users suffered it many times (the
"coordinated omission"). A request not answered within the timeout, sent or still waiting for a
free connection, is given up: an error, with the time waited as its latency.
"""

import math
from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from smartspec_rollback.domain.facts import Reading
from smartspec_rollback.domain.samples import SUMMARY_QUANTILES, Samples
from smartspec_rollback.domain.series import Series
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.providers.metrics.load import Load, Shots, shoot
from smartspec_rollback.providers.web import Address, address

MAX_REQUESTS = 1_000_000
"""A longer window is measured at a lower rate, so that memory stays bounded."""

GLANCE_SECONDS = 0.35
"""How long a glance takes at most."""

WATCHING_RATE = 5.0
"""Requests per second of watching beside a rollback, at most: next to nothing."""

WATCHING_CONNECTIONS = 2

_GLANCE_REQUESTS = 20


class ProbeSettings(Value):
    """Settings of the metrics source ``probe``."""

    path: Annotated[
        str,
        Meta(
            pattern="^/",
            max_length=2000,
            description="What to GET; something that does the service's real work, and is safe "
            "to ask for often.",
            examples=["/", "/api/price?item=1"],
        ),
    ] = "/"
    rate: Annotated[
        float,
        Meta(gt=0, le=1000, description="Requests per second.", examples=[50]),
    ] = 50.0
    connections: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="How many requests may wait for their answers at once.",
            examples=[8],
        ),
    ] = 8
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="After how long a request is given up and counts as an error.",
            examples=["2s"],
            extra={"smartspec": "duration"},
        ),
    ] = 2.0
    accept: Annotated[
        tuple[int, ...],
        Meta(
            description="Statuses from 400 to 499 that are a good answer to this path. Others "
            "count as errors, since a request that was right before should stay so.",
            examples=[[401]],
        ),
    ] = ()
    slow: Annotated[
        float,
        Meta(
            gt=0,
            description="An answer slower than this is mentioned as failing now, in a plan; "
            "verdicts go by the objectives alone.",
            examples=["200ms"],
            extra={"smartspec": "duration"},
        ),
    ] = 0.2


class ProbeSource:
    """Measures by sending requests. 5xx, unaccepted 4xx, broken and late answers are errors.

    Redirects are good answers and not followed. Where nothing ever accepted a connection, there
    is a ``problem`` instead of measurements.
    """

    name: ClassVar[str] = "probe"
    settings_type: ClassVar[type[Value]] = ProbeSettings

    def __init__(self, settings: ProbeSettings, *, clock: Clock) -> None:
        """Measure as ``settings`` say; ``clock`` dates the records."""
        self._settings = settings
        self._clock = clock

    def collect(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Send requests for the window's length; shorter if the deadline leaves less.

        The last request is sent one timeout before the deadline, so that every one that was
        sent is also judged.
        """
        start = self._clock.now()
        settings = self._settings
        seconds = min(window.seconds, deadline.remaining - settings.timeout)
        to = self._front_door(window)
        if isinstance(to, str):
            return self._blind(start=start, problem=to)
        if seconds <= 0:
            return self._blind(
                start=start,
                problem=f"no time to measure: {deadline.remaining:.3g}s are left, "
                f"one request may take {settings.timeout:g}s",
            )
        rate = min(settings.rate, MAX_REQUESTS / seconds)
        seen = shoot(
            to,
            Load(
                path=settings.path,
                count=max(1, math.ceil(rate * seconds)),
                every=1 / rate,
                connections=settings.connections,
                timeout=settings.timeout,
                accept=frozenset(settings.accept),
            ),
        )
        if not seen.reached:
            return self._blind(start=start, problem=f"nothing answers at {to}: {seen.trouble}")
        return Samples(
            source=self.name,
            start=start,
            end=self._clock.now(),
            requests=seen.requests,
            errors=seen.errors,
            latencies=seen.latencies,
            series=Series(
                source=self.name,
                start=start,
                quantiles=SUMMARY_QUANTILES,
                points=seen.points,
            ),
        )

    def watch(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Send at most ``WATCHING_RATE`` requests a second, over ``WATCHING_CONNECTIONS``."""
        settings = replace(
            self._settings,
            rate=min(self._settings.rate, WATCHING_RATE),
            connections=min(self._settings.connections, WATCHING_CONNECTIONS),
        )
        return ProbeSource(settings, clock=self._clock).collect(window, deadline=deadline)

    def glance(self, window: Window, /, *, deadline: Deadline) -> Reading:
        """Send a few requests at once, for at most ``GLANCE_SECONDS``."""
        seconds = min(GLANCE_SECONDS, deadline.remaining)
        to = self._front_door(window)
        if isinstance(to, str):
            return Reading(source=self.name, newest=None, problem=to)
        if seconds <= 0:
            return Reading(source=self.name, newest=None, problem="no time to look")
        settings = self._settings
        every = seconds / 3 / _GLANCE_REQUESTS
        patience = min(settings.timeout, seconds * 2 / 3)
        seen = shoot(
            to,
            Load(
                path=settings.path,
                count=_GLANCE_REQUESTS,
                every=every,
                connections=settings.connections,
                timeout=patience,
                accept=frozenset(settings.accept),
            ),
        )
        if not seen.reached:
            problem = f"nothing answers at {to}: {seen.trouble}"
            return Reading(source=self.name, newest=None, problem=problem)
        return Reading(
            source=self.name,
            newest=self._clock.now(),
            failing=_failing(seen, slow=settings.slow, patience=patience),
        )

    def _front_door(self, window: Window) -> Address | str:
        """Return where to send requests, or why that is not known."""
        if window.front_door is None:
            return f"the platform tells no URL by which traffic enters {window.target}"
        try:
            return address(window.front_door)
        except ValueError as error:
            return f"the front door of {window.target} is {error}"

    def _blind(self, *, start: datetime, problem: str) -> Samples:
        return Samples(
            source=self.name,
            start=start,
            end=self._clock.now(),
            requests=0,
            errors=0,
            latencies=(),
            problem=problem,
        )


def _failing(seen: Shots, *, slow: float, patience: float) -> str | None:
    """Say what is wrong; a glance cannot tell a late answer from one that never comes."""
    if seen.errors:
        bad = f"{seen.errors} of {seen.requests} requests"
        if "answer within" in seen.trouble:
            return f"{bad} failed or took longer than {patience * 1000:.0f}ms"
        return f"{bad} failed ({seen.trouble})"
    slowest = max(seen.latencies, default=0.0)
    if slowest > slow:
        return f"slowest of {seen.requests} requests took {slowest * 1000:.0f}ms"
    return None
