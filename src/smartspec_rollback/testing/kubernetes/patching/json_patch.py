"""JSON Patch (RFC 6902) and JSON merge patch (RFC 7386). Pure."""

from typing import Any

from smartspec_rollback.testing.kubernetes.objects import canonical, clone
from smartspec_rollback.testing.kubernetes.statuses import (
    ApiError,
    bad_request,
    unprocessable,
)

_MISSING = object()
_MOST_OPERATIONS = 10_000


def apply_operations(thing: Any, operations: Any) -> Any:
    """Apply a JSON Patch; ApiError 400 if it is none, 422 if it does not apply."""
    if not isinstance(operations, list) or not all(isinstance(o, dict) for o in operations):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch"
        )
    if len(operations) > _MOST_OPERATIONS:
        message = (
            f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, "
            f"got {len(operations)}"
        )
        raise ApiError(413, "RequestEntityTooLarge", message)
    result = clone(thing)
    for each in operations:
        result = _operate(result, each)
    return result


def _operate(thing: Any, operation: dict[str, Any]) -> Any:
    path = _steps(operation.get("path"))
    match operation.get("op"):
        case "add":
            return _add(thing, path, _value(operation))
        case "remove":
            return _remove(thing, path)
        case "replace":
            _find(thing, path)
            return _replace(thing, path, _value(operation))
        case "test":
            found = _look(thing, path)
            wanted = operation.get("value")
            if found is _MISSING:
                found = None
            if canonical(found) != canonical(wanted):
                raise unprocessable()
            return thing
        case "copy":
            return _add(thing, path, clone(_find(thing, _steps(operation.get("from")))))
        case "move":
            source = _steps(operation.get("from"))
            moved = _find(thing, source)
            return _add(_remove(thing, source), path, moved)
        case _:
            raise unprocessable()


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise unprocessable()
    return clone(operation["value"])


def _steps(pointer: Any) -> list[str]:
    if pointer == "":
        return []
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise unprocessable()
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _index(step: str, length: int) -> int:
    if not step.isdigit() or (step != "0" and step.startswith("0")) or int(step) >= length:
        raise unprocessable()
    return int(step)


def _child(thing: Any, step: str) -> Any:
    if isinstance(thing, dict):
        return thing.get(step, _MISSING)
    if isinstance(thing, list):
        return thing[int(step)] if step.isdigit() and int(step) < len(thing) else _MISSING
    return _MISSING


def _look(thing: Any, path: list[str]) -> Any:
    for step in path:
        thing = _child(thing, step)
        if thing is _MISSING:
            return _MISSING
    return thing


def _find(thing: Any, path: list[str]) -> Any:
    found = _look(thing, path)
    if found is _MISSING:
        raise unprocessable()
    return found


def _add(thing: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _find(thing, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
    else:
        raise unprocessable()
    return thing


def _replace(thing: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _find(thing, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    else:
        parent[_index(last, len(parent))] = value
    return thing


def _remove(thing: Any, path: list[str]) -> Any:
    if not path:
        raise unprocessable()
    _find(thing, path)
    parent, last = _find(thing, path[:-1]), path[-1]
    if isinstance(parent, dict):
        del parent[last]
    else:
        del parent[_index(last, len(parent))]
    return thing


def merge(thing: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: null removes, maps merge, all else replaces."""
    if not isinstance(patch, dict):
        return clone(patch)
    result = dict(thing) if isinstance(thing, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
