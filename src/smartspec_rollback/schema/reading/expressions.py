"""Which expressions of a schema can refuse values: the server computes them when rows are written.

Called by ``rules.expressions``. What is not known to take every value counts as refusing some.
"""

import re

from smartspec_rollback.domain.catalog import Catalog

_STRING = re.compile(r"'(?:[^']|'')*'(?:::\w+(?:\.\w+)?)?")
_CALL = re.compile(r'(?:(?:"[^"]+"|\w+)\s*\.\s*)?(?P<name>"[^"]+"|[A-Za-z_]\w*)\s*\(')
_CAST = re.compile(r"::\s*(?P<type>\"[^\"]+\"|\w+)")
_CONSTANT = re.compile(r"\(?-?\d+(?:\.\d+)?\)?::\w+(?:\(\d+(?:, ?\d+)?\))?")
_NEVER_BY_ZERO = re.compile(r"[/%]\s*NULLIF\((?:[^()]|\([^()]*\))*\)", re.IGNORECASE)
_TOTAL = frozenset(
    {
        "abs", "ascii", "bit_length", "btrim", "char_length", "coalesce", "concat", "concat_ws",
        "current_timestamp", "date_part", "date_trunc", "extract", "gen_random_uuid", "greatest",
        "ifnull", "initcap", "json_array_length", "jsonb_typeof", "least", "left", "length",
        "lower", "ltrim", "md5", "now", "nullif", "octet_length", "replace", "reverse", "right",
        "rtrim", "setweight", "sha256", "sign", "strip", "strpos", "substr", "substring",
        "to_json", "to_jsonb", "to_tsvector", "translate", "trim", "trunc", "unaccent", "upper",
        "uuid_generate_v4",
    }
)  # fmt: skip
"""Functions that take every value of the types they are meant for."""
_WORDS = frozenset(
    {
        "all", "and", "any", "array", "between", "case", "cast", "else", "exists", "in", "is",
        "like", "not", "or", "row", "then", "using", "values", "when",
        "where",
    }
)  # fmt: skip
_SPELLED = frozenset({"text", "varchar", "character", "bpchar", "regconfig", "unknown"})


def refuses(expression: str) -> str | None:
    """Say why an expression may refuse values of the columns it is computed from; None if not."""
    text = _NEVER_BY_ZERO.sub("", _CONSTANT.sub("0", _STRING.sub("''", expression)))
    if re.search(r"[/%^]", text):
        return "divides"
    for cast in _CAST.finditer(text):
        if cast["type"].lower() not in _SPELLED:
            return f"casts to {cast['type']}"
    for call in _CALL.finditer(text):
        name = call["name"].strip('"').lower()
        if name not in _TOTAL and name not in _WORDS:
            return f"calls {name}"
    return None


def calls_own(expression: str, catalog: Catalog) -> str | None:
    """Name the function somebody wrote that an expression calls; None without one."""
    called = {
        call["name"].strip('"').lower() for call in _CALL.finditer(_STRING.sub("''", expression))
    }
    own = (f for f in catalog.functions if f.extension is None and f.name.lower() in called)
    return next((f.signature for f in own), None)
