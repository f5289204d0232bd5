"""Sets of fields, as managedFields records them: which leaves an object has, and their values.

Used by ``ownership``. Pure.
"""

import json
from typing import Any

from smartspec_rollback.testing.kubernetes.objects import Obj, canonical
from smartspec_rollback.testing.kubernetes.patching.shapes import Shape

Path = tuple[str, ...]
Leaves = dict[Path, Any]

_SYSTEM = frozenset(
    {
        "name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp",
        "generation", "managedFields", "selfLink", "deletionTimestamp",
        "deletionGracePeriodSeconds",
    }
)  # fmt: skip


def leaves(thing: Obj, shape: Shape) -> Leaves:
    """Give every leaf of an object that can be owned, with its value."""
    found: Leaves = {}
    for key, value in thing.items():
        if key in ("apiVersion", "kind"):
            continue
        if key == "metadata":
            value = {k: v for k, v in value.items() if k not in _SYSTEM}  # noqa: PLW2901 - narrowed
            if not value:
                continue
        _walk(value, shape.under(key), (f"f:{key}",), found)
    return found


def _walk(value: Any, shape: Shape, path: Path, found: Leaves) -> None:
    if isinstance(value, dict) and value and not shape.atomic:
        for key, each in value.items():
            _walk(each, shape.under(key), (*path, f"f:{key}"), found)
    elif isinstance(value, list) and shape.keys:
        for each in value:
            item = (*path, item_key(each, shape))
            found[item] = True
            for key, inner in each.items():
                _walk(inner, shape.under(key), (*item, f"f:{key}"), found)
    elif isinstance(value, list) and shape.merge == "=":
        for each in value:
            found[(*path, f"v:{canonical(each)}")] = True
    else:
        found[path] = value


def item_key(item: Obj, shape: Shape) -> str:
    """Name an item of a list by its keys; ports without a protocol are TCP."""
    keys = {key: item.get(key, "TCP" if key == "protocol" else None) for key in shape.keys}
    return "k:" + canonical(keys)


def encode(paths: set[Path]) -> Obj:
    """Spell a set as fieldsV1."""
    tree: Obj = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        if path[-1].startswith("k:"):
            node["."] = {}
    return tree


def decode(tree: Obj, path: Path = ()) -> set[Path]:
    """Read fieldsV1."""
    found: set[Path] = set()
    for step, inner in tree.items():
        if step == ".":
            if path:
                found.add(path)
        elif inner:
            found |= decode(inner, (*path, step))
        else:
            found.add((*path, step))
    return found


def spelled(path: Path) -> str:
    """Spell a path as conflicts name it, as in .spec.containers[name="app"].image."""
    text = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            parts = (f"{k}={canonical(v)}" for k, v in json.loads(rest).items())
            text += f"[{','.join(parts)}]"
        else:
            text += f"[={rest}]"
    return text


def remove_path(thing: Any, path: Path) -> None:
    """Take a field or an item out of an object, in place, and maps that become empty by it."""
    step, rest = path[0], path[1:]
    kind, _, name = step.partition(":")
    if kind == "f" and isinstance(thing, dict) and name in thing:
        if rest:
            remove_path(thing[name], rest)
        if not rest or thing[name] in ({}, []):
            del thing[name]
    elif isinstance(thing, list):
        for index, each in enumerate(thing):
            if _is(each, kind, name):
                if rest:
                    remove_path(each, rest)
                else:
                    del thing[index]
                return


def _is(item: Any, kind: str, name: str) -> bool:
    if kind == "v":
        return canonical(item) == name
    keys = json.loads(name)
    return isinstance(item, dict) and all(
        item.get(k, "TCP" if k == "protocol" else None) == v for k, v in keys.items()
    )
