"""Which kinds of objects the emulator serves, and where.

The built-in ones are listed here; tests register the kinds of custom resource definitions.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    """One kind of object.

    ``counted`` says what raises ``metadata.generation``: nothing (as for ConfigMaps), a changed
    spec, or a changed spec or annotation (as for Deployments). ``strategic`` says whether the
    kind is built in, so that strategic merge patches are accepted.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    counted: str = ""
    strategic: bool = True
    verbs: tuple[str, ...] = (
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    )  # fmt: skip

    @property
    def api_version(self) -> str:
        """Spell it as objects do."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """Spell it as error messages do."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        """Name one of them, as people type it."""
        return self.kind.lower()


def _core(kind: str, plural: str, *short: str, **more: object) -> Resource:
    return Resource("", "v1", kind, plural, short=short, **more)  # type: ignore[arg-type] # passed on


def _apps(kind: str, plural: str, *short: str, **more: object) -> Resource:
    return Resource(
        "apps", "v1", kind, plural, short=short, categories=("all",), counted="spec",
        **more,  # type: ignore[arg-type] # passed on
    )  # fmt: skip


NAMESPACE = _core("Namespace", "namespaces", "ns", namespaced=False, subresources=("status",))
NODE = _core("Node", "nodes", "no", namespaced=False, subresources=("status",))
POD = _core(
    "Pod", "pods", "po", subresources=("status", "eviction", "proxy"), categories=("all",)
)  # fmt: skip
SERVICE = _core("Service", "services", "svc", subresources=("status",), categories=("all",))
ENDPOINTS = _core("Endpoints", "endpoints", "ep")
CONFIG_MAP = _core("ConfigMap", "configmaps", "cm")
SECRET = _core("Secret", "secrets")
EVENT = _core("Event", "events", "ev")
SERVICE_ACCOUNT = _core("ServiceAccount", "serviceaccounts", "sa")
CLAIM = _core(
    "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", subresources=("status",)
)  # fmt: skip
QUOTA = _core("ResourceQuota", "resourcequotas", "quota", subresources=("status",))
DEPLOYMENT = Resource(
    "apps", "v1", "Deployment", "deployments", short=("deploy",), categories=("all",),
    subresources=("status", "scale"), counted="spec and annotations",
)  # fmt: skip
REPLICA_SET = _apps("ReplicaSet", "replicasets", "rs", subresources=("status", "scale"))
STATEFUL_SET = _apps("StatefulSet", "statefulsets", "sts", subresources=("status", "scale"))
DAEMON_SET = _apps("DaemonSet", "daemonsets", "ds", subresources=("status",))
CONTROLLER_REVISION = Resource("apps", "v1", "ControllerRevision", "controllerrevisions")
ENDPOINT_SLICE = Resource(
    "discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", counted="spec"
)  # fmt: skip
LEASE = Resource("coordination.k8s.io", "v1", "Lease", "leases")
AUTOSCALER = Resource(
    "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short=("hpa",),
    subresources=("status",), categories=("all",),
)  # fmt: skip
DISRUPTION_BUDGET = Resource(
    "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",),
    subresources=("status",), counted="spec",
)  # fmt: skip
NETWORK_POLICY = Resource(
    "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short=("netpol",),
    counted="spec",
)  # fmt: skip
ACCESS_REVIEW = Resource(
    "authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews",
    namespaced=False, verbs=("create",),
)  # fmt: skip
HTTP_ROUTE = Resource(
    "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", subresources=("status",),
    counted="spec", strategic=False,
)  # fmt: skip

BUILT_IN = (
    NAMESPACE, NODE, POD, SERVICE, ENDPOINTS, CONFIG_MAP, SECRET, EVENT, SERVICE_ACCOUNT, CLAIM,
    QUOTA, DEPLOYMENT, REPLICA_SET, STATEFUL_SET, DAEMON_SET, CONTROLLER_REVISION,
    ENDPOINT_SLICE, LEASE, AUTOSCALER, DISRUPTION_BUDGET, ACCESS_REVIEW, NETWORK_POLICY,
    HTTP_ROUTE,
)  # fmt: skip


def custom(
    group: str,
    version: str,
    kind: str,
    plural: str,
    *,
    namespaced: bool = True,
    subresources: tuple[str, ...] = ("status",),
) -> Resource:
    """Describe the kind of a custom resource definition."""
    return Resource(
        group, version, kind, plural, namespaced=namespaced, subresources=subresources,
        counted="spec", strategic=False,
    )  # fmt: skip


ROLLOUT = custom(
    "argoproj.io", "v1alpha1", "Rollout", "rollouts", subresources=("status", "scale")
)  # fmt: skip
"""Argo Rollouts: its controller works once the kind is registered."""


class Registry:
    """The kinds that are served, found by how URLs and objects name them."""

    def __init__(self) -> None:
        self._by_url: dict[tuple[str, str, str], Resource] = {}
        for each in BUILT_IN:
            self.add(each)

    def add(self, resource: Resource) -> None:
        """Serve one more kind."""
        self._by_url[resource.group, resource.version, resource.plural] = resource

    def remove(self, resource: Resource) -> None:
        """Stop serving a kind, as when its definition is deleted."""
        self._by_url.pop((resource.group, resource.version, resource.plural), None)

    def __iter__(self) -> Iterator[Resource]:
        return iter(tuple(self._by_url.values()))

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        """Find a kind by a URL's parts."""
        return self._by_url.get((group, version, plural))

    def named(self, api_version: str, kind: str) -> Resource | None:
        """Find a kind as objects name it."""
        for each in self:
            if each.api_version == api_version and each.kind == kind:
                return each
        return None

    def groups(self) -> dict[str, list[str]]:
        """Give the versions of each group, in order of registration."""
        found: dict[str, list[str]] = {}
        for each in self:
            versions = found.setdefault(each.group, [])
            if each.version not in versions:
                versions.append(each.version)
        return found
