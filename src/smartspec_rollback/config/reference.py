"""Every setting there is, for the reference documentation. Called by the docs' generator."""

from collections.abc import Iterator, Mapping

from msgspec import NODEFAULT
from msgspec import inspect as inspection

from smartspec_rollback.config.fields import (
    Setting,
    TypeInfo,
    first_example,
    flow,
    members,
    settings_of,
    unwrap,
)
from smartspec_rollback.config.model import Kinds
from smartspec_rollback.config.scalars import FORMATS, duration_text
from smartspec_rollback.config.sections import Document
from smartspec_rollback.config.typed import format_of, label
from smartspec_rollback.domain.values import Value


class SettingDoc(Value):
    """One setting: its key path, type, default, meaning, and an example of its value as YAML.

    Names people choose stand in angle brackets (``services.<service>``), list items end in
    ``[]``, and keys of one kind of provider follow that kind in parentheses
    (``platform(local).releases``). ``default`` is ``required`` or ``not set`` where there is none.
    """

    key: str
    type: str
    default: str
    description: str
    example: str


def settings_reference(kinds: Kinds) -> tuple[SettingDoc, ...]:
    """List every setting, each section before its keys, with the keys of every kind."""
    return tuple(_section("", Document, kinds))


def _section(prefix: str, struct: type, kinds: Kinds) -> Iterator[SettingDoc]:
    for setting in settings_of(struct):
        key = f"{prefix}{setting.key}"
        example = first_example(setting, kinds)
        yield SettingDoc(
            key=key,
            type=label(setting.annotated),
            default=_default(setting),
            description=setting.description,
            example="" if example is None else flow(example),
        )
        yield from _inside(key, setting.annotated, kinds)


def _inside(key: str, annotated: TypeInfo, kinds: Kinds) -> Iterator[SettingDoc]:
    """Go into sections, also those in lists, unions and under names."""
    info, options, _ = unwrap(annotated)
    if "group" in options:
        yield from _kinds(key, options, kinds)
        return
    match info:
        case inspection.StructType():
            yield from _section(f"{key}.", info.cls, kinds)
        case inspection.VarTupleType():
            yield from _inside(f"{key}[]", info.item_type, kinds)
        case inspection.DictType():
            _, options, _ = unwrap(info.key_type)
            yield from _inside(f"{key}.<{options['of']}>", info.value_type, kinds)
        case inspection.UnionType():
            for member in members(info):
                yield from _inside(key, member, kinds)


def _kinds(key: str, options: Mapping[str, object], kinds: Kinds) -> Iterator[SettingDoc]:
    group, shared = str(options["group"]), options.get("shared")
    names = kinds.names(group)
    yield SettingDoc(
        key=f"{key}.kind",
        type=f"one of {', '.join(names)}",
        default="required",
        description="Which kind of provider it is.",
        example=names[0] if names else "",
    )
    if isinstance(shared, type):
        yield from _section(f"{key}.", shared, kinds)
    for kind in names:
        yield from _section(f"{key}({kind}).", kinds.settings_type(group, kind), kinds)


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if setting.default_kind is not None:
        return flow({"kind": setting.default_kind})
    default = setting.default
    if default is NODEFAULT or default is None or isinstance(default, Value):
        # A section's own defaults are told by its keys.
        return "not set"
    if isinstance(default, float) and format_of(setting.options) is FORMATS["duration"]:
        return duration_text(default)
    return flow(default)
