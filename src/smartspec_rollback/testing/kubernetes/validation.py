"""What an API server refuses with 422: missing and impossible values, changed immutable fields.

The least that matters to workloads, worded as in k8s.io/kubernetes/pkg/apis/*/validation. Called
by ``writing``. Pure.
"""

import re
from collections.abc import Callable, Iterator

from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    canonical,
    clone,
    dig,
    labels_of,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import Resource
from smartspec_rollback.testing.kubernetes.selectors import selects
from smartspec_rollback.testing.kubernetes.statuses import ApiError, bad_request, invalid

Cause = tuple[str, str, str]

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_LENGTH = 63
_ANNOTATIONS_SIZE = 262_144
_WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


def _wrong(field: str, value: object, why: str) -> Cause:
    return (field, "FieldValueInvalid", f"Invalid value: {canonical(value)}: {why}")


def _required(field: str, why: str = "") -> Cause:
    return (field, "FieldValueRequired", f"Required value{': ' + why if why else ''}")


def _no(field: str, why: str) -> Cause:
    return (field, "FieldValueForbidden", f"Forbidden: {why}")


def check_types(resource: Resource, thing: Obj) -> None:
    """Refuse with 400 what could not even be decoded."""
    for place in (thing, dig(thing, "spec", "template") or {}):
        for name in ("labels", "annotations"):
            values = dig(place, "metadata", name)
            if values is not None and (
                not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values())
            ):
                raise _undecodable(resource, f"ObjectMeta.metadata.{name} of type string")
    replicas = dig(thing, "spec", "replicas")
    if (
        resource.strategic
        and replicas is not None
        and (isinstance(replicas, bool) or not isinstance(replicas, int))
    ):
        raise _undecodable(resource, f"{resource.kind}Spec.spec.replicas of type int32")


def _undecodable(resource: Resource, what: str) -> ApiError:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a '
        f"{resource.kind}: json: cannot unmarshal value into Go struct field {what}"
    )


def validate(resource: Resource, thing: Obj, old: Obj | None) -> None:
    """Refuse with 422 what is not valid, or not a valid change of ``old``."""
    causes = [*_metadata(resource, thing)]
    if old is not None:
        causes += _immutable(resource, thing, old)
    if resource.kind in _WORKLOADS:
        causes += _workload(resource, thing)
    elif resource.kind == "Pod":
        causes += _pod_spec(thing.get("spec") or {}, "spec")
    elif resource.kind == "Service":
        causes += _service(thing)
    elif resource.kind == "Event":
        involved = dig(thing, "involvedObject", "namespace") or ""
        if involved not in (namespace_of(thing), "") or (
            not involved and namespace_of(thing) != "default"
        ):
            causes.append(
                _wrong("involvedObject.namespace", involved, "does not match event.namespace")
            )
    if causes:
        raise invalid(resource, name_of(thing), causes)


