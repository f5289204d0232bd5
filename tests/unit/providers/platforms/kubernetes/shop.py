"""A shop on an emulated cluster: what the tests of the platform ``kubernetes`` deploy and break.

Time stands still unless somebody waits: a wait of the platform is time that passes in the cluster.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.platforms.kubernetes import (
    KubernetesPlatform,
    KubernetesSettings,
)
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import CONFIG_MAPS, PODS
from smartspec_rollback.providers.platforms.kubernetes.workloads import kind_of
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import DEPLOYMENT_ID
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.cluster import Cluster

NAMESPACE = "shop"
NAME = "checkout"
TARGET = Target(service=NAME, environment="production")
_KINDS = {
    "deployment": resources.DEPLOYMENT,
    "statefulset": resources.STATEFUL_SET,
    "daemonset": resources.DAEMON_SET,
    "rollout": resources.ROLLOUT,
}
SECRET = "hunter2-in-the-cluster"
TOKEN = "token-of-the-test"


@dataclass(frozen=True)
class ClusterTime:
    """The cluster's own time, as the platform's clock."""

    cluster: Cluster

    def now(self) -> datetime:
        """Tell the wall time."""
        return self.cluster.clock.now()

    def monotonic(self) -> float:
        """Tell the time in seconds."""
        return self.cluster.clock.elapsed()

    def sleep(self, seconds: float, /) -> None:
        """Let the cluster work meanwhile."""
        self.cluster.advance(max(seconds, 0.0))


def template(version: str, **more: Any) -> dict[str, Any]:
    """Write the pod template of a version; it needs a ConfigMap and a Secret."""
    container = {
        "name": "app",
        "image": f"registry.example/checkout:{version}",
        "envFrom": [
            {"configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "payments"}},
        ],
        **more,
    }
    return {
        "metadata": {"labels": {"app": NAME}},
        "spec": {"containers": [container]},
    }


def service(name: str, **selected: str) -> dict[str, Any]:
    """Write a Service."""
    ports = [{"port": 80, "targetPort": 8080}]
    return {"metadata": {"name": name}, "spec": {"selector": selected, "ports": ports}}


@dataclass
class Shop:
    """The cluster, the platform on it, and what people do to it."""

    cluster: Cluster
    settings: KubernetesSettings
    replicas: int = 3
    spec: dict[str, Any] = field(default_factory=dict)
    """What else the workload's specification says."""

    def __post_init__(self) -> None:
        stepped = self.cluster.clock.stepped
        self.clock: Clock = ClusterTime(self.cluster) if stepped else SystemClock()
        self.platform = self.again()
        self.api = Api(self.settings, self.clock)
        self.target = TARGET

    def again(self) -> KubernetesPlatform:
        """Make another platform object, as another process has it."""
        return KubernetesPlatform(self.settings, clock=self.clock, patience=0.0)

    @property
    def resource(self) -> resources.Resource:
        """The kind of workload."""
        return _KINDS[self.settings.workload.partition("/")[0]]

    @property
    def deployment(self) -> Any:
        """The workload as it is."""
        found = self.cluster.get(self.resource, NAMESPACE, NAME)
        assert found is not None
        return found

    def deploy(self, version: str, deployment_id: str | None = None, **more: Any) -> None:
        """Put a version live and wait until its rollout is through."""
        self.begin(version, deployment_id, **more)
        deadline = Deadline.after(self.clock, 30.0)
        deadline.pause(30.0 if self.cluster.clock.stepped else 0.1)
        while not self.cluster.clock.stepped and self.platform.observe(TARGET).operation:
            assert not deadline.expired, "the rollout does not end"
            deadline.pause(0.05)

    def begin(self, version: str, deployment_id: str | None = None, **more: Any) -> None:
        """Put a version live, and don't wait."""
        made = template(version, **more)
        if self.cluster.get(self.resource, NAMESPACE, NAME) is None:
            self._create(made, deployment_id)
            return
        operations: list[dict[str, Any]] = [
            {"op": "replace", "path": "/spec/template", "value": made}
        ]
        if deployment_id is not None:
            path = f"/metadata/annotations/{DEPLOYMENT_ID.replace('/', '~1')}"
            operations.append({"op": "add", "path": path, "value": deployment_id})
        self.change(*operations)

    def _create(self, made: dict[str, Any], deployment_id: str | None) -> None:
        notes = {DEPLOYMENT_ID: deployment_id} if deployment_id else {}
        spec: dict[str, Any] = {"selector": {"matchLabels": {"app": NAME}}, "template": made}
        if self.resource is not resources.DAEMON_SET:
            spec["replicas"] = self.replicas
        if self.resource is resources.STATEFUL_SET:
            spec["serviceName"] = NAME
        metadata = {"name": NAME, "annotations": notes}
        body = {"metadata": metadata, "spec": {**spec, **self.spec}}
        self.cluster.create(self.resource, NAMESPACE, body)

    def remove(self) -> None:
        """Delete the workload as somebody else would."""
        self.cluster.remove(self.resource, NAMESPACE, NAME)

    def replace_by_hand(self) -> None:
        """Delete every pod one by one, as people do with OnDelete."""
        for name in self.running:
            self.delete_pod(name)
            self.cluster.advance(40.0)

    def delete_pod(self, name: str) -> None:
        """Delete a pod as somebody else would."""
        found = self.cluster.get(resources.POD, NAMESPACE, name)
        assert found is not None
        self.api.delete(PODS, found, deadline=Deadline.after(self.clock, 5.0))

    @property
    def running(self) -> dict[str, str]:
        """The version of each pod that is not being ended, by its name."""
        return {
            each["metadata"]["name"]: each["spec"]["containers"][0]["image"].rpartition(":")[2]
            for each in self.cluster.all(resources.POD, NAMESPACE)
            if "deletionTimestamp" not in each["metadata"]
        }

    def change(self, *operations: dict[str, Any]) -> None:
        """Patch the Deployment as somebody else would."""
        deadline = Deadline.after(self.clock, 10.0)
        resource = kind_of(self.settings.workload).resource
        self.api.patch(resource, NAME, operations, deadline=deadline)

    def configure(self, **data: str) -> None:
        """Change the ConfigMap as somebody else would."""
        deadline = Deadline.after(self.clock, 10.0)
        operations = [{"op": "replace", "path": "/data", "value": data}]
        self.api.patch(CONFIG_MAPS, "settings", operations, deadline=deadline)

    def forget(self, version: str) -> None:
        """Clear what the cluster remembers of a version away, as a low history limit does."""
        deadline = Deadline.after(self.clock, 10.0)
        kind = kind_of(self.settings.workload)
        workload = self.api.get(kind.resource, NAME)
        assert workload is not None
        for each in kind.revisions(self.api, workload, container=None):
            if each.release.version == version:
                self.api.delete(kind.kept_in, each.source, deadline=deadline)
        if self.cluster.clock.stepped:
            self.cluster.advance(1.0)

    def release(self, version: str) -> Release:
        """Find a release of the platform."""
        found = self.platform.find(self.target, version)
        assert found is not None
        return found


