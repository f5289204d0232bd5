import threading
import time
from functools import partial
from pathlib import Path

import msgspec
import pytest
from tests.integration.local.host import CLOCK, Host, Load, a_host, await_done, get, until

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.ports.clock import Deadline


def has_more(load: Load, than: int) -> bool:
    """Tell whether so many requests were answered."""
    return len(load.shots) > than


def test_no_request_is_lost_and_none_is_late(live: Host) -> None:
    """Users see errors while traffic moves, or the old version after it is said to have moved."""
    live.deploy("v1.2.1")
    spans: list[tuple[float, float, str]] = []
    moved = 0.0
    with Load(live.site.front.port, connections=24, at_least=6000) as load:
        until(lambda: len(load.shots) > 500)
        for number, version in enumerate(("v1.2.0", "v1.2.1", "v1.2.0")):
            to = live.release(version)
            for step in live.platform.plan(live.platform.observe(live.target), to=to):
                live.finish(step, live.fence(f"flip-{number}.{step.id}"))
                moved = time.monotonic() if step.moves_traffic else moved
            until(partial(has_more, load, len(load.shots) + 500))
            spans.append((moved, time.monotonic(), version))
    assert len(load.shots) >= 6000
    assert [shot for shot in load.shots if shot.status != 200] == []
    for moved, end, version in spans:
        assert {shot.version for shot in load.shots if moved < shot.sent < end} == {version}


def test_requests_in_flight_end_before_instances_do(tmp_path: Path) -> None:
    """Scaling down cuts off users whose requests the old version is still working on."""
    with a_host(tmp_path, drain=30.0) as host:
        write_release(host.settings.releases, "v1.0.0", delay_ms=1500, delay_share=1.0)
        host.platform.up(host.target)
        host.deploy("v1.0.0")
        answers: list[tuple[int, str]] = []
        slow = threading.Thread(target=lambda: answers.append(host.get()))
        slow.start()
        live = host.platform.observe(host.target).live
        assert live is not None
        until(lambda: host.site.proxy.active_requests(live.id) == 1)
        host.roll_back("v1.2.0", "rollback")
        slow.join()
        assert answers == [(200, "v1.0.0\n")]
        assert host.get() == (200, "v1.2.0\n")


def test_drain_time_ends(tmp_path: Path) -> None:
    """One request that never ends keeps the old version running for ever."""
    with a_host(tmp_path, drain=0.3) as host:
        write_release(host.settings.releases, "v1.0.0", delay_ms=60000, delay_share=1.0)
        host.platform.up(host.target)
        host.deploy("v1.0.0")
        endless = threading.Thread(target=host.get)
        endless.start()
        live = host.platform.observe(host.target).live
        assert live is not None
        until(lambda: host.site.proxy.active_requests(live.id) == 1)
        host.roll_back("v1.2.0", "rollback")
        endless.join()
        assert [w.version for w in host.platform.observe(host.target).workloads] == ["v1.2.0"]


def test_release_changed_on_disk_since_the_plan(live: Host) -> None:
    """Something else is started than what people consented to."""
    steps = live.platform.plan(live.platform.observe(live.target), to=live.release("v1.2.1"))
    (live.settings.releases / "v1.2.1" / "shop.py").write_text("print('something else')")
    with pytest.raises(NotDone, match=r"v1\.2\.1"):
        live.apply(steps[0], live.fence("start"))
    assert len(live.platform.observe(live.target).workloads) == 1


def test_release_changed_on_disk_since_its_prewarm(live: Host) -> None:
    """Traffic goes to a version that turns into another one as soon as it restarts."""
    release = live.release("v1.2.1")
    live.platform.prewarm(live.target, release, operation="prewarm")
    await_done(lambda: live.platform.prewarmed(live.target, release).progress)
    switch, _ = live.platform.plan(live.platform.observe(live.target), to=release)
    (live.settings.releases / "v1.2.1" / "shop.py").write_text("print('something else')")
    with pytest.raises(NotDone, match=r"v1\.2\.1"):
        live.apply(switch, live.fence("switch"))
    assert live.get() == (200, "v1.2.0\n")


def test_nothing_moves_to_instances_that_are_not_ready(live: Host) -> None:
    """Traffic is sent to instances that cannot answer yet."""
    write_release(live.settings.releases, "v2.0.0", ready_after_ms=600_000)
    start, switch, _ = live.platform.plan(
        live.platform.observe(live.target), to=live.release("v2.0.0")
    )
    live.apply(start, live.fence("start"))
    assert live.platform.settled(start).state is ProgressState.PENDING
    with pytest.raises(NotDone, match="0 of 2"):
        live.apply(switch, live.fence("switch"))
    assert live.get() == (200, "v1.2.0\n")


def test_two_at_once_are_one(live: Host) -> None:
    """Two operators who approved the same plan both move traffic."""
    start, switch, _ = live.platform.plan(
        live.platform.observe(live.target), to=live.release("v1.2.1")
    )
    live.finish(start, live.fence("start"))
    seen = live.platform.observe(live.target)
    outcomes: list[str] = []

    def act(operation: str) -> None:
        platform = live.another()
        fence = Fence(operation=operation, token=1, fingerprint=seen.fingerprint)
        try:
            platform.apply(switch, fence=fence, deadline=Deadline.after(CLOCK, switch.timeout))
        except FenceConflict:
            outcomes.append("refused")
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=act, args=(f"operator-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused", "refused", "refused"]
    after = live.platform.observe(live.target)
    assert int(after.resource_version) == int(seen.resource_version) + 1


def test_unknown_step_is_refused(live: Host) -> None:
    """A step of a plan made by a newer release is taken for something it is not."""
    step = live.platform.plan(live.platform.observe(live.target), to=live.release("v1.2.1"))[0]
    odd = msgspec.structs.replace(step, kind="set-fire")
    with pytest.raises(NotDone):
        live.apply(odd, live.fence("odd"))
    assert live.platform.settled(odd).state is ProgressState.UNKNOWN


def test_prewarmed_instances_know_it_only_while_they_are(live: Host) -> None:
    """A prewarmed version does its work at boot, or a live one believes that it is on trial."""
    release = live.release("v1.2.1")
    live.platform.prewarm(live.target, release, operation="prewarm")
    await_done(lambda: live.platform.prewarmed(live.target, release).progress)
    addresses = live.platform.prewarmed(live.target, release).addresses
    assert len(addresses) == 2
    ports = [int(address.rpartition(":")[2]) for address in addresses]
    assert all("SMARTSPEC_PREWARM" in get(port, "/facts")[1] for port in ports)
    assert live.another().prewarmed_releases(live.target) == (release,)
    live.roll_back("v1.2.1", "rollback")
    assert live.platform.prewarmed_releases(live.target) == ()
    live.platform.down(live.target)
    live.platform.up(live.target)
    status, facts = live.get("/facts")
    assert status == 200
    assert "SMARTSPEC_REVISION" in facts
    assert "SMARTSPEC_PREWARM" not in facts
