"""A cluster with several services gone bad, for the tests beside it to roll back."""

from pathlib import Path
from typing import Any

from tests.acceptance.commands import Result, installed

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import DEPLOYMENT_ID
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.kubernetes.objects import Obj

NAMES = ("basket", "checkout", "search")
_TARGET = """\
  {name}:
    production:
      platform: {{kind: kubernetes, workload: deployment/{name}, kubeconfig: kubeconfig}}
      database: none
      soak: 0s
      verification: {{warm_up: 0s, bake: 0.1s}}
"""


class Shops:
    """A cluster with several services, each with a bad version live after a good one."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        cluster.create_namespace("shop")
        for name in NAMES:
            self._deploy(name)
        cluster.kubeconfig(folder / "kubeconfig", namespace="shop")
        targets = "".join(_TARGET.format(name=name) for name in NAMES)
        (folder / "smartspec.yaml").write_text(f"services:\n{targets}")

    def images(self) -> dict[str, str]:
        """Tell what each service runs."""
        found: dict[str, str] = {}
        for each in self.cluster.all(resources.DEPLOYMENT, "shop"):
            workload: Any = each
            container = workload["spec"]["template"]["spec"]["containers"][0]
            found[workload["metadata"]["name"]] = container["image"]
        return found

    def roll_back(self, *words: str) -> Result:
        """Run the command without a terminal."""
        return installed("smartspec_rollback", *words, folder=self.folder)

    def _deploy(self, name: str) -> None:
        container = {"name": "app", "image": f"registry.example/{name}:v1"}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container]},
            },
        }
        notes = {DEPLOYMENT_ID: f"{name}-v1"}
        made: Obj = {"metadata": {"name": name, "annotations": notes}, "spec": spec}
        self.cluster.create(resources.DEPLOYMENT, "shop", made)
        self._settle(name)

        def release(workload: Any) -> None:
            workload["metadata"]["annotations"][DEPLOYMENT_ID] = f"{name}-v2"
            held = workload["spec"]["template"]["spec"]["containers"][0]
            held["image"] = f"registry.example/{name}:v2"

        self.cluster.change(resources.DEPLOYMENT, "shop", name, release)
        self._settle(name)

    def _settle(self, name: str) -> None:
        deadline = Deadline.after(SystemClock(), 20.0)
        while True:
            workload: Any = self.cluster.get(resources.DEPLOYMENT, "shop", name)
            status = workload.get("status", {})
            seen = status.get("observedGeneration") == workload["metadata"]["generation"]
            counts = [status.get(f"{which}eplicas") for which in ("r", "updatedR", "availableR")]
            if seen and counts == [2, 2, 2]:
                return
            assert not deadline.expired, f"{name} does not settle"
            deadline.pause(0.02)
