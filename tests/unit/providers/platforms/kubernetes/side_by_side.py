"""A shop whose releases stand side by side, with traffic choosing among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    TARGET,
    Shop,
    a_shop,
    service,
    template,
)

from smartspec_rollback.domain.release import Release
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    HTTP_ROUTES,
    REPLICA_SETS,
    SERVICES,
    Resource,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads import kind_of
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import DEPLOYMENT_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.resources import Resource as Emulated

BLUE, GREEN = f"{NAME}-blue", f"{NAME}-green"


@dataclass
class Slots:
    """The shop, with what people and pipelines do to its slots."""

    shop: Shop

    def __post_init__(self) -> None:
        self.cluster, self.clock = self.shop.cluster, self.shop.clock
        self.platform = self.shop.platform

    def get(self, resource: Emulated, name: str) -> Any:
        """Read an object."""
        found = self.cluster.get(resource, NAMESPACE, name)
        assert found is not None
        return found

    def deployment(self, name: str) -> Any:
        """Read a slot's Deployment."""
        return self.get(resources.DEPLOYMENT, name)

    def deploy(
        self,
        slot: str,
        version: str,
        deployment_id: str | None = None,
        *,
        replicas: int = 3,
        **more: Any,
    ) -> None:
        """Put a version into a slot and wait until its rollout is through."""
        name, notes = f"{NAME}-{slot}", {DEPLOYMENT_ID: deployment_id} if deployment_id else {}
        labels = {"app": NAME, "slot": slot}
        made = template(version, **more)
        made["metadata"]["labels"] = labels
        if self.cluster.get(resources.DEPLOYMENT, NAMESPACE, name) is None:
            spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": made}
            body = {"metadata": {"name": name, "annotations": notes}, "spec": spec}
            self.cluster.create(resources.DEPLOYMENT, NAMESPACE, body)
        else:
            self.cluster.annotate(resources.DEPLOYMENT, NAMESPACE, name, notes)
            path = "/spec/template"
            self.change(DEPLOYMENTS, name, {"op": "replace", "path": path, "value": made})
        self.wait()

    def scale(self, slot: str, replicas: int) -> None:
        """Give a slot another number of instances, and wait until it has it."""
        operation = {"op": "replace", "path": "/spec/replicas", "value": replicas}
        self.change(DEPLOYMENTS, f"{NAME}-{slot}", operation)
        self.wait()

    def wait(self) -> None:
        """Let the cluster come to rest."""
        Deadline.after(self.clock, 30.0).pause(30.0 if self.cluster.clock.stepped else 0.25)

    def change(self, resource: Resource, name: str, *operations: dict[str, Any]) -> None:
        """Patch an object as somebody else would."""
        said: Operations = operations
        self.shop.api.patch(resource, name, said, deadline=Deadline.after(self.clock, 10.0))

    def flip(self, slot: str) -> None:
        """Point the Service at a slot, as a pipeline does after a deployment."""
        operation = {"op": "replace", "path": "/spec/selector", "value": selected(slot)}
        self.change(SERVICES, NAME, operation)

    def weigh(self, *weights: int, rule: int = 0) -> None:
        """Give the route's backends weights."""
        self.change(
            HTTP_ROUTES,
            NAME,
            *(
                {"op": "add", "path": f"/spec/rules/{rule}/backendRefs/{n}/weight", "value": w}
                for n, w in enumerate(weights)
            ),
        )

    @property
    def selector(self) -> Any:
        """Whom the Service selects."""
        return self.get(resources.SERVICE, NAME)["spec"]["selector"]

    @property
    def weights(self) -> list[list[int | None]]:
        """The weights of the route, rule by rule."""
        rules = self.get(resources.HTTP_ROUTE, NAME)["spec"]["rules"]
        return [[each.get("weight") for each in rule["backendRefs"]] for rule in rules]

    def autoscale(self, slot: str, least: int = 1) -> None:
        """Let an autoscaler own a slot's replicas."""
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{NAME}-{slot}"}
        spec = {"scaleTargetRef": reference, "minReplicas": least, "maxReplicas": 10}
        body = {"metadata": {"name": f"{slot}-hpa"}, "spec": spec}
        self.cluster.create(resources.AUTOSCALER, NAMESPACE, body)

    def forget(self, slot: str, version: str, *, instead: str) -> None:
        """Put another version into a slot, and clear away what is remembered of the old one."""
        self.deploy(slot, instead, replicas=0)
        name = f"{NAME}-{slot}"
        workload = self.shop.api.get(DEPLOYMENTS, name)
        assert workload is not None
        for each in kind_of("deployment/any").revisions(self.shop.api, workload, container=None):
            if each.release.version == version:
                deadline = Deadline.after(self.clock, 10.0)
                self.shop.api.delete(REPLICA_SETS, each.source, deadline=deadline)
        self.wait()

    def release(self, version: str) -> Release:
        """Find a release of the platform."""
        found = self.platform.find(TARGET, version)
        assert found is not None
        return found


def selected(slot: str) -> dict[str, str]:
    """Write the selector that chooses a slot."""
    return {"app": NAME, "slot": slot}


def rule(*backends: str, **more: Any) -> dict[str, Any]:
    """Write a rule of a route; ``name=weight`` gives a weight."""
    written = []
    for each in backends:
        name, _, weight = each.partition("=")
        written.append({"name": name, "port": 80, **({"weight": int(weight)} if weight else {})})
    return {"backendRefs": written, **more}


@contextmanager
def side_by_side(folder: Path, *, speed: float | None = None, **more: Any) -> Iterator[Slots]:
    """Run a cluster with a Service that selects the slot blue; nothing is deployed yet."""
    more = {"traffic": f"service/{NAME}", "drain": 5.0, **more}
    with a_shop(folder, speed=speed, **more) as shop:
        slots = Slots(shop)
        slots.flip("blue")
        yield slots


@contextmanager
def weighed(
    folder: Path, *rules: dict[str, Any], speed: float | None = None, **more: Any
) -> Iterator[Slots]:
    """Run a cluster with a route to the Services of blue and green; nothing is deployed yet."""
    more = {"traffic": f"httproute/{NAME}", "drain": 5.0, **more}
    with a_shop(folder, speed=speed, **more) as shop:
        slots = Slots(shop)
        shop.cluster.gateways.add("edge")
        for slot in ("blue", "green"):
            body = service(f"{NAME}-{slot}", **selected(slot))
            shop.cluster.create(resources.SERVICE, NAMESPACE, body)
        spec = {
            "parentRefs": [{"name": "edge"}],
            "rules": list(rules) or [rule(f"{BLUE}=1", f"{GREEN}=0")],
        }
        body = {"metadata": {"name": NAME}, "spec": spec}
        shop.cluster.create(resources.HTTP_ROUTE, NAMESPACE, body)
        yield slots


def good_and_bad(
    slots: Slots, *, idle: int = 0, ids: tuple[str, str] = ("deploy-1", "deploy-2")
) -> None:
    """Put v1.2.0 into blue, then v1.2.1 into green, which gets the traffic."""
    slots.deploy("blue", "v1.2.0", ids[0])
    slots.deploy("green", "v1.2.1", ids[1])
    if slots.shop.settings.traffic == f"service/{NAME}":
        slots.flip("green")
    else:
        slots.weigh(0, 1)
    slots.scale("blue", idle)
