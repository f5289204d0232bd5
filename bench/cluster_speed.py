"""From the first step to the last instance on a cluster, beside ``kubectl rollout undo``.

Both on the emulated cluster at real speed, by turns: ten instances that take a second and a half to
become ready, rolled by the same controllers. What differs is how soon the end of the rollout is
seen, and what a rollback does besides. Needs kubectl; without one, nothing is measured.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from figure import Figure, middle
from msgspec.structs import replace
from setting import Setting

from smartspec_rollback.domain.rollback import EntryKind, JournalEntry
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.providers.platforms.kubernetes import (
    KubernetesPlatform,
    KubernetesSettings,
)
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.engine_parts import SETTINGS, Bench, asking_for, record
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.kubernetes.images import Ready
from smartspec_rollback.testing.samples import TARGET

AT_MOST = 1.5
"""How many times as long as kubectl's a rollback may take."""

REPLICAS, READY_AFTER = 10, 1.5
_NAMESPACE, _NAME = "default", "checkout"
_GOOD, _BAD = "v1.2.0", "v1.2.1"
_PATIENCE = 60.0
_CLOCK = SystemClock()
_SETTINGS = replace(
    SETTINGS,
    soak=0.0,
    prewarm=False,
    verification=Verification(warm_up=0.0, bake=0.01, deadline=20.0),
)


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Roll back by turns with kubectl and with us, each on a cluster of its own."""
    kubectl = os.environ.get("KUBECTL") or shutil.which("kubectl")
    if kubectl is None:
        return ()
    ours: list[float] = []
    whole: list[float] = []
    theirs: list[float] = []
    for number in range(1 if setting.quick else 5):
        with _production(setting.root / f"kubectl-{number}") as production:
            theirs.append(production.undone(kubectl))
        with _production(setting.root / f"ours-{number}") as production:
            rolled, all_of_it = production.rolled_back()
            ours.append(rolled)
            whole.append(all_of_it)
    ratio = middle(ours) / middle(theirs)
    against = "kubectl rollout undo, then rollout status"
    return (
        Figure(
            what=f"Kubernetes, {REPLICAS} instances: first step to all of the target",
            value=middle(ours),
            unit="s",
            baseline=middle(theirs),
            against=against,
            bound=f"at most {AT_MOST:g} times",
            holds=ratio <= AT_MOST,
        ),
        Figure(
            what="the same with planning, the Lease, the last old instance gone, and verifying",
            value=middle(whole),
            unit="s",
            baseline=middle(theirs),
            against=against,
        ),
    )


class _Production:
    """A cluster on which the bad version is live after the good one, and a ledger that knows."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._config = cluster.kubeconfig(folder / "kubeconfig")

    def deploy(self, version: str) -> None:
        """Put a version live, and wait until all its instances are ready."""
        template: dict[str, Any] = {
            "metadata": {"labels": {"app": _NAME}},
            "spec": {"containers": [{"name": "app", "image": f"shop:{version}"}]},
        }
        if self._cluster.get(resources.DEPLOYMENT, _NAMESPACE, _NAME) is None:
            spec = {
                "replicas": REPLICAS,
                "selector": {"matchLabels": {"app": _NAME}},
                "template": template,
            }
            body = {"metadata": {"name": _NAME}, "spec": spec}
            self._cluster.create(resources.DEPLOYMENT, _NAMESPACE, body)
        else:
            self._cluster.change(
                resources.DEPLOYMENT,
                _NAMESPACE,
                _NAME,
                lambda thing: thing["spec"].update(template=template),
            )
        until = time.monotonic() + _PATIENCE
        while not self._is_live(version):
            if time.monotonic() > until:
                raise SystemExit(f"{version} does not come to be live")
            time.sleep(0.05)

    def _is_live(self, version: str) -> bool:
        pods = self._cluster.all(resources.POD, _NAMESPACE)
        found = self._cluster.get(resources.DEPLOYMENT, _NAMESPACE, _NAME) or {}
        ready = found.get("status", {}).get("readyReplicas")
        images = [each["spec"]["containers"][0]["image"] for each in pods]
        return ready == REPLICAS and images == [f"shop:{version}"] * REPLICAS

    def undone(self, kubectl: str) -> float:
        """Undo by kubectl; gives the seconds it took."""
        begun = time.monotonic()
        for command in (("undo",), ("status", "--timeout=60s")):
            subprocess.run(
                [kubectl, f"--kubeconfig={self._config}", "rollout", command[0],
                 f"deployment/{_NAME}", *command[1:]],
                check=True, capture_output=True,
            )  # fmt: skip
        return time.monotonic() - begun

    def rolled_back(self) -> tuple[float, float]:
        """Roll back by the engine; gives the seconds of the rollout, and of everything."""
        bench = Bench(self._folder, settings=_SETTINGS)
        settings = KubernetesSettings(
            workload=f"deployment/{_NAME}", kubeconfig=self._config, ask_registry=False
        )
        platform = KubernetesPlatform(settings, clock=_CLOCK)
        parts = bench.parts_with(platform=platform, clock=_CLOCK)
        for version, deployment_id, outcome in (
            (_GOOD, "deploy-12344", VerdictOutcome.PASS),
            (_BAD, "deploy-12345", VerdictOutcome.FAIL),
        ):
            release = platform.find(TARGET, version)
            if release is None:
                raise SystemExit(f"{version} is not there")
            record(bench, deployment_id, release, verdict=outcome)
        begun = time.monotonic()
        report = rollback(parts, bench.failed, asking_for(reason="measured"))
        took = time.monotonic() - begun
        if report.exit_code != 0:
            raise SystemExit(f"the rollback ended with {report.exit_code}")
        journal = bench.store.journal(report.rollback.id)
        bench.store.close()
        return _rolled(journal), took


def _rolled(journal: tuple[JournalEntry, ...]) -> float:
    """Tell how long it was from the first step's intent to all traffic on the target."""
    first = next(each for each in journal if each.kind is EntryKind.STEP_INTENT)
    switched = next(
        each
        for each in journal
        if each.kind is EntryKind.STEP_DONE and each.step == "switch-traffic"
    )
    return (switched.at - first.at).total_seconds()


@contextmanager
def _production(folder: Path) -> Iterator[_Production]:
    folder.mkdir()
    with Cluster(speed=1.0) as cluster:
        cluster.kubelet.otherwise = Ready(after=0.0)
        production = _Production(cluster, folder)
        production.deploy(_GOOD)
        production.deploy(_BAD)
        cluster.kubelet.otherwise = Ready(after=READY_AFTER)
        yield production
