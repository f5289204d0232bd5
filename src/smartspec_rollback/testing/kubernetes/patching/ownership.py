"""Who owns which field: managedFields, and server-side apply with its conflicts.

As https://kubernetes.io/docs/reference/using-api/server-side-apply/ says, for maps and for lists
with keys. Used by ``writing``. Pure.
"""

from dataclasses import dataclass
from typing import Any

from smartspec_rollback.testing.kubernetes.objects import Obj, clone, meta
from smartspec_rollback.testing.kubernetes.patching.fields import (
    Leaves,
    Path,
    decode,
    encode,
    item_key,
    leaves,
    remove_path,
    spelled,
)
from smartspec_rollback.testing.kubernetes.patching.shapes import Shape
from smartspec_rollback.testing.kubernetes.statuses import apply_conflict


@dataclass(frozen=True)
class Writer:
    """Who writes: the name of the field manager, the API version it speaks, the subresource."""

    name: str
    api_version: str
    subresource: str = ""


@dataclass
class _Owner:
    writer: Writer
    operation: str
    paths: set[Path]
    time: str

    @property
    def key(self) -> tuple[Writer, str]:
        return (self.writer, self.operation)

    def spelled(self) -> Obj:
        said: Obj = {
            "manager": self.writer.name,
            "operation": self.operation,
            "apiVersion": self.writer.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode(self.paths),
        }
        if self.writer.subresource:
            said["subresource"] = self.writer.subresource
        return said

    def called(self) -> str:
        if self.operation == "Apply":
            return f'"{self.writer.name}"'
        with_subresource = (
            f' with subresource "{self.writer.subresource}"' if self.writer.subresource else ""
        )
        return f'"{self.writer.name}"{with_subresource} using {self.writer.api_version}'


def _owners(thing: Obj) -> list[_Owner]:
    return [
        _Owner(
            Writer(
                each.get("manager", ""), each.get("apiVersion", ""), each.get("subresource", "")
            ),
            each.get("operation", "Update"),
            decode(each.get("fieldsV1") or {}),
            each.get("time", ""),
        )
        for each in meta(thing).get("managedFields") or ()
        if each
    ]


def _write(thing: Obj, owners: list[_Owner]) -> None:
    kept = [each.spelled() for each in owners if each.paths]
    if kept:
        meta(thing)["managedFields"] = kept
    else:
        meta(thing).pop("managedFields", None)


def record_update(old: Obj | None, new: Obj, shape: Shape, writer: Writer, stamp: str) -> None:
    """Note in ``new`` who now owns what an update or a patch changed."""
    # Only sections that differ are looked at, and only owners of something in them.
    was = old or {}
    parts = {key for key in was.keys() | new.keys() if was.get(key) != new.get(key)}
    before = leaves({k: v for k, v in was.items() if k in parts}, shape)
    after = leaves({k: v for k, v in new.items() if k in parts}, shape)
    changed = {path for path, value in after.items() if before.get(path, _NOTHING) != value}
    gone = before.keys() - after.keys()
    if not changed and not gone:
        return
    owners = _owners(new)
    mine = next((o for o in owners if o.key == (writer, "Update")), None)
    if mine is None:
        mine = _Owner(writer, "Update", set(), stamp)
        owners.append(mine)
    for owner in owners:
        left = (owner.paths - gone) if owner is mine else (owner.paths - gone - changed)
        if left != owner.paths and owner is not mine:
            owner.time = owner.time or stamp
        owner.paths = left
    if changed - mine.paths:
        mine.time = stamp
    mine.paths |= changed
    _write(new, owners)


_NOTHING = object()


def apply(
    live: Obj | None, wanted: Obj, shape: Shape, writer: Writer, stamp: str, *, force: bool
) -> Obj:
    """Merge what an applier wants into the live object; ApiError 409 on conflicts."""
    result: Obj = clone(live) if live is not None else {}
    owners = _owners(result)
    wants = leaves(wanted, shape)
    has = leaves(live, shape) if live is not None else {}
    _settle_conflicts(wants, has, owners, writer, force=force)
    mine = next((o for o in owners if o.key == (writer, "Apply")), None)
    result = _merge(result, _without_system(wanted), shape)
    if mine is None:
        mine = _Owner(writer, "Apply", set(), stamp)
        owners.append(mine)
    others: set[Path] = set().union(*(o.paths for o in owners if o is not mine))
    for path in sorted(mine.paths - wants.keys(), key=len, reverse=True):
        if not any(other[: len(path)] == path for other in others):
            remove_path(result, path)
    if mine.paths != wants.keys() or any(has.get(p, _NOTHING) != v for p, v in wants.items()):
        mine.time = stamp
    mine.paths = set(wants)
    _write(result, owners)
    return result


def _settle_conflicts(
    wants: Leaves, has: Leaves, owners: list[_Owner], writer: Writer, *, force: bool
) -> None:
    changed = {path for path, value in wants.items() if has.get(path, _NOTHING) != value}
    causes = []
    for owner in owners:
        if owner.key == (writer, "Apply"):
            continue
        taken = owner.paths & changed
        if force:
            owner.paths -= taken
        causes += [(owner.called(), spelled(path)) for path in sorted(taken)]
    if causes and not force:
        raise apply_conflict(causes)


def _without_system(wanted: Obj) -> Obj:
    kept = clone(wanted)
    for key in ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"):
        meta(kept).pop(key, None)
    kept["metadata"] = {k: v for k, v in meta(kept).items() if v is not None}
    return kept  # type: ignore[no-any-return] # cloning keeps it an object


def _merge(old: Any, new: Any, shape: Shape) -> Any:
    if isinstance(new, dict) and isinstance(old, dict) and not shape.atomic:
        result = dict(old)
        for key, value in new.items():
            result[key] = _merge(old.get(key), value, shape.under(key))
        return result
    if isinstance(new, list) and isinstance(old, list) and shape.keys:
        by_key = {item_key(each, shape): each for each in old}
        for each in new:
            key = item_key(each, shape)
            plain = Shape(shape.fields)
            by_key[key] = _merge(by_key.get(key, {}), each, plain)
        return list(by_key.values())
    if isinstance(new, list) and isinstance(old, list) and shape.merge == "=":
        return [*old, *(each for each in new if each not in old)]
    return new
