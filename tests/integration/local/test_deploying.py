import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.integration.local.host import Host, a_host, free_port, get, running_below

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.errors import (
    AnotherRunning,
    ProviderError,
    ProviderUnavailable,
    UnknownName,
    UsageError,
)

ROOT = Path(__file__).parents[3]


def test_never_started(host: Host) -> None:
    """Looking at a Target before its first start fails, or makes something up."""
    seen = host.platform.observe(host.target)
    assert seen.live is None
    assert (seen.history, seen.traffic, seen.workloads) == ((), (), ())
    assert not host.site.state.exists()
    for act in (
        lambda: host.deploy("v1.2.0"),
        lambda: host.platform.prewarm(host.target, host.release("v1.2.0"), operation="x"),
    ):
        with pytest.raises(ProviderUnavailable) as refused:
            act()
        assert "smartspec local up" in refused.value.remedy


def test_deployments_are_remembered(live: Host) -> None:
    """Ids that only the platform knows are lost, or a stop and start changes what is live."""
    assert live.get() == (200, "v1.2.0\n")
    live.deploy("v1.2.1")
    again = live.deploy("v1.2.1")
    seen = live.platform.observe(live.target)
    assert seen.live == again
    assert [(r.deployment_id, r.release.version) for r in seen.history] == [
        ("deploy-v1.2.1", "v1.2.1"),
        ("deploy-v1.2.0", "v1.2.0"),
    ]
    assert [(w.version, w.ready) for w in seen.workloads] == [("v1.2.1", 2)]
    with pytest.raises(UsageError, match=r"used for v1\.2\.0"):
        live.deploy("v1.2.1", "deploy-v1.2.0")
    assert live.platform.observe(live.target).fingerprint == seen.fingerprint
    assert not live.platform.is_down(live.target)
    live.platform.down(live.target)
    assert live.platform.is_down(live.target)
    assert running_below(live.folder) == []
    with pytest.raises(ProviderUnavailable):
        live.platform.observe(live.target)
    live.platform.up(live.target)
    live.platform.up(live.target)
    after = live.platform.observe(live.target)
    assert (after.fingerprint, after.history) == (seen.fingerprint, seen.history)


def test_broken_release_leaves_live_alone(live: Host) -> None:
    """A release that does not boot takes production down, or keeps crashing beside it."""
    before = live.platform.observe(live.target)
    processes = running_below(live.folder)
    write_release(live.settings.releases, "v2.0.0", broken=True)
    with pytest.raises(ProviderError, match=r"ended right after their start.*\.log"):
        live.deploy("v2.0.0")
    after = live.platform.observe(live.target)
    assert after.fingerprint == before.fingerprint
    assert after.workloads == before.workloads
    assert after.history == before.history
    assert running_below(live.folder) == processes
    assert live.get() == (200, "v1.2.0\n")


def test_no_ports_left(tmp_path: Path) -> None:
    """A full range of ports stops a deployment half-way."""
    with a_host(tmp_path, ports="21000-21002") as host:
        host.platform.up(host.target)
        host.deploy("v1.2.0")
        with pytest.raises(ProviderError, match="2 are needed"):
            host.deploy("v1.2.1")
        assert host.get() == (200, "v1.2.0\n")
        known = host.platform.inspect(host.target, host.release("v1.2.1"))
        assert known.startable is not None
        assert known.startable < 2


def test_hostile_names(live: Host) -> None:
    """A version or an id leads out of its folder, or into a command line."""
    before = running_below(live.folder)
    for name in ("", ".", "..", "../v1.2.0", "/etc", "v1.2.0/..", "v1\n", "$(id)", "v1 ;x", "-v"):
        with pytest.raises(UsageError):
            live.deploy(name, "deploy-hostile")
        with pytest.raises(UsageError):
            live.deploy("v1.2.1", name)
        assert live.platform.find(live.target, name) is None
    assert running_below(live.folder) == before


def test_unknown_version_names_the_nearest(live: Host) -> None:
    """A typing error in an incident is answered with nothing that helps."""
    with pytest.raises(UnknownName) as refused:
        live.deploy("v1.2.2")
    assert refused.value.nearest[0] in {"v1.2.0", "v1.2.1"}


