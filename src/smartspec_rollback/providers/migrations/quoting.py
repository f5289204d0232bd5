"""Writes names and values as SQL. Pure; used by the readers that translate Python.

The texts are read by parsers and by people, and never run on a database in use.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal


class Raw(str):
    """A piece of SQL, as against a string that stands for itself."""

    __slots__ = ()


def ident(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def idents(names: Iterable[str]) -> str:
    """Quote identifiers, with commas between; what is SQL already stays."""
    return ", ".join(str(name) if isinstance(name, Raw) else ident(name) for name in names)


def quoted(text: str) -> str:
    """Quote a string as SQL does."""
    return "'" + text.replace("'", "''") + "'"


def literal(value: object) -> str:
    """Write a Python value as an SQL literal; TypeError for what has none."""
    match value:
        case Raw():
            return str(value)
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return quoted(value)
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case datetime() | date() | time() | Decimal():
            return quoted(str(value))
        case _:
            raise TypeError(type(value).__name__)
