"""Read what sqlx (a Rust library) commits: ``.sqlx/query-*.json``, or one ``sqlx-data.json``.

Called by ``reading`` with the decoded JSON.
"""

from collections.abc import Mapping
from typing import Any

from smartspec_rollback.providers.statements.collected import Collected, statement

_ARRAY = "Array"
_TYPES = {
    "Bool": "boolean",
    "Bytea": "bytea",
    "Char": '"char"',
    "Name": "name",
    "Int2": "smallint",
    "Int4": "integer",
    "Int8": "bigint",
    "Float4": "real",
    "Float8": "double precision",
    "Numeric": "numeric",
    "Money": "money",
    "Text": "text",
    "Varchar": "character varying",
    "Bpchar": "character",
    "Oid": "oid",
    "Json": "json",
    "Jsonb": "jsonb",
    "Jsonpath": "jsonpath",
    "Uuid": "uuid",
    "Inet": "inet",
    "Cidr": "cidr",
    "Macaddr": "macaddr",
    "Date": "date",
    "Time": "time without time zone",
    "Timetz": "time with time zone",
    "Timestamp": "timestamp without time zone",
    "Timestamptz": "timestamp with time zone",
    "Interval": "interval",
    "Bit": "bit",
    "Varbit": "bit varying",
    "Int4Range": "int4range",
    "Int8Range": "int8range",
    "NumRange": "numrange",
    "TsRange": "tsrange",
    "TstzRange": "tstzrange",
    "DateRange": "daterange",
}


def is_one(document: object) -> bool:
    """Tell whether this is a ``query-*.json``."""
    return isinstance(document, dict) and "query" in document and "describe" in document


def is_all(document: object) -> bool:
    """Tell whether this is a ``sqlx-data.json``."""
    return isinstance(document, dict) and isinstance(document.get("db"), str)


def read_one(document: Mapping[str, Any], source: str) -> Collected:
    """Read one query."""
    text = document["query"]
    if not isinstance(text, str) or not text.strip():
        return Collected(gaps=(f"{source} holds no query.",))
    return Collected(texts=(statement(text, source, parameters=_parameters(document)),))


def read_all(document: Mapping[str, Any], source: str) -> Collected:
    """Read all queries of a project."""
    parts = [read_one(each, source) for each in document.values() if is_one(each)]
    if not parts:
        return Collected(gaps=(f"{source} holds no query.",))
    return Collected(
        texts=tuple(text for part in parts for text in part.texts),
        gaps=tuple(gap for part in parts for gap in part.gaps),
    )


def _parameters(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Spell the stated types as PostgreSQL does; None where one of them is not known here."""
    describe = document["describe"]
    stated = describe.get("parameters") if isinstance(describe, dict) else None
    listed = stated.get("Left") if isinstance(stated, dict) else None
    if not isinstance(listed, list):
        return None
    spelled = [_spelled(each) for each in listed]
    return None if None in spelled else tuple(name for name in spelled if name is not None)


def _spelled(stated: object) -> str | None:
    if isinstance(stated, dict):
        custom = stated.get("Custom")
        name = custom.get("name") if isinstance(custom, dict) else None
        return name if isinstance(name, str) else None
    if not isinstance(stated, str):
        return None
    if stated in _TYPES:
        return _TYPES[stated]
    inner = _TYPES.get(stated.removesuffix(_ARRAY))
    return f"{inner}[]" if inner is not None and stated.endswith(_ARRAY) else None
