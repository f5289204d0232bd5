"""Decodes YAML nodes by the annotations of settings classes. Called by the loader.

It never raises for what is in the file: every fault becomes a Problem with line and key, and
the value FAILED. What was decoded is remembered by its path, for the rules across sections.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final

import yaml
from msgspec import inspect as inspection
from msgspec import structs

from smartspec_rollback.config.fields import (
    Setting,
    TypeInfo,
    first_example,
    flow,
    members,
    settings_of,
    unwrap,
)
from smartspec_rollback.config.model import Kinds, ProviderConfiguration
from smartspec_rollback.config.nodes import Spot, entries, is_null, items, shape, written
from smartspec_rollback.config.problems import (
    KeyPath,
    Problems,
    dotted,
    harmless,
    quoted,
    suggestion,
)
from smartspec_rollback.config.scalars import Unreadable
from smartspec_rollback.config.secrets import Declaration, EnvironmentSecret, FileSecret
from smartspec_rollback.config.typed import is_secret, label, read_scalar
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import SmartSpecError


class Failed(Enum):
    """The value of what could not be decoded; its Problem is noted."""

    FAILED = "failed"


FAILED: Final = Failed.FAILED
_SECRET_REMEDY = "refer to it: {env: NAME} or {file: path}"  # noqa: S105 - a hint, no password
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Seen:
    """A decoded value and its line."""

    line: int
    value: object


class Decoder:
    """Decodes one file. Its dictionaries tell what stands where, also beside faults."""

    def __init__(self, file: Path, *, kinds: Kinds, problems: Problems) -> None:
        self._folder = file.parent
        self._kinds = kinds
        self._problems = problems
        self.seen: dict[KeyPath, Seen] = {}
        self.keys: dict[KeyPath, tuple[str, ...]] = {}
        self.lengths: dict[KeyPath, int] = {}

    def decode(self, spot: Spot, info: TypeInfo) -> object:
        """Decode the node at ``spot`` as ``info``, or note why not and return FAILED."""
        bare, options, _ = unwrap(info)
        before = len(self._problems)
        value = self._by_type(spot, bare, options)
        if len(self._problems) > before:
            return FAILED
        self.seen[spot.path] = Seen(spot.line, value)
        return value

    def _by_type(self, spot: Spot, info: TypeInfo, options: Mapping[str, object]) -> object:
        if "group" in options:
            return self._provider(spot, options)
        match info:
            case inspection.UnionType():
                return self._union(spot, info)
            case inspection.StructType():
                return self._section(spot, info.cls)
            case inspection.VarTupleType():
                return self._list(spot, info)
            case inspection.DictType():
                return self._names(spot, info)
            case inspection.CustomType() if is_secret(info):
                return self._secret(spot)
            case _:
                return self._scalar(spot, ((info, options),))

    def _scalar(
        self, spot: Spot, readings: tuple[tuple[TypeInfo, Mapping[str, object]], ...]
    ) -> object:
        """Read a scalar as the first of the types that can be read; note the first one's fault."""
        expected = " or ".join(label(info) for info, _ in readings)
        text = written(spot, expected, self._problems)
        if text is None:
            return FAILED
        faults: list[Unreadable] = []
        for info, options in readings:
            try:
                return read_scalar(text, info, options, folder=self._folder)
            except Unreadable as fault:
                faults.append(fault)
        self._problems.add(spot.line, spot.path, faults[0].what, faults[0].remedy or spot.hint)
        return FAILED

    def _union(self, spot: Spot, union: inspection.UnionType) -> object:
        options = [m for m in members(union) if not isinstance(m, inspection.NoneType)]
        if is_null(spot.node) and len(options) < len(union.types):
            return None
        fitting = [m for m in options if _fits(unwrap(m)[0], spot.node)] or options[:1]
        if len(fitting) > 1 and isinstance(spot.node, yaml.ScalarNode):
            return self._scalar(spot, tuple(unwrap(m)[:2] for m in fitting))
        if not _fits(unwrap(fitting[0])[0], spot.node) and len(options) > 1:
            what = "has no value" if is_null(spot.node) else f"is a {shape(spot.node)}"
            expected = label(union)
            self._problems.add(spot.line, spot.path, f"{what}; expected: {expected}", spot.hint)
            return FAILED
        return self.decode(spot, fitting[0])

    def _list(self, spot: Spot, info: inspection.VarTupleType) -> object:
        found = items(spot, self._problems)
        if found is None:
            return FAILED
        self.lengths[spot.path] = len(found)
        self._check_length(spot, len(found), info.min_length, info.max_length)
        return tuple(self.decode(item, info.item_type) for item in found)

    def _names(self, spot: Spot, info: inspection.DictType) -> object:
        """Decode a mapping whose keys are names: services, environments, people."""
        key_type, options, _ = unwrap(info.key_type)
        if "of" not in options:
            raise TypeError("settings cannot hold dictionaries; use a tuple of sections")
        found = entries(spot, self._problems)
        if found is None:
            return FAILED
        self.keys[spot.path] = tuple(found)
        self._check_length(spot, len(found), info.min_length, info.max_length)
        decoded: dict[str, object] = {}
        for key, value in found.items():
            name = Spot(yaml.ScalarNode("", key), value.path, value.line)
            self._scalar(name, ((key_type, options),))
            decoded[key] = self.decode(value, info.value_type)
        return decoded

    def _check_length(self, spot: Spot, length: int, least: int | None, most: int | None) -> None:
        if least is not None and length < least:
            what = "is empty" if length == 0 else f"needs at least {least} entries"
            self._problems.add(spot.line, spot.path, what, spot.hint)
        if most is not None and length > most:
            self._problems.add(spot.line, spot.path, f"has more than {most} entries")

    def _section(self, spot: Spot, struct: type) -> object:
        found = entries(spot, self._problems)
        return FAILED if found is None else self._fields(spot, found, struct)

    def _fields(
        self, spot: Spot, found: dict[str, Spot], struct: type, *, beside: tuple[str, ...] = ()
    ) -> object:
        """Build ``struct`` from the entries; ``beside`` are keys that were read already."""
        before = len(self._problems)
        settings = settings_of(struct)
        self._refuse_unknown(spot, found, (*beside, *(setting.key for setting in settings)))
        values: dict[str, object] = {}
        for setting in settings:
            if setting.key in found:
                value = replace(found[setting.key], hint=self._hint(setting))
                values[setting.attribute] = self.decode(value, setting.annotated)
            else:
                values |= self._left_out(spot, setting)
        if len(self._problems) > before:
            return FAILED
        try:
            return struct(**values)
        except ValueError as fault:
            self._problems.add(spot.line, spot.path, harmless(str(fault)))
        except SmartSpecError as fault:
            self._problems.add(spot.line, spot.path, harmless(fault.what), harmless(fault.remedy))
        return FAILED

    def _refuse_unknown(self, spot: Spot, found: dict[str, Spot], known: tuple[str, ...]) -> None:
        for key, value in found.items():
            if key not in known and not self._problems.enough:
                self._problems.add(
                    value.line, spot.path, f"unknown key {quoted(key)}", suggestion(key, known)
                )

    def _left_out(self, spot: Spot, setting: Setting) -> dict[str, object]:
        """Say what a key that is not written stands for, where the class alone cannot."""
        if setting.default_kind is not None:
            provider = self._default_provider(spot, setting)
            self.seen[(*spot.path, setting.key)] = Seen(spot.line, provider)
            return {setting.attribute: provider}
        if setting.required:
            what = f"the key {quoted(setting.key)} is missing"
            self._problems.add(spot.line, spot.path, what, self._hint(setting))
            return {}
        default = self._anchored(setting.default)
        return {} if default is setting.default else {setting.attribute: default}

    def _anchored(self, default: object) -> object:
        """Let relative paths in a default begin where written ones do: beside the file."""
        if isinstance(default, Path) and not default.is_absolute():
            return self._folder / default
        if isinstance(default, Value):
            held = {name: getattr(default, name) for name in default.__struct_fields__}
            moved = {name: self._anchored(value) for name, value in held.items()}
            if any(moved[name] is not held[name] for name in held):
                return structs.replace(default, **moved)
        return default

    def _hint(self, setting: Setting) -> str:
        example = first_example(setting, self._kinds)
        return "" if example is None else f"for example `{setting.key}: {flow(example)}`"

    def _provider(self, spot: Spot, options: Mapping[str, object]) -> object:
        found = entries(spot, self._problems)
        if found is None:
            return FAILED
        names = self._kinds.names(str(options["group"]))
        kind_spot = found.pop("kind", None)
        if kind_spot is None:
            remedy = f"add `kind:` and one of: {', '.join(names)}"
            self._problems.add(spot.line, spot.path, "the key 'kind' is missing", remedy)
            return FAILED
        kind = written(kind_spot, f"one of {', '.join(names)}", self._problems)
        return FAILED if kind is None else self._of_kind(spot, found, options, kind.text, kind_spot)

    def _default_provider(self, spot: Spot, setting: Setting) -> object:
        path = (*spot.path, setting.key)
        default = Spot(spot.node, path, spot.line)
        return self._of_kind(default, {}, setting.options, str(setting.default_kind), default)

    def _of_kind(
        self,
        spot: Spot,
        found: dict[str, Spot],
        options: Mapping[str, object],
        kind: str,
        kind_spot: Spot,
    ) -> object:
        group, struct = str(options["group"]), self._settings_type(options, kind, kind_spot)
        if struct is None:
            return FAILED
        kept = options.get("shared")
        shared_type = kept if isinstance(kept, type) else None
        keys = [s.key for s in settings_of(shared_type)] if shared_type else []
        if doubled := [s.key for s in settings_of(struct) if s.key in ("kind", *keys)]:
            raise TypeError(f"{group} of kind {kind} claim keys of every kind: {doubled}")
        own = {key: value for key, value in found.items() if key not in keys}
        settings = self._fields(spot, own, struct, beside=("kind", *keys))
        common = {key: value for key, value in found.items() if key in keys}
        shared = self._fields(spot, common, shared_type) if shared_type else None
        if not isinstance(settings, Value) or shared is FAILED:
            return FAILED
        held = shared if isinstance(shared, Value) else None
        return ProviderConfiguration(kind=kind, settings=settings, shared=held)

    def _settings_type(self, options: Mapping[str, object], kind: str, spot: Spot) -> type | None:
        """Return the type of a kind's own settings, or note why there is none."""
        group = str(options["group"])
        names, refused = self._kinds.names(group), options.get("refused")
        if kind in names:
            try:
                return self._kinds.settings_type(group, kind)
            except SmartSpecError as fault:
                what, remedy = harmless(fault.what), harmless(fault.remedy)
        elif isinstance(refused, Mapping) and kind.casefold() in refused:
            what, remedy = str(refused[kind.casefold()]), ""
        else:
            what = f"unknown kind {quoted(kind)} of {group}"
            remedy = f"known: {', '.join(names)}" if names else "no such provider is installed"
        self._problems.add(spot.line, spot.path, what, remedy)
        return None

    def _secret(self, spot: Spot) -> object:
        """Make a reference. Nothing of what is written here is ever shown: it may be a secret."""
        node = spot.node
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        plain = all(isinstance(part, yaml.ScalarNode) for pair in pairs for part in pair)
        if not isinstance(node, yaml.MappingNode) or len(pairs) != 1 or not plain:
            what = "a secret is not written here, only where it is kept"
            self._problems.add(spot.line, spot.path, what, _SECRET_REMEDY)
            return FAILED
        kept, text = pairs[0][0].value, pairs[0][1].value
        declared = Declaration(file=self._problems.file, line=spot.line, key=dotted(spot.path))
        if kept == "env" and _ENVIRONMENT_NAME.fullmatch(text):
            return EnvironmentSecret(name=text, declared=declared)
        if kept == "file" and text and text.isprintable() and not text.startswith("~"):
            return FileSecret(path=self._folder / text, declared=declared)
        faults = {
            "env": "this cannot be the name of an environment variable",
            "file": "this cannot be the path of a file",
        }
        what = faults.get(kept, "a reference has exactly one key: env or file")
        self._problems.add(spot.line, spot.path, what, _SECRET_REMEDY)
        return FAILED


def _fits(info: TypeInfo, node: yaml.Node) -> bool:
    """Whether a type is written in the form that the node has."""
    if isinstance(info, inspection.StructType | inspection.DictType) or is_secret(info):
        return isinstance(node, yaml.MappingNode)
    if isinstance(info, inspection.VarTupleType):
        return isinstance(node, yaml.SequenceNode)
    return isinstance(node, yaml.ScalarNode) and not is_null(node)
