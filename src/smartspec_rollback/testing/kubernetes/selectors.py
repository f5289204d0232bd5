"""Which objects a selector means: labels (equality and sets) and fields.

Used by lists, watches and controllers. Pure.
"""

import re
from collections.abc import Callable

from smartspec_rollback.testing.kubernetes.objects import Obj, dig
from smartspec_rollback.testing.kubernetes.resources import Resource
from smartspec_rollback.testing.kubernetes.statuses import bad_request

Test = Callable[[dict[str, str]], bool]

_SET = re.compile(r"^([^\s=!,()]+)\s+(in|notin)\s+\(([^()]*)\)$")
_EQUAL = re.compile(r"^([^\s=!,()]+)\s*(==|=|!=)\s*([^\s=!,()]*)$")
_NUMBER = re.compile(r"^([^\s=!,()<>]+)\s*([<>])\s*(\d+)$")
_KEY = re.compile(r"^(!?)\s*([^\s=!,()]+)$")

_ALWAYS = ("metadata.name", "metadata.namespace")
_FIELDS = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "replicasets": ("status.replicas",),
}  # fmt: skip


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _term(text: str) -> Test:
    if (found := _SET.match(text)) is not None:
        key, word, values = found.groups()
        wanted = {each.strip() for each in values.split(",")}
        if word == "in":
            return lambda labels: labels.get(key) in wanted
        return lambda labels: key not in labels or labels[key] not in wanted
    if (found := _EQUAL.match(text)) is not None:
        key, sign, value = found.groups()
        if sign == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if (found := _NUMBER.match(text)) is not None:
        key, sign, value = found.groups()
        return lambda labels: _compare(labels.get(key), sign, int(value))
    if (found := _KEY.match(text)) is not None:
        no, key = found.groups()
        return (lambda labels: key not in labels) if no else (lambda labels: key in labels)
    raise bad_request(f"unable to parse requirement: found '{text}', expected: identifier")


def _compare(value: str | None, sign: str, limit: int) -> bool:
    if value is None or not value.lstrip("-").isdigit():
        return False
    return int(value) > limit if sign == ">" else int(value) < limit


def labels_match(selector: str) -> Test:
    """Read a label selector as URLs carry it; ApiError 400 if it can't be read."""
    terms = [_term(part.strip()) for part in _split(selector) if part.strip()]
    return lambda labels: all(term(labels) for term in terms)


def _expression(expression: Obj, labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def selects(selector: Obj | None, labels: dict[str, str]) -> bool:
    """Tell whether an object's LabelSelector means these labels; an absent one means nothing."""
    if selector is None:
        return False
    return all(labels.get(k) == v for k, v in (selector.get("matchLabels") or {}).items()) and all(
        _expression(each, labels) for each in selector.get("matchExpressions") or ()
    )


def as_text(selector: Obj | None) -> str:
    """Spell a LabelSelector as URLs and Scales carry it."""
    parts = [f"{k}={v}" for k, v in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for each in (selector or {}).get("matchExpressions") or ():
        key, values = each["key"], ",".join(sorted(each.get("values") or []))
        match each["operator"]:
            case "In":
                parts.append(f"{key} in ({values})")
            case "NotIn":
                parts.append(f"{key} notin ({values})")
            case "Exists":
                parts.append(key)
            case _:
                parts.append(f"!{key}")
    return ",".join(parts)


def _field(thing: Obj, path: str) -> str:
    value = dig(thing, *path.split("."))
    if path == "source":
        value = dig(thing, "source", "component")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def fields_match(selector: str, resource: Resource) -> Callable[[Obj], bool]:
    """Read a field selector; ApiError 400 where the kind does not know the field."""
    wanted = []
    for part in filter(None, selector.split(",")):
        found = re.match(r"^([^=!]+)(==|=|!=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        path, sign, value = found.groups()
        if path not in _ALWAYS and path not in _FIELDS.get(resource.plural, ()):
            raise bad_request(f'field label not supported: "{path}"')
        wanted.append((path, sign != "!=", value))
    return lambda thing: all(
        (_field(thing, path) == value) is equal for path, equal, value in wanted
    )