def _metadata(resource: Resource, thing: Obj) -> Iterator[Cause]:
    name = name_of(thing)
    if not name:
        yield _required("metadata.name", "name or generateName is required")
    elif _SUBDOMAIN.fullmatch(name) is None and resource.kind != "Event":
        yield _wrong(
            "metadata.name",
            name,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'-' or '.', and must start and end with an alphanumeric character (e.g. "
            "'example.com', regex used for validation is "
            r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        )
    for value in labels_of(thing).values():
        if len(value) > _LABEL_LENGTH:
            yield _wrong("metadata.labels", value, "must be no more than 63 characters")
        elif _LABEL.fullmatch(value) is None:
            yield _wrong(
                "metadata.labels",
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, "
                "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
                "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            )
    if sum(len(k) + len(v) for k, v in annotations_of(thing).items()) > _ANNOTATIONS_SIZE:
        yield (
            "metadata.annotations",
            "FieldValueTooLong",
            f"Too long: may not be more than {_ANNOTATIONS_SIZE} bytes",
        )


def _workload(resource: Resource, thing: Obj) -> Iterator[Cause]:
    spec = thing.get("spec") or {}
    selector, template = spec.get("selector"), spec.get("template") or {}
    if not selector:
        yield _required("spec.selector")
    if not selector or not selects(selector, labels_of(template)):
        yield _wrong(
            "spec.template.metadata.labels",
            labels_of(template),
            "`selector` does not match template `labels`",
        )
    if spec.get("replicas", 0) < 0:
        yield _wrong("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    if resource.kind == "Deployment":
        rolling = dig(spec, "strategy", "rollingUpdate") or {}
        if dig(spec, "strategy", "type") == "Recreate" and rolling:
            yield _no(
                "spec.strategy.rollingUpdate",
                "may not be specified when strategy `type` is 'Recreate'",
            )
        elif {rolling.get("maxSurge"), rolling.get("maxUnavailable")} <= {0, "0%"}:
            yield _wrong(
                "spec.strategy.rollingUpdate.maxUnavailable",
                rolling.get("maxUnavailable"),
                "may not be 0 when `maxSurge` is 0",
            )
    yield from _pod_spec(template.get("spec") or {}, "spec.template.spec")


def _pod_spec(spec: Obj, at: str) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield _required(f"{at}.containers")
    volumes = {each.get("name") for each in spec.get("volumes") or ()}
    seen = set()
    for index, each in enumerate(spec.get("containers") or ()):
        here = f"{at}.containers[{index}]"
        name = each.get("name")
        if not name:
            yield _required(f"{here}.name")
        elif name in seen:
            yield (f"{here}.name", "FieldValueDuplicate", f"Duplicate value: {canonical(name)}")
        seen.add(name)
        if not each.get("image"):
            yield _required(f"{here}.image")
        for number, mount in enumerate(each.get("volumeMounts") or ()):
            if mount.get("name") not in volumes:
                yield (
                    f"{here}.volumeMounts[{number}].name",
                    "FieldValueNotFound",
                    f"Not found: {canonical(mount.get('name'))}",
                )


def _service(thing: Obj) -> Iterator[Cause]:
    spec = thing.get("spec") or {}
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and not headless and spec.get("type") != "ExternalName":
        yield _required("spec.ports")


_POD_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
_STATEFUL_RULE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CLAIM_RULE = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)
_STATEFUL_MAY = (
    "replicas", "ordinals", "template", "updateStrategy", "minReadySeconds",
    "persistentVolumeClaimRetentionPolicy",
)  # fmt: skip


def _without(spec: Obj | None, *keys: str) -> Obj:
    return {key: value for key, value in (spec or {}).items() if key not in keys}


def _pod_core(thing: Obj) -> Obj:
    spec: Obj = _without(clone(thing.get("spec")), "tolerations", "activeDeadlineSeconds")
    for each in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        each.pop("image", None)
    return spec


def _immutable(resource: Resource, new: Obj, old: Obj) -> Iterator[Cause]:
    spec, was = new.get("spec") or {}, old.get("spec") or {}
    changed = _changed(resource, new, old)
    match resource.kind:
        case "Deployment" | "ReplicaSet" | "DaemonSet" if changed:
            yield _wrong("spec.selector", spec.get("selector"), "field is immutable")
        case "StatefulSet" if changed:
            yield _no("spec", _STATEFUL_RULE)
        case "Pod" if changed:
            yield _no("spec", _POD_RULE)
        case "Service" if was.get("clusterIP") and spec.get("clusterIP") != was["clusterIP"]:
            yield _wrong("spec.clusterIPs[0]", [spec.get("clusterIP")], "may not change once set")
        case "ControllerRevision" if changed:
            yield _wrong("data", new.get("data"), "field is immutable")
        case "PersistentVolumeClaim" if changed:
            yield _no("spec", _CLAIM_RULE)
        case "ConfigMap" | "Secret":
            yield from _immutable_data(new, old)
        case _:
            return


def _changed(resource: Resource, new: Obj, old: Obj) -> bool:
    """Tell whether the part of an object that its kind holds immutable differs."""
    parts: dict[str, Callable[[Obj], object]] = {
        "StatefulSet": lambda thing: _without(thing.get("spec"), *_STATEFUL_MAY),
        "Pod": _pod_core,
        "ControllerRevision": lambda thing: thing.get("data"),
        "PersistentVolumeClaim": lambda t: _without(t.get("spec"), "resources", "volumeName"),
    }
    if resource.kind in parts:
        part = parts[resource.kind]
        return part(new) != part(old)
    return bool(dig(new, "spec", "selector") != dig(old, "spec", "selector"))


def _immutable_data(new: Obj, old: Obj) -> Iterator[Cause]:
    if new.get("type") != old.get("type"):
        yield _wrong("type", new.get("type"), "field is immutable")
    if not old.get("immutable"):
        return
    for field in ("data", "binaryData"):
        if new.get(field) != old.get(field):
            yield _no(field, "field is immutable when `immutable` is set")
    if not new.get("immutable"):
        yield _no("immutable", "field is immutable when `immutable` is set")
