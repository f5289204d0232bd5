"""From approval to all traffic on the prewarmed target, beside the bare flip of the proxy.

The bare flip is the atomic replacement of the route file until every worker of the proxy answers
by it: what no rollback can be faster than. Both are measured by turns on the same proxy, under
the same constant load.
"""

import time

from figure import Figure, middle
from production import GOOD, TARGET, Production, a_production
from setting import Setting
from switching import moved_by_load, roll_back

from smartspec_rollback.demo.load import Load
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import (
    LocalPlatform,
    LocalSettings,
    probing,
    proxy_config,
)
from smartspec_rollback.providers.platforms.local.looking import running_of
from smartspec_rollback.providers.platforms.local.proxy_config import Route
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.wiring import Surroundings, open_workspace

AT_MOST = 150.0
"""Milliseconds that a rollback's switch may take longer than the bare flip."""

RATE = 200.0
_FLIPS = 4
_PATIENCE = 60.0
_CLOCK = SystemClock()


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Roll back again and again, and flip the bare route in between."""
    switched: list[float] = []
    seen: list[float] = []
    bare: list[float] = []
    stale = failed = sent = 0
    with a_production(setting.root / "switch") as production:
        for number in range(5 if setting.quick else 11):
            bad, bad_id = f"v1.3.{number}", f"deploy-bad-{number}"
            production.deploy(bad, bad_id)
            load = Load(f"{production.url}/cart", connections=8, rate=RATE)
            load.start()
            try:
                moments = roll_back(production, bad_id)
            finally:
                counted = load.stop()
            switched.append(moments.switched - moments.approved)
            seen.append(moved_by_load(counted, bad) - moments.approved)
            stale += counted.sent_to_after(bad, moments.switched)
            failed, sent = failed + counted.failed, sent + counted.sent
            bare += _bare_flips(production, bad)
    return _figures(switched, seen, bare, stale=stale, failed=failed, sent=sent)


def _figures(
    switched: list[float],
    seen: list[float],
    bare: list[float],
    *,
    stale: int,
    failed: int,
    sent: int,
) -> tuple[Figure, ...]:
    flip = middle(bare) * 1000
    told = [
        Figure(
            what=what,
            value=value,
            unit="ms",
            baseline=flip,
            against="the bare flip",
            bound=f"at most {AT_MOST:g} ms longer",
            holds=value - flip <= AT_MOST,
        )
        for what, value in (
            ("approval until the switch is journalled, prewarmed", middle(switched) * 1000),
            ("approval until the last request the old version got", middle(seen) * 1000),
        )
    ]
    return (
        *told,
        Figure(
            what="the slowest of these switches",
            value=max(switched) * 1000,
            unit="ms",
            baseline=max(bare) * 1000,
            against="the slowest bare flip",
        ),
        _none(f"requests sent after the switch, answered by the old version, of {sent:,}", stale),
        _none(f"requests failed during these rollbacks, of {sent:,}", failed),
    )


def _none(what: str, count: int) -> Figure:
    return Figure(what=what, value=count, unit="requests", bound="none", holds=count == 0)


def _bare_flips(production: Production, version: str) -> list[float]:
    """Start a second release beside the live one, and flip the route to it and back."""
    workspace = open_workspace(production.config, Surroundings())
    platform = workspace.platform(TARGET)
    settings = workspace.configured(TARGET).platform.settings
    if not isinstance(platform, LocalPlatform) or not isinstance(settings, LocalSettings):
        raise SystemExit("the bare flip is measured on the local platform")
    other, live = (platform.find(TARGET, each) for each in (version, GOOD))
    if other is None or live is None:
        raise SystemExit("a release is gone")
    site = Site.of(TARGET, settings, _CLOCK)
    platform.prewarm(TARGET, other, operation=f"bench.{version}")
    load = Load(f"{production.url}/cart", connections=8, rate=RATE)
    load.start()
    try:
        _await_ready(platform, other)
        return [_flip(site, each) for _ in range(_FLIPS // 2) for each in (other, live)]
    finally:
        load.stop()
        platform.discard(TARGET, other, operation="bench")


def _await_ready(platform: LocalPlatform, release: Release) -> None:
    deadline = Deadline.after(_CLOCK, _PATIENCE)
    while platform.prewarmed(TARGET, release).progress.state is not ProgressState.DONE:
        if deadline.expired:
            raise SystemExit(f"{release.version} does not become ready")
        deadline.pause(0.05)
    deadline.pause(0.5)  # the proxy has taken the new cluster over by then


def _flip(site: Site, release: Release) -> float:
    """Replace the route file and wait until every worker serves it; return the seconds."""
    record, old = running_of(site, release), site.route
    if record is None:
        raise SystemExit(f"{release.version} does not run")
    route = Route(
        generation=old.generation + 1,
        revision=record.id,
        operation="bench",
        deployed_at=old.deployed_at,
        deployment_id=record.deployment_id,
    )
    fresh = site.records.routes.with_suffix(".bench")
    fresh.write_bytes(proxy_config.routes(route, token=site.identity.token))
    count = probing.CONNECTIONS_PER_WORKER * site.proxy.workers()
    deadline = Deadline.after(_CLOCK, _PATIENCE)
    said: set[str] = set()
    start = time.perf_counter()
    fresh.replace(site.records.routes)
    while said != {route.answer}:
        said = probing.answers(
            site.front, token=site.identity.token, count=count, deadline=deadline
        )
        if deadline.expired:
            raise SystemExit("the proxy does not take the new route over")
    return time.perf_counter() - start