def test_somebody_else_listens(host: Host) -> None:
    """Two proxies share an address, so that half the users get one and half the other."""
    with (
        socket.create_server(("127.0.0.1", host.site.front.port)),
        pytest.raises(ProviderError, match="somebody else"),
    ):
        host.platform.up(host.target)
    assert running_below(host.folder) == []
    host.platform.up(host.target)


def test_changed_settings_count_from_the_next_up(live: Host) -> None:
    """Production is looked for where it is not, or a proxy with more workers is half asked."""
    old = live.site.front
    moved = f"127.0.0.1:{free_port()}"
    live.settings = replace(live.settings, listen=moved, workers=3)
    live.platform = live.another()
    assert live.platform.observe(live.target).front_door == old.url
    live.platform.up(live.target)
    assert live.platform.observe(live.target).front_door == f"http://{moved}"
    assert live.site.proxy.workers() == 3
    assert live.get() == (200, "v1.2.0\n")
    with pytest.raises(OSError, match="refused"):
        get(old.port, "/")


def test_folder_of_another_target(live: Host) -> None:
    """Two Targets with names that look alike share one folder, and overwrite each other."""
    found = live.site.records.root / "target.json"
    found.write_bytes(found.read_bytes().replace(b'"shop"', b'"other"'))
    with pytest.raises(ProviderError, match="belongs to other/production"):
        live.platform.observe(live.target)
    found.write_bytes(found.read_bytes().replace(b'"other"', b'"shop"'))


def test_secrets_are_seen_by_instances_only(live: Host) -> None:
    """A secret stands in a file of ours, a log, or a process list."""
    secret = "correct-horse-battery-staple"
    kept = live.folder / "token.txt"
    kept.write_text(f"{secret}\n")
    write_release(live.settings.releases, "v3.0.0", secrets={"SHOP_TOKEN": kept})
    live.deploy("v3.0.0")
    assert "SHOP_TOKEN" in live.get("/facts")[1]
    assert not [
        path
        for path in live.site.state.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]
    listed = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in running_below(live.folder)]
    assert len(listed) >= 4
    assert not any(secret.encode() in command for command in listed)
    kept.unlink()
    missing = live.platform.inspect(live.target, live.release("v3.0.0"))
    assert missing.missing_secrets == ("SHOP_TOKEN",)
    with pytest.raises(ProviderError, match="ended right after"):
        live.deploy("v3.0.0", "deploy-without-secret")


def test_state_is_private(live: Host) -> None:
    """Another user of this host reads what runs, or tells the proxy where traffic goes."""
    paths = [live.site.records.root, *live.site.records.root.rglob("*")]
    paths += [live.site.supervisor_socket, live.site.admin_socket]
    assert [path for path in paths if path.lstat().st_mode & 0o077] == []


HOLD = """
import sys
from pathlib import Path
from smartspec_rollback.domain.target import Target
from smartspec_rollback.providers.platforms.local import LocalPlatform, LocalSettings
from smartspec_rollback.providers.system import SystemClock
settings = LocalSettings(releases=Path(sys.argv[1]), state=Path(sys.argv[2]))
platform = LocalPlatform(settings, clock=SystemClock())
platform.guard(Target(service="shop", environment="production"), holder="rb-other")
print("held", flush=True)
sys.stdin.read()
"""


def test_guard_of_another_process(live: Host) -> None:
    """A deployment and a rollback run at once, or a dead one blocks all others for ever."""
    places = [str(live.settings.releases), str(live.settings.state)]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, *places], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        operation = live.platform.observe(live.target).operation
        assert operation is not None
        assert (operation.holder, operation.id) == ("rb-other", "rb-other")
        for act in (
            lambda: live.deploy("v1.2.1"),
            lambda: live.platform.guard(live.target, holder="rb-ours"),
            lambda: live.platform.down(live.target),
        ):
            with pytest.raises(AnotherRunning, match="rb-other"):
                act()
        other.kill()
    assert live.platform.observe(live.target).operation is None
    live.deploy("v1.2.1")
    assert live.get() == (200, "v1.2.1\n")
