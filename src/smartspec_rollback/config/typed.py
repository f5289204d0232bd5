"""Reads one scalar as the type its setting is annotated with, and keeps it within its bounds.

Pure; called by the decoder. It raises Unreadable for what people wrote, and TypeError for an
annotation that settings cannot have, which is a fault of the provider's author.
"""

import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import inspect as inspection

from smartspec_rollback.config import scalars
from smartspec_rollback.config.fields import TypeInfo, members, unwrap
from smartspec_rollback.config.nodes import Written
from smartspec_rollback.config.problems import quoted, suggestion
from smartspec_rollback.config.scalars import FORMATS, Format, Unreadable, duration_text
from smartspec_rollback.domain.secrets import SecretReference


def format_of(options: Mapping[str, object]) -> Format | None:
    """Return the format an annotation asks for; an unknown one is a TypeError."""
    name = options.get("smartspec")
    if name is None:
        return None
    if name not in FORMATS:
        raise TypeError(f"no such format of a setting: {name!r} (known: {', '.join(FORMATS)})")
    return FORMATS[str(name)]


def is_secret(info: TypeInfo) -> bool:
    """Whether a setting holds a reference to a secret."""
    return isinstance(info, inspection.CustomType) and info.cls is SecretReference


def choices(info: TypeInfo) -> dict[str, object] | None:
    """Return what a closed set of values may be written as; None if the set is open."""
    if isinstance(info, inspection.LiteralType):
        return {str(value): value for value in info.values}
    if isinstance(info, inspection.EnumType):
        return {str(member.value): member for member in info.cls}
    return None


def label(info: TypeInfo) -> str:
    """Name a type for people: ``duration``, ``list of text``, ``one of none, low, medium``."""
    info, options, _ = unwrap(info)
    if "group" in options:
        return "mapping with a kind"
    if (form := format_of(options)) is not None:
        return form.label
    if (allowed := choices(info)) is not None:
        return f"one of {', '.join(allowed)}" if len(allowed) > 1 else ", ".join(allowed)
    if isinstance(info, inspection.UnionType):
        return " or ".join(
            label(m) for m in members(info) if not isinstance(m, inspection.NoneType)
        )
    if isinstance(info, inspection.VarTupleType):
        return f"list of {label(info.item_type)}"
    if is_secret(info):
        return "reference to a secret"
    if isinstance(info, inspection.CustomType) and info.cls is Path:
        return "path"
    for kind, name in _LABELS.items():
        if isinstance(info, kind):
            return name
    raise _unsupported(info)


_LABELS: Mapping[type, str] = {
    inspection.StrType: "text",
    inspection.IntType: "whole number",
    inspection.FloatType: "number",
    inspection.BoolType: "true or false",
    inspection.DateTimeType: "date or time",
    inspection.StructType: "mapping",
    inspection.DictType: "mapping",
}


def read_scalar(
    written: Written, info: TypeInfo, options: Mapping[str, object], *, folder: Path
) -> object:
    """Read ``written`` as ``info``; relative paths start at ``folder``."""
    form = format_of(options)
    if form is not None:
        value = form.read(written.text, options)
    elif (allowed := choices(info)) is not None:
        return _choose(written.text, allowed, options)
    elif isinstance(info, inspection.CustomType) and info.cls is Path:
        return _path(written.text, folder)
    else:
        value = _read_plain(written, info)
    _check_bounds(value, written.text, info, form)
    return value


def _read_plain(written: Written, info: TypeInfo) -> object:
    match info:
        case inspection.StrType():
            return written.text
        case inspection.DateTimeType():
            return scalars.read_moment(written.text)
        case inspection.IntType():
            return _unquoted(written, scalars.read_integer)
        case inspection.FloatType():
            return _unquoted(written, scalars.read_number)
        case inspection.BoolType():
            return _unquoted(written, scalars.read_boolean)
        case _:
            raise _unsupported(info)


def _unquoted(written: Written, read: Callable[[str], object]) -> object:
    value = read(written.text)
    if not written.plain:
        raise Unreadable(f"{quoted(written.text)} stands in quotes", "remove the quotes")
    return value


def _choose(text: str, allowed: Mapping[str, object], options: Mapping[str, object]) -> object:
    if text in allowed:
        return allowed[text]
    refused = options.get("refused")
    if isinstance(refused, Mapping) and text in refused:
        raise Unreadable(str(refused[text]), f"write one of: {', '.join(allowed)}")
    raise Unreadable(
        f"{quoted(text)} is not one of: {', '.join(allowed)}", suggestion(text, tuple(allowed))
    )


def _path(text: str, folder: Path) -> Path:
    if not text:
        raise Unreadable("an empty path", "name a file or folder")
    if text.startswith("~"):
        raise Unreadable(
            f"{quoted(text)}: ~ is not expanded here",
            "write the whole path, or one relative to this file",
        )
    return folder / text


def _check_bounds(value: object, text: str, info: TypeInfo, form: Format | None) -> None:
    if isinstance(value, int | float):
        for attribute, holds, words in _LIMITS:
            limit = getattr(info, attribute, None)
            if limit is not None and not holds(value, limit):
                shown = duration_text(limit) if form is FORMATS["duration"] else f"{limit:g}"
                raise Unreadable(f"must be {words} {shown}, not {quoted(text)}")
    if isinstance(info, inspection.StrType):
        if info.min_length is not None and len(text) < info.min_length:
            raise Unreadable(
                f"must have at least {info.min_length} characters" if text else "is empty"
            )
        if info.max_length is not None and len(text) > info.max_length:
            raise Unreadable(f"must have at most {info.max_length} characters, not {len(text)}")
        if info.pattern is not None and not re.search(info.pattern, text):
            raise Unreadable(f"{quoted(text)} does not have the right form")


_LIMITS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("ge", operator.ge, "at least"),
    ("gt", operator.gt, "more than"),
    ("le", operator.le, "at most"),
    ("lt", operator.lt, "less than"),
    ("multiple_of", lambda value, step: value % step == 0, "a multiple of"),
)


def _unsupported(info: TypeInfo) -> TypeError:
    return TypeError(f"settings cannot hold {info!r}; see the annotations that typed.py reads")
