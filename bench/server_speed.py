"""How soon a decision moves a waiting rollback, while fifty wait and five hundred programs follow.

A real ``smartspec serve`` and its own rollbacks, planned and carried out on an emulated cluster;
decisions and streams come by the API. All times are of one machine's clock: the decision's as the
ledger has it, the journal entry's, and when its event was read.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from figure import Figure
from setting import Setting

from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import DEPLOYMENT_ID
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.access import a_token, given
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.cluster import Cluster

ROLLBACKS, VIEWERS = 50, 500
MOVED_WITHIN = 0.3
"""Seconds from a decision to the rollback that goes on, for 95 of 100."""

SEEN_WITHIN = 1.0
"""Seconds from a journal entry to its event, for 95 of 100."""

_BETWEEN = 0.1
_PATIENCE = 120.0
_PEOPLE = 10
_CLOCK = SystemClock()
_TARGET = """\
  shop-{number}:
    production:
      platform:
        kind: kubernetes
        workload: deployment/shop-{number}
        kubeconfig: kubeconfig
        ask_registry: false
      database: none
      soak: 0s
      verification: {{warm_up: 0s, bake: 0.1s}}
"""


@dataclass
class _Heard:
    """What all who follow were told: when each journal entry was read."""

    waited: list[float] = field(default_factory=list)
    begun: int = 0
    all_follow: asyncio.Event = field(default_factory=asyncio.Event)


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Approve one waiting rollback after another."""
    folder = setting.folder("server")
    count = 10 if setting.quick else ROLLBACKS
    with Cluster(speed=20.0) as cluster:
        _furnish(folder, cluster, count)
        with SqliteStore.open(folder / ".smartspec" / "smartspec.db") as store:
            now = _CLOCK.now()
            tokens = [
                given(store, a_token(f"t{n}", person=f"person-{n}", at=now)) for n in range(_PEOPLE)
            ]
            with _serving(folder) as port:
                return asyncio.run(_decided(port, tokens, store, count))


def _furnish(folder: Path, cluster: Cluster, count: int) -> None:
    cluster.create_namespace("shop")
    for number in range(count):
        _deploy(cluster, f"shop-{number}", "v1")
    _settle(cluster, count)
    for number in range(count):
        _deploy(cluster, f"shop-{number}", "v2")
    _settle(cluster, count)
    cluster.kubeconfig(folder / "kubeconfig", namespace="shop")
    targets = "".join(_TARGET.format(number=n) for n in range(count))
    people = "".join(f'  person-{n}: {{os: "{n}"}}\n' for n in range(_PEOPLE))
    (folder / "smartspec.yaml").write_text(f"services:\n{targets}people:\n{people}")


def _deploy(cluster: Cluster, name: str, version: str) -> None:
    container = {"name": "app", "image": f"registry.example/{name}:{version}"}
    if version == "v1":
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
        notes = {DEPLOYMENT_ID: f"{name}-v1"}
        made: Any = {"metadata": {"name": name, "annotations": notes}, "spec": spec}
        cluster.create(resources.DEPLOYMENT, "shop", made)
        return

    def release(workload: Any) -> None:
        workload["metadata"]["annotations"][DEPLOYMENT_ID] = f"{name}-{version}"
        workload["spec"]["template"]["spec"]["containers"] = [container]

    cluster.change(resources.DEPLOYMENT, "shop", name, release)


def _settle(cluster: Cluster, count: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        workloads: Any = cluster.all(resources.DEPLOYMENT, "shop")
        if sum(_is_settled(each) for each in workloads) == count:
            return
        time.sleep(0.1)
    raise SystemExit("the cluster does not settle")


def _is_settled(workload: Any) -> bool:
    status = workload.get("status", {})
    seen = status.get("observedGeneration") == workload["metadata"]["generation"]
    counts = [status.get(f"{which}eplicas") for which in ("r", "updatedR", "availableR")]
    return bool(seen) and counts == [1, 1, 1]


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("smartspec")), "serve", "--port", "0", "--quiet"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = process.stdout.readline() if process.stdout is not None else ""
        found = re.search(r":(\d+)$", said.strip())
        if found is None:
            raise SystemExit(f"the server does not start: {said}")
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(_PATIENCE)


async def _decided(
    port: int, tokens: list[str], store: SqliteStore, count: int
) -> tuple[Figure, ...]:
    plans = [
        await _ask(
            port,
            tokens[n % _PEOPLE],
            "/v1/rollbacks",
            {"failed_deployment_id": f"shop-{n}-v2", "reason": "slow"},
        )
        for n in range(count)
    ]
    asked = [(str(plan["rollback_id"]), str(plan["plan"]["digest"])) for plan in plans]
    heard = _Heard()
    viewers = [
        asyncio.ensure_future(_follow(port, tokens[n % _PEOPLE], asked[n % count][0], heard))
        for n in range(VIEWERS)
    ]
    async with asyncio.timeout(_PATIENCE):
        await heard.all_follow.wait()
        heard.waited.clear()
        for n, (rollback_id, digest) in enumerate(asked):
            path = f"/v1/rollbacks/{rollback_id}/approve"
            await _ask(port, tokens[(n + 1) % _PEOPLE], path, {"digest": digest})
            await asyncio.sleep(_BETWEEN)
        await asyncio.gather(*viewers)
    moved = sorted(_moved(store, rollback_id) for rollback_id, _ in asked)
    seen = sorted(heard.waited)
    late, slow = moved[int(len(moved) * 0.95)], seen[int(len(seen) * 0.95)]
    what = f"{count} rollbacks wait, {VIEWERS} programs follow"
    return (
        Figure(
            what=f"{what}: from a decision until it goes on, 95 of 100",
            value=late,
            unit="s",
            bound=f"at most {MOVED_WITHIN:g} s",
            holds=late <= MOVED_WITHIN,
        ),
        Figure(
            what=f"{what}: from a journal entry until its event is read, 95 of 100",
            value=slow,
            unit="s",
            bound=f"at most {SEEN_WITHIN:g} s",
            holds=slow <= SEEN_WITHIN,
        ),
    )


def _moved(store: SqliteStore, rollback_id: str) -> float:
    """Say how long after its decision a rollback went on, by what the ledger has."""
    (decision,) = store.decisions(rollback_id)
    after = next(e.at for e in store.journal(rollback_id) if e.at >= decision.at)
    return (after - decision.at).total_seconds()


async def _ask(port: int, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reader, writer = await _sent(port, token, "POST", path, json.dumps(body).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    content = await reader.readexactly(int(length[1])) if length else b""
    writer.close()
    if head.split(b" ", 2)[1] not in (b"200", b"202"):
        raise SystemExit(f"{path}: {head!r} {content[:400]!r}")
    found: dict[str, Any] = json.loads(content)
    return found


async def _follow(port: int, token: str, rollback_id: str, heard: _Heard) -> None:
    path = f"/v1/rollbacks/{rollback_id}/events"
    reader, writer = await _sent(port, token, "GET", path, b"")
    is_first = True
    try:
        while line := await reader.readline():
            if line.startswith(b"event: end"):
                return
            if line.startswith(b"data: ") and b'"seq"' in line:
                entry = json.loads(line[6:])
                at = datetime.fromisoformat(entry["at"])
                heard.waited.append((_CLOCK.now() - at).total_seconds())
                heard.begun += is_first
                is_first = False
                if heard.begun == VIEWERS:
                    heard.all_follow.set()
    finally:
        writer.close()


async def _sent(
    port: int, token: str, method: str, path: str, body: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return reader, writer
