import json
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.integration.local.host import Host, a_host, running_below, until
from tests.integration.local.killed import carry_out

from smartspec_rollback.errors import ProviderUnavailable

ROOT = Path(__file__).parents[3]
MORE_THAN_ENOUGH = 100


def kill_supervisor(host: Host) -> None:
    """Kill supervisor and wait until nobody answers for it."""
    known = json.loads((host.site.records.processes / "supervisor.json").read_bytes())
    os.kill(known["pid"], signal.SIGKILL)
    until(lambda: not host.site.supervisor.answers)


def is_another(found: Path, pid: int) -> bool:
    """Tell whether another process has taken this one's place."""
    return bool(json.loads(found.read_bytes())["pid"] != pid)


def killed_at(count: int, host: Host, version: str, name: str) -> bool:
    """Act in another process that dies at its ``count``-th write; False if it got through."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.integration.local.killed"),
            *(str(host.folder), host.settings.listen, version, name, str(count)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def test_supervisor_is_killed(live: Host) -> None:
    """Orphans keep running beside their successors, or `up` cannot come back from a crash."""
    before = live.platform.observe(live.target)
    orphans = running_below(live.folder)
    kill_supervisor(live)
    with pytest.raises(ProviderUnavailable) as refused:
        live.platform.observe(live.target)
    assert "smartspec local up" in refused.value.remedy
    live.platform.up(live.target)
    after = live.platform.observe(live.target)
    assert after.fingerprint == before.fingerprint
    assert [w.ready for w in after.workloads] == [2]
    assert live.get() == (200, "v1.2.0\n")
    assert not set(orphans) & set(running_below(live.folder))


def test_strangers_are_not_killed(live: Host) -> None:
    """A process that got the id of one of ours long after that ended is killed in its place."""
    kill_supervisor(live)
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        record = {"pid": stranger.pid, "born": "another boot 1"}
        (live.site.records.processes / "r9-1.json").write_text(json.dumps(record))
        live.platform.up(live.target)
        assert stranger.poll() is None
        stranger.kill()


def test_proxy_and_instance_are_killed(live: Host) -> None:
    """What crashes stays away, although supervisor is there to bring it back."""
    for name in ("envoy", "r1-"):
        found = next(
            path for path in live.site.records.processes.iterdir() if path.name.startswith(name)
        )
        old = json.loads(found.read_bytes())["pid"]
        os.kill(old, signal.SIGKILL)
        until(partial(is_another, found, old))
    until(lambda: live.site.proxy.serves)
    until(lambda: live.platform.observe(live.target).workloads[0].ready == 2)
    assert live.get() == (200, "v1.2.0\n")


def test_stale_sockets(live: Host) -> None:
    """Sockets left behind by a crash of the whole machine keep the next start from listening."""
    paths = live.site.supervisor_socket, live.site.admin_socket
    live.platform.down(live.target)
    assert not paths[0].parent.exists()
    paths[0].parent.mkdir(mode=0o700)
    for path in paths:
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(path))
    live.platform.up(live.target)
    assert live.get() == (200, "v1.2.0\n")


def test_rollback_is_killed_at_every_write(tmp_path: Path) -> None:
    """A rollback that died half-way does something twice, or cannot be finished."""
    with a_host(tmp_path, instances=1) as host:
        host.platform.up(host.target)
        host.deploy("v1.2.0")
        there, back = "v1.2.1", "v1.2.0"
        for count in range(1, MORE_THAN_ENOUGH):
            journal = tmp_path / f"rollback-{count}.json"
            known = {record.id for record in host.site.records.all()}
            died = killed_at(count, host, there, str(journal))
            carry_out(host, there, journal)
            seen = host.platform.observe(host.target)
            assert seen.live is not None
            assert seen.live.release.version == there
            assert [(w.revision, w.ready) for w in seen.workloads] == [(seen.live.id, 1)]
            assert len({record.id for record in host.site.records.all()} - known) == 1
            assert host.get() == (200, f"{there}\n")
            there, back = back, there
            if not died:
                break
        else:
            pytest.fail("the rollback never got through")
        assert count > 10, "the rollback was not killed at its writes"


def test_deployment_is_killed_at_its_writes(tmp_path: Path) -> None:
    """A deployment that died half-way cannot be finished, or leaves instances running."""
    with a_host(tmp_path, instances=1) as host:
        host.platform.up(host.target)
        host.deploy("v1.2.0")
        there, back = "v1.2.1", "v1.2.0"
        for count in range(1, MORE_THAN_ENOUGH, 3):
            name = f"deploy-{count}"
            died = killed_at(count, host, there, name)
            revision = host.deploy(there, name)
            seen = host.platform.observe(host.target)
            assert seen.live == revision
            assert (revision.deployment_id, revision.release.version) == (name, there)
            assert [(w.revision, w.ready) for w in seen.workloads] == [(revision.id, 1)]
            assert [r.deployment_id for r in seen.history].count(name) == 1
            assert host.get() == (200, f"{there}\n")
            there, back = back, there
            if not died:
                break
        else:
            pytest.fail("the deployment never got through")
