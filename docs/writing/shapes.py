"""The pages made from types: JSON documents and release.yaml."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum

from msgspec import inspect as inspection

from docs.writing.markdown import code, prose, table
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.values import Value
from smartspec_rollback.providers.platforms.local import release_file
from smartspec_rollback.views import json_documents

Struct = inspection.StructType
Named = inspection.EnumType
_PLAIN: Mapping[type, str] = {
    inspection.StrType: "text",
    inspection.IntType: "whole number",
    inspection.FloatType: "number",
    inspection.BoolType: "true or false",
    inspection.NoneType: "null",
    inspection.DateTimeType: "time",
}

SMALL: Mapping[str, str] = {
    "smartspec.answer/1": "`smartspec approve` and `smartspec deny`: rollback_id, answer, person, "
    "is_new, digest, plan, status, driven_by (the living process that carries it out, or null)",
    "smartspec.audit/1": "`smartspec audit verify`: sound, entries, fault (seq and what, or null), "
    "newest_hash",
    "smartspec.completion/1": "`smartspec completion`: shell, script",
    "smartspec.doctor/1": "`smartspec doctor`: exit_code, lines (outcome, about, said, remedy, "
    "manifest)",
    "smartspec.init/1": "`smartspec init`: written (paths)",
    "smartspec.local/1": "`smartspec local up` and `status`: targets (what was observed); "
    "`smartspec local down`: stopped",
    "smartspec.local-deployment/1": "`smartspec local deploy`: deployment_id, target, revision",
    "smartspec.serve/1": "`smartspec serve`, once it answers requests: url, host, port, pid",
    "smartspec.token/1": "`smartspec token create`: token (as listed), secret (shown this once)",
    "smartspec.tokens/1": "`smartspec token list` and `revoke`: tokens (id, name, person, scopes, "
    "reach, created_by, created_at, expires_at, revoked_at, used_at)",
}
"""Documents of commands that have no view of their own."""

RELEASE_KEYS: Mapping[str, str] = {
    "command": "The program and its arguments, run in the release's folder without a shell. "
    "`{python}` as the first word is the Python that runs SmartSpec.",
    "environment": "Environment variables of the instances. They are part of what makes a release "
    "the release it is.",
    "secrets": "Environment variables whose values are read from files when an instance starts. "
    "Only the names count towards the release's identity.",
    "secrets.<name>.file": "Where the secret is, from the release's folder.",
    "readiness": "The request that tells whether an instance is ready for traffic.",
    "readiness.path": "The path to request from each instance.",
    "readiness.status": "The status that means ready.",
    "configuration": "Files outside the folder that the release reads, from the release's folder. "
    "Changing one changes the release.",
}
"""What each key of release.yaml is for."""


def documents() -> tuple[tuple[str, type[Value]], ...]:
    """List the JSON documents: the name of each schema, and its shape."""
    found = [
        (str(kind.__struct_config__.tag), kind)
        for kind in vars(json_documents).values()
        if isinstance(kind, type) and issubclass(kind, Value) and kind.__struct_config__.tag
    ]
    return tuple(found)


def kept() -> tuple[tuple[str, type[Value]], ...]:
    """List the JSON documents that are kept and read again; `document` names them."""
    (snapshot,) = (f for f in struct(SchemaSnapshot).fields if f.name == "document")
    return ((str(snapshot.default), SchemaSnapshot),)


def json_page() -> str:
    """Write every JSON document, and the parts that they share."""
    text = (
        "# JSON documents\n\n"
        "`--format json` prints one document on standard output; everything else (progress, "
        "questions) goes to standard error. `schema` names the document and its version. Within a "
        "version names stay; fields may be added. Times are RFC 3339 in UTC, spans are seconds, "
        "digests `sha256:<hex>`.\n\n"
        "[rollback.schema.json](rollback.schema.json) is the JSON Schema of "
        "`smartspec.rollback/1`.\n"
    )
    for schema, kind in documents():
        text += f"\n## {schema}\n\n{_said(kind)}\n\n" + _fields(kind)
    for name, kind in kept():
        text += (
            f"\n## {name}\n\n{_said(kind)}\n\n`smartspec schema compare` reads it again. It is "
            "the result in every `--format`; `document` names it.\n\n" + _fields(kind)
        )
    text += "\n## Small documents\n\n" + table(
        ("Schema", "Printed by, and its fields"),
        ((f"`{schema}`", said) for schema, said in SMALL.items()),
    )
    text += "\n# Parts of the documents\n"
    for name, part in sorted(_parts().items()):
        text += f"\n## {name}\n\n{_said(part)}\n\n"
        if issubclass(part, Enum):
            text += "One of " + ", ".join(f"`{each.value}`" for each in part) + ".\n"
        else:
            text += _fields(part)
    return text


def _said(kind: type) -> str:
    return re.sub(r"\bNone\b", "null", prose(kind.__doc__))


def _parts() -> dict[str, type]:
    """Collect what the documents are made of, by name."""
    found: dict[str, type] = {}
    waiting: list[type] = [kind for _, kind in (*documents(), *kept())]
    while waiting:
        for info in _inside(waiting.pop()):
            if info.cls.__name__ not in found:
                found[info.cls.__name__] = info.cls
                waiting.append(info.cls)
    return found


def _inside(kind: type) -> Iterator[Struct | Named]:
    """List the named types that a type's fields are made of."""
    info = inspection.type_info(kind)
    waiting = [field.type for field in info.fields] if isinstance(info, Struct) else []
    while waiting:
        match waiting.pop():
            case Struct() | Named() as found:
                yield found
            case inspection.UnionType(types):
                waiting += types
            case inspection.VarTupleType(item_type=item):
                waiting.append(item)
            case inspection.DictType(value_type=value):
                waiting.append(value)


