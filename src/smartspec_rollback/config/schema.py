"""The JSON Schema of smartspec.yaml, for editors. Called by ``smartspec init`` and the docs.

Made from the same classes as the loader's checks. Editors see less: rules across keys and bounds
of durations are the loader's alone.
"""

from collections.abc import Callable, Mapping

from msgspec import inspect as inspection

from smartspec_rollback.config.fields import (
    Setting,
    TypeInfo,
    first_example,
    members,
    settings_of,
    unwrap,
)
from smartspec_rollback.config.model import Kinds
from smartspec_rollback.config.scalars import FORMATS, MOMENT_PATTERN, duration_text
from smartspec_rollback.config.sections import Document
from smartspec_rollback.config.typed import choices, format_of, is_secret
from smartspec_rollback.errors import SmartSpecError

SCHEMA_FILE = "smartspec.schema.json"
Schema = dict[str, object]

# What a YAML reader takes for a number or a boolean is text where text is expected.
_TEXT = ["string", "number", "boolean"]
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}
_PLAIN: Mapping[type, Schema] = {
    inspection.StrType: {"type": _TEXT},
    inspection.CustomType: {"type": _TEXT, "minLength": 1},
    inspection.IntType: {"type": "integer"},
    inspection.FloatType: {"type": "number"},
    inspection.BoolType: {"type": "boolean"},
    inspection.NoneType: {"type": "null"},
    inspection.DateTimeType: {"type": "string", "pattern": MOMENT_PATTERN},
}
_SECRET: Schema = {
    "type": "object",
    "description": "Where the secret is kept; the secret itself is never written here.",
    "properties": {
        "env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "file": {"type": "string", "minLength": 1},
    },
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}


def json_schema(kinds: Kinds) -> Schema:
    """Make the JSON Schema (draft 2020-12) with the keys of every kind of provider."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "smartspec.yaml",
        "description": "How SmartSpec Rollback treats your services.",
        **_section(Document, kinds),
    }


def _section(
    struct: type, kinds: Kinds, *, kind: str | None = None, shared: type | None = None
) -> Schema:
    settings = settings_of(struct) + (settings_of(shared) if shared else ())
    properties: Schema = {} if kind is None else {"kind": {"const": kind}}
    properties |= {setting.key: _setting(setting, kinds) for setting in settings}
    required = [] if kind is None else ["kind"]
    required += [setting.key for setting in settings if setting.required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _setting(setting: Setting, kinds: Kinds) -> Schema:
    schema = _type(setting.annotated, kinds)
    if setting.description:
        schema["description"] = setting.description
    if setting.examples and setting.group is None:
        schema["examples"] = list(setting.examples)
    elif (example := first_example(setting, kinds)) is not None:
        schema["examples"] = [example]
    default = setting.default
    if isinstance(default, bool | int | float | str):
        is_duration = format_of(setting.options) is FORMATS["duration"]
        schema["default"] = duration_text(float(default)) if is_duration else default
    return schema


def _type(annotated: TypeInfo, kinds: Kinds) -> Schema:
    info, options, _ = unwrap(annotated)
    if "group" in options:
        return _provider(options, kinds)
    if (form := format_of(options)) is not None:
        return dict(form.schema)
    if (allowed := choices(info)) is not None:
        return {"enum": list(allowed)}
    if is_secret(info):
        return dict(_SECRET)
    match info:
        case inspection.UnionType():
            return {"anyOf": [_type(member, kinds) for member in members(info)]}
        case inspection.StructType():
            return _section(info.cls, kinds)
        case inspection.VarTupleType():
            return {
                "type": "array",
                "items": _type(info.item_type, kinds),
                **_lengths(info, "Items"),
            }
        case inspection.DictType():
            return {
                "type": "object",
                "additionalProperties": _type(info.value_type, kinds),
                "propertyNames": {"minLength": 1, "maxLength": 128},
                **_lengths(info, "Properties"),
            }
        case _:
            return _plain(info)


def _plain(info: TypeInfo) -> Schema:
    if type(info) not in _PLAIN:
        raise TypeError(f"settings cannot hold {info!r}")
    schema = dict(_PLAIN[type(info)])
    for attribute, keyword in _BOUNDS.items():
        if (bound := getattr(info, attribute, None)) is not None:
            schema[keyword] = bound
    return schema | (_lengths(info, "Length") if isinstance(info, inspection.StrType) else {})


def _lengths(
    info: inspection.StrType | inspection.VarTupleType | inspection.DictType, what: str
) -> Schema:
    bounds = {f"min{what}": info.min_length, f"max{what}": info.max_length}
    return {keyword: bound for keyword, bound in bounds.items() if bound is not None}


def _provider(options: Mapping[str, object], kinds: Kinds) -> Schema:
    """Allow each kind with its own keys; none at all where no provider is installed."""
    group, kept = str(options["group"]), options.get("shared")
    shared = kept if isinstance(kept, type) else None
    sections = [_kind(group, kind, kinds, shared) for kind in kinds.names(group)]
    return {"type": "object", "oneOf": sections} if sections else {"not": {}}


def _kind(group: str, kind: str, kinds: Kinds, shared: type | None) -> Schema:
    """Allow a kind's own keys; any keys where it cannot be loaded.

    Most people install the clients of one database: the others' must not keep them from a schema.
    """
    settings_type: Callable[[str, str], type] = kinds.settings_type
    try:
        struct = settings_type(group, kind)
    except SmartSpecError:
        return {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}
    return _section(struct, kinds, kind=kind, shared=shared)
