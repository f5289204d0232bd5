"""The values an API server fills in where an object leaves them out.

As in k8s.io/kubernetes/pkg/apis/*/v*/defaults.go. Called by ``writing`` on objects it owns,
which are changed in place.
"""

import base64
from collections.abc import Callable

from smartspec_rollback.testing.kubernetes.objects import Obj, labels_of, meta, name_of
from smartspec_rollback.testing.kubernetes.resources import Resource


def _fill(thing: Obj, **values: object) -> None:
    for key, value in values.items():
        if thing.get(key) is None:
            thing[key] = value


def _pull_policy(image: str) -> str:
    name = image.rpartition("/")[2]
    tagged = ":" in name or "@" in name
    return "Always" if not tagged or name.endswith(":latest") else "IfNotPresent"


def _probe(probe: Obj) -> None:
    _fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if isinstance(probe.get("httpGet"), dict):
        _fill(probe["httpGet"], path="/", scheme="HTTP")


def _container(container: Obj) -> None:
    _fill(
        container,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(str(container.get("image", ""))),
    )
    for port in container.get("ports") or ():
        _fill(port, protocol="TCP")
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if isinstance(container.get(name), dict):
            _probe(container[name])
    for each in container.get("env") or ():
        reference = (each.get("valueFrom") or {}).get("fieldRef")
        if reference:
            _fill(reference, apiVersion="v1")


def _pod_spec(spec: Obj) -> None:
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    for each in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        _container(each)
    for volume in spec.get("volumes") or ():
        for source in ("configMap", "secret", "downwardAPI", "projected"):
            if isinstance(volume.get(source), dict):
                _fill(volume[source], defaultMode=420)


def _template(thing: Obj) -> None:
    template = thing["spec"].setdefault("template", {})
    template.setdefault("metadata", {})
    template["metadata"].pop("creationTimestamp", None)
    _pod_spec(template.setdefault("spec", {}))


def _deployment(thing: Obj) -> None:
    spec = thing["spec"]
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy, rollingUpdate={})
        _fill(strategy["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    _template(thing)


def _replica_set(thing: Obj) -> None:
    _fill(thing["spec"], replicas=1)
    _template(thing)
    if not labels_of(thing):
        meta(thing)["labels"] = dict(labels_of(thing["spec"]["template"]))


def _stateful_set(thing: Obj) -> None:
    spec = thing["spec"]
    _fill(
        spec,
        replicas=1,
        revisionHistoryLimit=10,
        podManagementPolicy="OrderedReady",
        serviceName="",
        updateStrategy={},
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )
    _fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"], rollingUpdate={})
        _fill(spec["updateStrategy"]["rollingUpdate"], partition=0)
    for claim in spec.get("volumeClaimTemplates") or ():
        _fill(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _fill(claim.setdefault("spec", {}), volumeMode="Filesystem")
    _template(thing)


def _daemon_set(thing: Obj) -> None:
    spec = thing["spec"]
    _fill(spec, revisionHistoryLimit=10, updateStrategy={})
    _fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"], rollingUpdate={})
        _fill(spec["updateStrategy"]["rollingUpdate"], maxUnavailable=1, maxSurge=0)
    _template(thing)


def _pod(thing: Obj) -> None:
    spec = thing["spec"]
    _pod_spec(spec)
    _fill(
        spec,
        serviceAccountName="default",
        serviceAccount=spec.get("serviceAccountName") or "default",
        enableServiceLinks=True,
        priority=0,
        preemptionPolicy="PreemptLowerPriority",
    )


def _service(thing: Obj) -> None:
    spec = thing["spec"]
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or ():
        _fill(port, protocol="TCP", targetPort=port.get("port"))
    if spec["type"] != "ExternalName":
        _fill(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"])
        _fill(spec, ipFamilyPolicy="SingleStack")


def _namespace(thing: Obj) -> None:
    _fill(thing["spec"], finalizers=["kubernetes"])
    labels = meta(thing).setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = name_of(thing)


def _secret(thing: Obj) -> None:
    thing.pop("spec", None)
    _fill(thing, type="Opaque")
    plain = thing.pop("stringData", None) or {}
    for key, value in plain.items():
        thing.setdefault("data", {})[key] = base64.b64encode(str(value).encode()).decode()


def _autoscaler(thing: Obj) -> None:
    _fill(thing["spec"], minReplicas=1)


def _http_route(thing: Obj) -> None:
    """Fill in what the schema of the custom resource definition says."""
    spec = thing.get("spec") or {}
    for parent in spec.get("parentRefs") or ():
        _fill(parent, group="gateway.networking.k8s.io", kind="Gateway")
    for rule in spec.get("rules") or ():
        _fill(rule, matches=[{"path": {"type": "PathPrefix", "value": "/"}}])
        for backend in rule.get("backendRefs") or ():
            _fill(backend, group="", kind="Service", weight=1)


def _nothing(thing: Obj) -> None:
    """Kinds without a spec: take off the empty one that was put on for filling."""
    if thing.get("spec") == {}:
        del thing["spec"]


_BY_KIND: dict[str, Callable[[Obj], None]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Pod": _pod,
    "Service": _service,
    "Namespace": _namespace,
    "Secret": _secret,
    "HorizontalPodAutoscaler": _autoscaler,
}


_BY_SCHEMA: dict[str, Callable[[Obj], None]] = {"httproutes.gateway.networking.k8s.io": _http_route}


def fill_defaults(resource: Resource, thing: Obj) -> None:
    """Fill in what the object leaves out."""
    if not resource.strategic:
        if resource.qualified in _BY_SCHEMA:
            _BY_SCHEMA[resource.qualified](thing)
        return
    thing.setdefault("spec", {})
    _BY_KIND.get(resource.kind, _nothing)(thing)
