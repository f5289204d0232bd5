"""What a column's default gives, as far as its expression tells.

Called by the rules. Expressions are compared by text after everything that changes no value was
taken out: casts, brackets, white space, spellings of the current time, names of sequences.
"""

import re
from decimal import Decimal

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog, Column, TypeKind

_WORDS = r"(?:\s+(?:varying|precision|with(?:out)? time zone))?"
_CAST = re.compile(
    rf"::\s*(?:\"[^\"]+\"|\w+)(?:\.(?:\"[^\"]+\"|\w+))?{_WORDS}(?:\([\d, ]*\))?{_WORDS}(?:\[\])*"
)
_NOW = re.compile(
    r"\b(?:now\(\)|current_timestamp(?:\(\d*\))?|transaction_timestamp\(\)|localtimestamp(?:\(\d*\))?)",
    re.IGNORECASE,
)
_UUID = re.compile(r"\b(?:[\w\"]+\.)?(?:gen_random_uuid|uuid_generate_v4|uuid)\(\)", re.IGNORECASE)
_NEXTVAL = re.compile(r"\bnextval\(.*\)", re.IGNORECASE)
_LITERAL = re.compile(r"^'((?:[^']|'')*)'$")
_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$", re.IGNORECASE)
_VOLATILE = re.compile(r"@generated|@uuid|random|clock_timestamp|@now", re.IGNORECASE)


def normal(default: str | None) -> str | None:
    """Reduce a default expression to what it gives; None without one, or where it is NULL."""
    if default is None:
        return None
    text = _NEXTVAL.sub("@generated", default.strip())
    text = _UUID.sub("@uuid", _NOW.sub("@now", text))
    previous = None
    while previous != text:
        previous, text = text, _unwrap(_CAST.sub("", text).strip())
    literal = _LITERAL.match(text)
    for candidate in (text, literal[1] if literal else ""):
        if _NUMBER.match(candidate):
            return f"{Decimal(candidate).normalize():f}"
    if text.lower() in {"null", ""}:
        return None
    return text.lower() if text.lower() in {"true", "false"} else re.sub(r"\s+", " ", text)


def _unwrap(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1].strip()


def given(column: Column) -> str | None:
    """Say in normal form what an insert that omits ``column`` writes there; None is NULL."""
    if column.generated is not None:
        return f"@computed {column.generated}"
    if column.identity is not None or "auto_increment" in (column.default or "").lower():
        return "@generated"
    return normal(column.default)


def fills_itself(column: Column) -> bool:
    """Tell whether an insert that omits ``column`` gives it a value other than NULL."""
    return given(column) is not None


def constant(default: str | None) -> str | None:
    """Return the literal a default always gives, unquoted; None for anything computed, or NULL."""
    text = normal(default)
    if text is None:
        return None
    if literal := _LITERAL.match(text):
        return literal[1].replace("''", "'")
    if _NUMBER.match(text) or text in {"true", "false"}:
        return text
    return None


def varies(column: Column) -> bool:
    """Tell whether two inserts that omit ``column`` give it two values."""
    text = given(column)
    return text is not None and (bool(_VOLATILE.search(text)) or text.startswith("@computed"))


def with_domain(catalog: Catalog, column: Column) -> Column:
    """Give a column what its domain adds to it: NOT NULL, and a default where it has none."""
    spelled = column.type.replace('"', "")
    for each in catalog.types:
        if each.kind is TypeKind.DOMAIN and each.qualified == spelled:
            return replace(
                column,
                nullable=column.nullable and each.nullable,
                default=column.default if column.default is not None else each.default,
            )
    return column
