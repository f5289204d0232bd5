"""Types of columns as families with limits, whatever a server calls them.

Called by the rules about types and predicates. Knows PostgreSQL's, MySQL's and SQLite's spellings;
what it does not know is a family of its own, equal only to itself.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from smartspec_rollback.domain.catalog import Catalog, DefinedType, TypeKind
from smartspec_rollback.domain.values import Value


class Family(StrEnum):
    """What values of a type are to a program that reads them."""

    INTEGER = "integer"
    EXACT = "exact number"
    FLOAT = "floating-point number"
    TEXT = "text"
    PADDED = "padded text"
    FOLDED = "text without case"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    INSTANT = "timestamp with time zone"
    JSON = "json"
    JSONB = "jsonb"
    UUID = "uuid"
    BYTES = "bytes"
    ENUM = "enum"
    ARRAY = "array"
    OTHER = "other"


class SqlType(Value):
    """One type. ``size``: characters of text, bits of numbers, digits of exact ones or of seconds.

    ``scale`` are the digits after the point. ``name`` is the spelling without limits, and all that
    tells OTHER and ENUM types apart; ``labels`` are an enum's. ``element`` is an array's.
    """

    family: Family
    name: str
    size: int | None = None
    scale: int | None = None
    unsigned: bool = False
    labels: tuple[str, ...] = ()
    element: "SqlType | None" = None


_INTEGERS = {
    "tinyint": 8, "smallint": 16, "int2": 16, "smallserial": 16, "mediumint": 24, "integer": 32,
    "int": 32, "int4": 32, "serial": 32, "bigint": 64, "int8": 64, "bigserial": 64, "year": 16,
}  # fmt: skip
_FLOATS = {
    "real": 24,
    "float4": 24,
    "float": 53,
    "double precision": 53,
    "double": 53,
    "float8": 53,
}
_TEXTS: Mapping[str, int | None] = {
    "text": None, "character varying": None, "varchar": None, "clob": None, "name": 63,
    "nvarchar": None, "tinytext": 255, "mediumtext": 2**24 - 1, "longtext": 2**32 - 1,
}  # fmt: skip
_OTHERS: Mapping[str, Family] = {
    "character": Family.PADDED, "char": Family.PADDED, "bpchar": Family.PADDED,
    "citext": Family.FOLDED, "boolean": Family.BOOLEAN, "bool": Family.BOOLEAN, "date": Family.DATE,
    "timestamp without time zone": Family.TIMESTAMP, "timestamp": Family.TIMESTAMP,
    "datetime": Family.TIMESTAMP, "timestamp with time zone": Family.INSTANT,
    "timestamptz": Family.INSTANT, "time": Family.TIME, "time without time zone": Family.TIME,
    "json": Family.JSON, "jsonb": Family.JSONB, "uuid": Family.UUID, "bytea": Family.BYTES,
    "blob": Family.BYTES, "longblob": Family.BYTES, "mediumblob": Family.BYTES,
    "tinyblob": Family.BYTES, "varbinary": Family.BYTES, "binary": Family.BYTES,
}  # fmt: skip
_PARTS = re.compile(r"^(?P<name>[^(]+)(?:\((?P<limits>.*)\)(?P<more>[^()]*))?$", re.DOTALL)
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_AFFINITIES = (
    ("int", Family.INTEGER), ("char", Family.TEXT), ("clob", Family.TEXT), ("text", Family.TEXT),
    ("blob", Family.BYTES), ("real", Family.FLOAT), ("floa", Family.FLOAT), ("doub", Family.FLOAT),
)  # fmt: skip


def type_in(catalog: Catalog, spelled: str) -> SqlType:
    """Read a type as spelled in ``catalog``; domains are what they are made of."""
    if catalog.kind == "sqlite":
        return _affinity(spelled)
    spelled, arrays = _without_arrays(spelled)
    # A type somebody defined is always spelled with its schema.
    defined = catalog.types_by_name if "." in spelled else {}
    seen: set[str] = set()
    while (known := _defined(defined, spelled)) is not None and known.kind is TypeKind.DOMAIN:
        if known.qualified in seen or known.base is None:
            break
        seen.add(known.qualified)
        spelled, inner = _without_arrays(known.base)
        arrays += inner
    if known is not None and known.kind is TypeKind.ENUM:
        found = SqlType(family=Family.ENUM, name=known.qualified, labels=known.labels)
    else:
        found = _read(spelled, mysql=catalog.kind in {"mysql", "mariadb"})
    for _ in range(arrays):
        found = SqlType(family=Family.ARRAY, name="array", element=found)
    return found


def _without_arrays(spelled: str) -> tuple[str, int]:
    """Cut ``[]`` off; PostgreSQL knows no dimensions, so that any number of them is one array."""
    bare = re.sub(r"(\s*\[\d*\])+\s*$", "", spelled)
    return bare, int(bare != spelled)


def _defined(defined: Mapping[str, DefinedType], spelled: str) -> DefinedType | None:
    return defined.get(spelled) or defined.get(spelled.replace('"', ""))


def _affinity(spelled: str) -> SqlType:
    """Read a type as SQLite does: by its affinity, no limit is ever enforced."""
    text = spelled.lower()
    for part, family in _AFFINITIES:
        if part in text:
            return SqlType(family=family, name=family.value)
    family = Family.BYTES if not text else Family.EXACT
    return SqlType(family=family, name=family.value)


@lru_cache(maxsize=4096)
def _read(spelled: str, *, mysql: bool) -> SqlType:
    text = " ".join(spelled.lower().split())
    parts = _PARTS.match(text)
    if parts is None:
        return SqlType(family=Family.OTHER, name=text)
    parted = f"{parts['name']} {parts['more'] or ''}".split()
    unsigned = "unsigned" in parted
    name = " ".join(word for word in parted if word not in {"unsigned", "zerofill"})
    name = name.removeprefix("pg_catalog.")
    if name in {"enum", "set"} and mysql:
        labels = tuple(label.replace("''", "'") for label in _LABEL.findall(spelled))
        return SqlType(family=Family.ENUM, name=name, labels=labels)
    sizes = [int(each) for each in re.findall(r"-?\d+", parts["limits"] or "")]
    return _known(name, sizes, unsigned=unsigned, mysql=mysql)


def _known(name: str, sizes: list[int], *, unsigned: bool, mysql: bool) -> SqlType:
    size = sizes[0] if sizes else None
    name = "citext" if name.endswith(".citext") else name
    if name in _INTEGERS:
        if mysql and name == "tinyint" and size == 1:
            return SqlType(family=Family.BOOLEAN, name="boolean")
        return SqlType(family=Family.INTEGER, name=name, size=_INTEGERS[name], unsigned=unsigned)
    if name in {"numeric", "decimal", "dec"}:
        scale = sizes[1] if len(sizes) > 1 else (0 if sizes else None)
        return SqlType(family=Family.EXACT, name="numeric", size=size, scale=scale)
    if name in _FLOATS:
        bits = 24 if mysql and name == "float" else _FLOATS[name]
        return SqlType(family=Family.FLOAT, name=name, size=bits)
    if name in _TEXTS:
        limit = 2**16 - 1 if mysql and name == "text" else _TEXTS[name]
        return SqlType(family=Family.TEXT, name="text", size=size if size is not None else limit)
    if (family := _OTHERS.get(name)) is not None:
        if family is Family.TIMESTAMP and mysql and name == "timestamp":
            family = Family.INSTANT
        if family is Family.PADDED and mysql:
            family = Family.TEXT
        seconds = family in {Family.TIMESTAMP, Family.INSTANT, Family.TIME}
        default = (0 if mysql else 6) if seconds else 1 if family is Family.PADDED else None
        return SqlType(family=family, name=family.value, size=default if size is None else size)
    return SqlType(family=Family.OTHER, name=f"{name}{tuple(sizes) if sizes else ''}")
