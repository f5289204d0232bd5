"""What the annotations of a settings class say, in one form for decoder, schema and reference.

Pure introspection of msgspec structs, those of ``sections`` and every provider's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec
from msgspec import NODEFAULT
from msgspec import inspect as inspection

from smartspec_rollback.config.model import Kinds, ProviderConfiguration
from smartspec_rollback.errors import SmartSpecError

TypeInfo = inspection.Type


@dataclass(frozen=True)
class Setting:
    """One key that people may write.

    ``attribute`` is its name in Python. ``type`` is the ``annotated`` one without its annotation,
    whose ``extra`` are the ``options``. A missing ``default`` is NODEFAULT. ``examples`` are plain
    data, as a YAML reader would give.
    """

    key: str
    attribute: str
    annotated: TypeInfo
    type: TypeInfo
    options: Mapping[str, object]
    description: str
    examples: tuple[object, ...]
    required: bool
    default: object

    @property
    def group(self) -> str | None:
        """The group of providers this key chooses from, or None if it holds no provider."""
        return str(self.options["group"]) if "group" in self.options else None

    @property
    def default_kind(self) -> str | None:
        """The kind of provider that is used where the key is left out."""
        kind = self.options.get("default")
        return None if kind is None else str(kind)


@cache
def settings_of(struct: type) -> tuple[Setting, ...]:
    """List the keys of a settings class in order; a class that is no struct is a TypeError."""
    info = inspection.type_info(struct)
    if not isinstance(info, inspection.StructType):
        raise TypeError(f"{struct!r} is no settings class: it must derive from Value")
    return tuple(_setting(field) for field in info.fields)


def unwrap(info: TypeInfo) -> tuple[TypeInfo, Mapping[str, object], Mapping[str, object]]:
    """Split a type from its annotation: the type, its options, its schema texts."""
    options: dict[str, object] = {}
    texts: dict[str, object] = {}
    while isinstance(info, inspection.Metadata):
        options = {**(info.extra or {}), **options}
        texts = {**(info.extra_json_schema or {}), **texts}
        info = info.type
    return info, options, texts


def members(info: TypeInfo) -> tuple[TypeInfo, ...]:
    """List the types of a union, or the type itself."""
    return info.types if isinstance(info, inspection.UnionType) else (info,)


def first_example(setting: Setting, kinds: Kinds) -> object:
    """Give one example value for a key, as data; None where nobody wrote one."""
    if setting.group is not None:
        names = kinds.names(setting.group)
        shown = [e.get("kind") for e in setting.examples if isinstance(e, dict)]
        wanted = [setting.default_kind, *shown]
        kind = next((name for name in wanted if name in names), names[0] if names else None)
        return None if kind is None else provider_example(setting.group, str(kind), kinds)
    if setting.examples:
        return setting.examples[0]
    default = setting.default
    return default if isinstance(default, str | int | float) else None


def provider_example(group: str, kind: str, kinds: Kinds) -> dict[str, object]:
    """Give an example of a provider's section: its kind and the keys it cannot do without."""
    try:
        struct = kinds.settings_type(group, kind)
    except SmartSpecError:
        # An example is a courtesy: whoever uses this kind gets the error itself.
        return {"kind": kind}
    needed = (s for s in settings_of(struct) if s.required)
    return {"kind": kind} | {s.key: first_example(s, kinds) for s in needed}


def _setting(field: inspection.Field) -> Setting:
    info, options, texts = unwrap(field.type)
    default = field.default
    if field.default_factory is not NODEFAULT:
        default = field.default_factory()
    examples = texts.get("examples", ())
    is_provider = isinstance(info, inspection.StructType) and info.cls is ProviderConfiguration
    return Setting(
        key=field.encode_name,
        attribute=field.name,
        annotated=field.type,
        type=info,
        options=options,
        description=str(texts.get("description", "")),
        examples=tuple(examples) if isinstance(examples, list | tuple) else (),
        required=field.required and not (is_provider and "default" in options),
        default=default,
    )


def flow(value: object) -> str:
    """Write plain data as one line of YAML: ``{path: /healthz, status: 200}``."""
    match value:
        case dict():
            return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(item) for item in value) + "]"
        case bool():
            return "true" if value else "false"
        case str() if not _is_plain(value):
            return msgspec.json.encode(value).decode()
        case float():
            return f"{value:g}"
        case None:
            return "null"
        case _:
            return str(value)


def _is_plain(text: str) -> bool:
    """Whether a text may stand unquoted, also between braces."""
    head_ok = text[:1].isalnum() or text[:1] in ("/", ".", "_")
    return (
        head_ok
        and all(c.isalnum() or c in "/._<>=%:@+- " for c in text)
        and (": " not in text and not text.endswith((":", " ")) and text.lower() not in _WORDS)
    )


_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
