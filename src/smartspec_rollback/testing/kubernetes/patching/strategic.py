"""Strategic merge patch: lists are merged by the key their kind declares, with directives.

As in k8s.io/apimachinery/pkg/util/strategicpatch and
https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md.
Pure.
"""

from typing import Any

from smartspec_rollback.testing.kubernetes.objects import Obj, canonical, clone
from smartspec_rollback.testing.kubernetes.patching.shapes import Shape
from smartspec_rollback.testing.kubernetes.statuses import ApiError, bad_request

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def apply_strategic(thing: Obj, patch: Any, shape: Shape) -> Obj:
    """Apply a strategic merge patch; ApiError 400 or 500 where the real server says so."""
    if not isinstance(patch, dict):
        raise bad_request(
            "json: cannot unmarshal array into Go value of type map[string]interface {}"
        )
    return _map(thing, patch, shape)


def _map(thing: Any, patch: Obj, shape: Shape) -> Obj:
    directive = patch.get(_PATCH)
    if directive == "replace":
        return {k: clone(v) for k, v in patch.items() if k != _PATCH}
    if directive == "delete":
        return {}
    if directive is not None:
        raise bad_request(f"unknown patch type: {directive}")
    result: Obj = dict(thing) if isinstance(thing, dict) else {}
    if _RETAIN in patch:
        result = {k: v for k, v in result.items() if k in patch[_RETAIN]}
    for key, value in patch.items():
        if key == _RETAIN or key.startswith((_ORDER, _DELETE)):
            continue
        if value is None:
            result.pop(key, None)
            continue
        result[key] = _value(result.get(key), value, shape.under(key), patch, key)
    return _only_directives(result, patch, shape)


def _only_directives(result: Obj, patch: Obj, shape: Shape) -> Obj:
    for key, value in patch.items():
        if key.startswith(_DELETE):
            name = key.removeprefix(_DELETE)
            result[name] = [each for each in result.get(name) or [] if each not in value]
        name = key.removeprefix(_ORDER)
        if key.startswith(_ORDER) and name not in patch and name in result:
            result[name] = _ordered(result[name], value, result[name], shape.under(name).merge)
    return result


def _value(old: Any, new: Any, shape: Shape, patch: Obj, key: str) -> Any:
    if isinstance(new, dict):
        return _map(old, new, shape)
    if not isinstance(new, list):
        return new
    if any(isinstance(each, dict) and each.get(_PATCH) == "replace" for each in new):
        return [clone(each) for each in new if not (isinstance(each, dict) and _PATCH in each)]
    if not shape.merge:
        return _without_directives(new)
    order = patch.get(_ORDER + key)
    return _list(old if isinstance(old, list) else [], new, shape, order)


def _without_directives(value: list[Any]) -> list[Any]:
    return [clone(e) for e in value if not (isinstance(e, dict) and e.get(_PATCH) == "delete")]


def _identity(item: Any, merge: str) -> str:
    if merge == "=" or not isinstance(item, dict):
        return canonical(item)
    if merge not in item:
        raise ApiError(
            500,
            "InternalError",
            f"Internal error occurred: map: {item} does not contain declared merge key: {merge}",
        )
    return canonical(item[merge])


def _list(old: list[Any], new: list[Any], shape: Shape, order: list[Any] | None) -> list[Any]:
    merged = {_identity(each, shape.merge): each for each in old}
    for each in new:
        key = _identity(each, shape.merge)
        if isinstance(each, dict) and each.get(_PATCH) == "delete":
            merged.pop(key, None)
        elif isinstance(each, dict):
            merged[key] = _map(merged.get(key), each, shape)
        else:
            merged[key] = each
    wanted = new if order is None else order
    return _ordered(list(merged.values()), wanted, old, shape.merge)


def _ordered(items: list[Any], wanted: list[Any], old: list[Any], merge: str) -> list[Any]:
    """Order what the patch names as the patch does, the rest as the server had it, woven."""
    named = [_identity(each, merge) for each in wanted]
    server = {_identity(each, merge): index for index, each in enumerate(old)}
    by_key = {_identity(each, merge): each for each in items}
    right = [key for key in named if key in by_key]
    left = sorted((k for k in by_key if k not in set(named)), key=lambda k: server.get(k, 0))
    woven: list[str] = []
    while left and right:
        both = left[0] in server and right[0] in server
        source = left if both and server[left[0]] < server[right[0]] else right
        woven.append(source.pop(0))
    return [by_key[key] for key in (*woven, *left, *right)]
