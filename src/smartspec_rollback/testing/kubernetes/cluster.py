"""A whole Kubernetes cluster's API, in this process, for tests.

``with Cluster() as cluster`` serves it on 127.0.0.1. No kubelet runs anything: pods behave as
their images are scripted to. Nothing of the run time may import it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from smartspec_rollback.testing.kubernetes.admission import Access, Admission, Hook
from smartspec_rollback.testing.kubernetes.api import Api, Application
from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.controllers.daemonsets import DaemonSets
from smartspec_rollback.testing.kubernetes.controllers.deployments import Deployments
from smartspec_rollback.testing.kubernetes.controllers.garbage import Garbage, Namespaces
from smartspec_rollback.testing.kubernetes.controllers.gateways import Gateways
from smartspec_rollback.testing.kubernetes.controllers.replicasets import ReplicaSets
from smartspec_rollback.testing.kubernetes.controllers.rollouts import Rollouts
from smartspec_rollback.testing.kubernetes.controllers.services import (
    DisruptionBudgets,
    Endpoints,
)
from smartspec_rollback.testing.kubernetes.controllers.statefulsets import StatefulSets
from smartspec_rollback.testing.kubernetes.controllers.world import ControlLoop, World
from smartspec_rollback.testing.kubernetes.deleting import Deleting, Removal
from smartspec_rollback.testing.kubernetes.faults import Faults, Requests
from smartspec_rollback.testing.kubernetes.http import Server
from smartspec_rollback.testing.kubernetes.images import Behaviour
from smartspec_rollback.testing.kubernetes.kubelet import Kubelet
from smartspec_rollback.testing.kubernetes.objects import Obj, clone, dig, meta
from smartspec_rollback.testing.kubernetes.resources import (
    AUTOSCALER,
    NAMESPACE,
    NODE,
    SERVICE_ACCOUNT,
    Registry,
    Resource,
)
from smartspec_rollback.testing.kubernetes.store import Store
from smartspec_rollback.testing.kubernetes.watching import Watches
from smartspec_rollback.testing.kubernetes.writing import Options, Writing

_NAMESPACES = ("default", "kube-system")
_BY_TEST = Options(manager="test")
_BY_AUTOSCALER = Options(manager="kube-controller-manager", subresource="scale")


class Cluster:
    """Runs from ``__enter__`` to ``__exit__``; its attributes are what tests script.

    ``speed``: cluster seconds in a real second, or None for a clock that only ``advance`` moves.
    ``lag``: cluster seconds from a change to what controllers make of it. ``nodes``: how many
    nodes there are. ``token``: what clients must bring, if anything. ``history``: how many
    changes watches may look back.
    """

    def __init__(
        self,
        *,
        speed: float | None = 1.0,
        lag: float = 0.01,
        nodes: int = 3,
        token: str = "",
        history: int = 10_000,
    ) -> None:
        self._store = Store(history=history)
        self.clock = ClusterClock(self._store.lock, speed=speed)
        self._registry = Registry()
        self._admission = Admission(self._store)
        self._writing = Writing(self._store, self.clock, self._admission)
        self._deleting = Deleting(self._store, self.clock, self._registry)
        self._world = World(self._store, self.clock, self._registry, self._writing, self._deleting)
        self.kubelet = Kubelet(self._world)
        self._gateways = Gateways(self._world)
        self.access = Access()
        self.watches = Watches(self._store)
        self.faults = Faults()
        self.requests = Requests()
        self._token = token
        world = self._world
        self._loop = ControlLoop(
            world,
            (
                Deployments(world), ReplicaSets(world), StatefulSets(world), DaemonSets(world),
                Rollouts(world),
                Endpoints(world), DisruptionBudgets(world), self._gateways, self.kubelet,
                Garbage(world), Namespaces(world),
            ),
            lag,
        )  # fmt: skip
        api = Api(world, self.access, self.watches)
        self._server = Server(api, self.faults, self.requests, token, world.errors)
        for name in _NAMESPACES:
            self.create_namespace(name)
        for number in range(nodes):
            self.add_node(f"node-{number + 1}")

    def __enter__(self) -> Self:
        """Serve, and let time run."""
        self.clock.start()
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; RuntimeError if the emulator itself failed at something."""
        self.watches.close()
        self._server.stop()
        self.clock.stop()
        if self._world.errors and kind is None:
            raise RuntimeError("the emulator failed:\n" + "\n".join(self._world.errors))

    @property
    def url(self) -> str:
        """The API server's URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def images(self) -> dict[str, Behaviour]:
        """How images behave; those not named work at once (``kubelet.otherwise``)."""
        return self.kubelet.images

    @property
    def gateways(self) -> set[str]:
        """The gateways whose controller takes routes over; none are until they are named."""
        return self._gateways.served

    @property
    def hooks(self) -> list[Hook]:
        """The webhooks that see every write."""
        return self._admission.hooks

    @property
    def application(self) -> Application:
        """What runs in the pods, for what is sent to them through the API server."""
        return self._server.api.application

    @application.setter
    def application(self, application: Application) -> None:
        self._server.api.application = application

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        return self._store.version

    def kubeconfig(self, path: Path, *, namespace: str = "default", context: str = "test") -> Path:
        """Write a kubeconfig of this cluster, readable for its owner only."""
        user: Obj = {"token": self._token} if self._token else {}
        said = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": {"server": self.url}}],
            "users": [{"name": context, "user": user}],
            "contexts": [
                {
                    "name": context,
                    "context": {"cluster": context, "user": context, "namespace": namespace},
                }
            ],
            "current-context": context,
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(said), "utf-8")
        return path

    def advance(self, seconds: float) -> None:
        """Let cluster time pass, on a stepped clock."""
        self.clock.advance(seconds)

    def register(self, resource: Resource) -> None:
        """Serve the kind of a custom resource definition."""
        self._registry.add(resource)

    def unregister(self, resource: Resource) -> None:
        """Stop serving a kind."""
        self._registry.remove(resource)

    def create_namespace(self, name: str) -> None:
        """Make a namespace with its default service account."""
        self._writing.create(NAMESPACE, "", {"metadata": {"name": name}}, _BY_TEST)
        self._writing.create(SERVICE_ACCOUNT, name, {"metadata": {"name": "default"}}, _BY_TEST)

    def add_node(self, name: str) -> None:
        """Add a node that is ready."""
        body = {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "spec": {},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        self._writing.create(NODE, "", body, _BY_TEST)

    def remove_node(self, name: str) -> None:
        """Take a node away."""
        self._deleting.delete(NODE, "", name, Removal())

    def get(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """Give a copy of an object, without a call to the API."""
        with self._store.lock:
            found: Obj | None = clone(self._store.get(resource, namespace, name))
            return found

    def all(self, resource: Resource, namespace: str = "") -> list[Obj]:
        """Give copies of a kind's objects, without a call to the API."""
        return [clone(each) for each in self._store.all(resource, namespace)]

    def create(self, resource: Resource, namespace: str, body: Obj) -> Obj:
        """Create an object, its status included, without a call to the API."""
        with self._store.lock:
            made = self._writing.create(resource, namespace, body, _BY_TEST)
            if "status" in body:
                made = self.set_status(
                    resource, namespace, made["metadata"]["name"], body["status"]
                )
            copy: Obj = clone(made)
            return copy

    def set_status(self, resource: Resource, namespace: str, name: str, status: Any) -> Obj:
        """Set an object's status as its controller would."""

        def alter(thing: Obj) -> None:
            thing["status"] = clone(status)

        how = Options(manager="test", subresource="status")
        thing = {"metadata": {"namespace": namespace, "name": name}}
        return self._writing.change(resource, thing, alter, how)

    def autoscale(self, namespace: str, name: str, replicas: int) -> None:
        """Let a HorizontalPodAutoscaler set its target's replicas."""
        with self._store.lock:
            scaler = self._writing.existing(AUTOSCALER, namespace, name)
            reference = scaler["spec"]["scaleTargetRef"]
            resource = self._registry.named(reference["apiVersion"], reference["kind"])
            assert resource is not None, f"unknown kind of target: {reference}"
            target = self._writing.existing(resource, namespace, reference["name"])

            def alter(thing: Obj) -> None:
                thing["spec"]["replicas"] = replicas

            self._writing.change(resource, target, alter, _BY_AUTOSCALER)
            status = {
                "currentReplicas": dig(target, "status", "replicas") or 0,
                "desiredReplicas": replicas,
                "lastScaleTime": self.clock.stamp(),
            }
            self.set_status(AUTOSCALER, namespace, name, status)

    def annotate(self, resource: Resource, namespace: str, name: str, notes: Obj) -> None:
        """Set annotations on an object, as somebody else would; None removes one."""

        def alter(thing: Obj) -> None:
            said = meta(thing).setdefault("annotations", {})
            for key, value in notes.items():
                if value is None:
                    said.pop(key, None)
                else:
                    said[key] = value

        self.change(resource, namespace, name, alter)

    def change(
        self, resource: Resource, namespace: str, name: str, alter: Callable[[Obj], None]
    ) -> None:
        """Change an object in place, as somebody else would, without a call to the API."""
        thing = {"metadata": {"namespace": namespace, "name": name}}
        self._writing.change(resource, thing, alter, _BY_TEST)

    def remove(self, resource: Resource, namespace: str, name: str) -> None:
        """Delete an object, and what it owns, as somebody else would, without a call to the API."""
        self._deleting.delete(resource, namespace, name, Removal())

    def compact(self) -> None:
        """Forget the history: older watches and pages get 410 from now on."""
        self._store.compact()
