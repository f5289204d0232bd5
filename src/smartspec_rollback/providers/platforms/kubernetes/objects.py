"""API objects as they are read: plain JSON, and how to look into it without trusting its shape.

Used by every module of this package. Pure: talks to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

Obj = Mapping[str, Any]
"""One object of the API, decoded from JSON."""

_NOTHING: Obj = {}


@dataclass(frozen=True)
class Resource:
    """One kind of object, as URLs and access rules name it; ``plural/below`` is a subresource."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """Spell group and version as objects do."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def url(self, namespace: str | None, name: str | None = None) -> str:
        """Give the path below the server, without a leading slash."""
        root = ("apis", self.group) if self.group else ("api",)
        middle = ("namespaces", namespace) if namespace else ()
        plural, _, below = self.plural.partition("/")
        last = (*((name,) if name else ()), *((below,) if below else ()))
        parts = (*root, self.version, *middle, plural, *last)
        return "/".join(map(_in_path, parts))


def _in_path(name: str) -> str:
    """Keep one part of a path one part: names are read from annotations that anybody may write."""
    said = quote(name, safe=":")
    return said.replace(".", "%2E") if said in (".", "..") else said


DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
REPLICA_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
ROLLOUTS = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")
ROLLOUTS_STATUS = Resource("argoproj.io", "v1alpha1", "rollouts/status", "Rollout")
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
HTTP_ROUTES = Resource("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
NETWORK_POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
PODS_PROXY = Resource("", "v1", "pods/proxy", "Pod")
EVENTS = Resource("", "v1", "events", "Event")
EVICTIONS = Resource("", "v1", "pods/eviction", "Eviction")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SECRETS = Resource("", "v1", "secrets", "Secret")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview"
)


def part(thing: Obj, *path: str) -> Obj:
    """Give the mapping at a path; an empty one where there is none."""
    for step in path:
        found = thing.get(step) if isinstance(thing, Mapping) else None
        thing = found if isinstance(found, Mapping) else _NOTHING
    return thing


def items(thing: Obj, *path: str) -> tuple[Obj, ...]:
    """Give the mappings of the list at a path; none where there is no list."""
    found = part(thing, *path[:-1]).get(path[-1])
    if not isinstance(found, list):
        return ()
    return tuple(each for each in found if isinstance(each, Mapping))


def text(thing: Obj, *path: str) -> str:
    """Give the text at a path; an empty one where there is none."""
    found = part(thing, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) else ""


def number(thing: Obj, *path: str, default: int = 0) -> int:
    """Give the whole number at a path, or the default."""
    found = part(thing, *path[:-1]).get(path[-1])
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def share(said: object, of: int, *, up: bool = False) -> int:
    """Read a number, or a percentage of ``of``; 0 where it is neither."""
    if isinstance(said, int):
        return max(0, said)
    percent = said.removesuffix("%") if isinstance(said, str) else ""
    if not (percent.isascii() and percent.isdigit()):
        return 0
    return -(-int(percent) * of // 100) if up else int(percent) * of // 100


def moment(thing: Obj, *path: str) -> datetime | None:
    """Give the time at a path; None where there is none, or one without a time zone."""
    try:
        found = datetime.fromisoformat(text(thing, *path))
    except ValueError:
        return None
    return found if found.tzinfo else None


def name_of(thing: Obj) -> str:
    """Name an object."""
    return text(thing, "metadata", "name")


def uid_of(thing: Obj) -> str:
    """Tell an object from all others that ever had its name."""
    return text(thing, "metadata", "uid")


def version_of(thing: Obj) -> str:
    """Tell the state of an object from its other states."""
    return text(thing, "metadata", "resourceVersion")


def annotation(thing: Obj, name: str) -> str:
    """Give an annotation; an empty text where there is none."""
    return text(thing, "metadata", "annotations", name)


def pointer(key: str) -> str:
    """Spell a key as a JSON Pointer names it."""
    return key.replace("~", "~0").replace("/", "~1")


def controlled_by(thing: Obj, owner: Obj) -> bool:
    """Tell whether an object's controller is this very owner, not merely one of its name."""
    return any(
        each.get("controller") is True and text(each, "uid") == uid_of(owner) != ""
        for each in items(thing, "metadata", "ownerReferences")
    )


def selector(said: Obj) -> str:
    """Spell a label selector as queries do."""
    parts = [f"{key}={value}" for key, value in part(said, "matchLabels").items()]
    parts += [_spelled(each) for each in items(said, "matchExpressions")]
    return ",".join(parts)


def _spelled(expression: Obj) -> str:
    key, operator = text(expression, "key"), text(expression, "operator")
    values = expression.get("values")
    listed = ",".join(str(each) for each in values) if isinstance(values, list) else ""
    return _OPERATORS.get(operator, "{key} in ({values})").format(key=key, values=listed)


_OPERATORS: Mapping[str, str] = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}