def _fields(kind: type) -> str:
    info = struct(kind)
    tag = [("`schema`", f"`{info.tag}`")] if info.tag else []
    rows = ((f"`{field.encode_name}`", _kind(field.type)) for field in info.fields)
    return table(("Field", "Type"), (*tag, *rows))


def _kind(info: inspection.Type) -> str:
    """Say a type in the words of JSON, with links to the parts."""
    match info:
        case Struct() | Named():
            name = info.cls.__name__
            return f"[{name}](#{name.lower()})"
        case inspection.UnionType(types):
            return " or ".join(_kind(each) for each in types)
        case inspection.VarTupleType(item_type=item):
            return f"array of {_kind(item)}"
        case inspection.TupleType(item_types=items):
            return f"array of ({', '.join(map(_kind, items))})"
        case inspection.DictType(value_type=value):
            return f"object of {_kind(value)}"
        case _:
            return _PLAIN[type(info)]


def struct(kind: type) -> Struct:
    """Look into a class of values."""
    info = inspection.type_info(kind)
    if not isinstance(info, Struct):
        raise TypeError(f"{kind!r} is no struct")
    return info


def release_keys() -> dict[str, inspection.Type]:
    """List the keys of release.yaml with their types."""
    found: dict[str, inspection.Type] = {}
    for field in struct(release_file.ReleaseFile).fields:
        found[field.encode_name] = field.type
        inner, prefix = field.type, field.encode_name
        if isinstance(inner, inspection.DictType):
            inner, prefix = inner.value_type, f"{prefix}.<name>"
        if isinstance(inner, inspection.StructType):
            found |= {f"{prefix}.{each.encode_name}": each.type for each in inner.fields}
    return found


def release_yaml_page() -> str:
    """Write every key of release.yaml."""
    defaults = {
        f"{prefix}{name}": default
        for prefix, kind in (
            ("", release_file.ReleaseFile),
            ("readiness.", release_file.Readiness),
        )
        for name, default in zip(
            reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False
        )
        if isinstance(default, str | int)
    }
    required = {"command", "secrets.<name>.file"}
    rows = (
        (
            f"`{key}`",
            _yaml_type(info),
            "required" if key in required else code(str(defaults.get(key, ""))) or "none",
            RELEASE_KEYS[key],
        )
        for key, info in release_keys().items()
    )
    return (
        "# release.yaml\n\n"
        "Each release of the platform `local` is a folder named after its version, with a "
        f"`{release_file.NAME}` that says how it is started. Unknown keys are errors; values stay "
        "text, so `1.10` stays `1.10`. YAML aliases are refused, and so is a file above 64 KiB.\n\n"
        + table(("Key", "Type", "Default", "Meaning"), rows)
        + "\nInstances also get `PORT` and `HOST`, the address to listen on, and "
        "`SMARTSPEC_VERSION` and `SMARTSPEC_REVISION`; a prewarmed one gets `SMARTSPEC_PREWARM=1`. "
        "These names, and all that begin with `SMARTSPEC_` or `SUPERVISOR_`, cannot be set under "
        "`environment` or `secrets`. See "
        "[Run the local platform](../how-to/run-the-local-platform.md).\n"
    )


def _yaml_type(info: inspection.Type) -> str:
    match info:
        case inspection.VarTupleType():
            return "list of text"
        case inspection.DictType():
            inner = info.value_type
            return "names with a section" if _is_section(inner) else "names with text"
        case inspection.StructType():
            return "section"
        case inspection.IntType():
            return "whole number"
        case _:
            return "text"


def _is_section(info: inspection.Type) -> bool:
    return isinstance(info, inspection.StructType)