def fence_for(platform: KubernetesPlatform, operation: str) -> Fence:
    """Make the fence of an operation on what is there now."""
    seen = platform.observe(TARGET)
    return Fence(operation=operation, token=1, fingerprint=seen.fingerprint)


def send(platform: KubernetesPlatform, step: Step, fence: Fence, clock: Clock) -> None:
    """Send a step as the engine does: what cannot be reached is asked again, thrice in all."""
    deadline = Deadline.after(clock, step.timeout)
    for _ in range(2):
        try:
            platform.apply(step, fence=fence, deadline=deadline)
        except ProviderUnavailable:
            clock.sleep(0.2)
        else:
            return
    platform.apply(step, fence=fence, deadline=deadline)


def await_done(platform: KubernetesPlatform, step: Step, clock: Clock) -> Progress:
    """Look until a step has come to an end, as the engine does."""
    deadline = Deadline.after(clock, step.timeout)
    said = Progress(state=ProgressState.PENDING, detail="not looked at")
    while said.state is ProgressState.PENDING and not deadline.expired:
        deadline.pause(0.1)
        with suppress(ProviderUnavailable):
            said = platform.settled(step)
    return said


def carry_out(shop: "Shop", version: str) -> tuple[Step, ...]:
    """Roll back step by step, as the engine does; every step must come to be done."""
    platform = shop.again()
    steps = platform.plan(platform.observe(TARGET), to=shop.release(version))
    for number, step in enumerate(steps, start=1):
        send(platform, step, fence_for(platform, f"rb-1.{number}.{step.id}"), shop.clock)
        said = await_done(platform, step, shop.clock)
        assert said.state is ProgressState.DONE, f"{step.id}: {said.detail}"
    return steps


@contextmanager
def a_shop(
    folder: Path,
    *,
    speed: float | None = None,
    token: str = TOKEN,
    workload: str = f"deployment/{NAME}",
    **more: Any,
) -> Iterator[Shop]:
    """Run a cluster with the shop's configuration in it; nothing is deployed yet.

    ``speed``: how many of its seconds pass in a real one; None: they pass when somebody waits.
    """
    with Cluster(speed=speed, token=token) as cluster:
        cluster.create_namespace(NAMESPACE)
        cluster.create(
            resources.CONFIG_MAP,
            NAMESPACE,
            {"metadata": {"name": "settings"}, "data": {"colour": "blue"}},
        )
        cluster.create(
            resources.SECRET,
            NAMESPACE,
            {"metadata": {"name": "payments"}, "stringData": {"key": SECRET}},
        )
        cluster.create(resources.SERVICE, NAMESPACE, service(NAME, app=NAME))
        if speed is None:
            cluster.advance(5.0)
        config = cluster.kubeconfig(folder / "kubeconfig", namespace=NAMESPACE)
        more = {"ask_registry": False, **more}
        settings = KubernetesSettings(workload=workload, kubeconfig=config, **more)
        yield Shop(cluster, settings)
