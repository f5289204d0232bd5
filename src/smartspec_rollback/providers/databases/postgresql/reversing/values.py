"""Made-up values at the edges of every type; ordinary ones are ``invent``'s.

Used by ``writing``. Values are texts as the server reads them. The edges are where reversing a
change of type loses something: the longest, the most digits, the smallest unit, white space, order
of keys, infinity. A type that is not known here gets no values, and so is never called tested.
"""

from collections.abc import Mapping

from smartspec_rollback.domain.catalog import Catalog, DefinedType, TypeKind
from smartspec_rollback.providers.databases.postgresql.rehearsing.invent import Inventor
from smartspec_rollback.providers.databases.postgresql.reversing.state import Column, State, Type

_HEADER = 4
"""What the server adds to a length in a type's modifier."""

_LONG = 3000
_WORDS = (
    "007",
    "",
    " both ends ",
    "ÄÖ ß 漢字 🙂",
    "Upper",
    "upper",
    "a,b;c'd\"e\\f",
    "two\nlines\tand a tab",
    "NULL",
    "12.50",
    "2001-02-03",
    '{"b": 1,  "a": [1.0, null]}',
    "@",
)
_EDGES: Mapping[str, tuple[str, ...]] = {
    "int2": ("32767", "-32768", "0", "-1"),
    "int4": ("2147483647", "-2147483648", "40000", "0", "-1"),
    "int8": ("9223372036854775807", "-9223372036854775808", "3000000000", "0", "-1"),
    "float4": ("0.33333334", "3.4028235e+38", "1e-45", "16777216", "NaN", "-Infinity", "-0"),
    "float8": (
        "0.3333333333333333",
        "1.7976931348623157e+308",
        "5e-324",
        "9007199254740993",
        "NaN",
        "Infinity",
        "-0",
    ),
    "numeric": (
        "123456789012345678901234567890.12345678901234567890",
        "-0.000000000000000000001",
        "1.500",
        "NaN",
        "Infinity",
    ),
    "bool": ("t", "f"),
    "date": ("2024-02-29", "0044-03-15 BC", "infinity", "-infinity", "5874897-12-31"),
    "timestamp": (
        "2024-02-29 23:59:59.999999",
        "2021-03-28 02:30:00",
        "0044-03-15 12:00:00 BC",
        "infinity",
        "294276-12-31 23:59:59",
    ),
    "timestamptz": (
        "2024-02-29 23:59:59.999999+00",
        "2021-10-31 01:30:00+01",
        "infinity",
        "294276-12-31 00:00:00+00",
    ),
    "time": ("23:59:59.999999", "00:00:00", "24:00:00"),
    "timetz": ("23:59:59.999999+05:30", "00:00:00-12"),
    "interval": ("1 year 2 mons 3 days 04:05:06.789012", "-1 mons", "36:00:00", "1 day"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "bytea": ("\\x00ff", "\\x", "\\xc3"),
    "json": ('{"b":1,  "a":2, "b":3}', "null", '"text"', "[1.0, 1e3]", "3"),
    "jsonb": ('{"b": 1, "a": {"c": [1.00, null]}}', "null", '"text"', "[]", "3"),
    "inet": ("192.168.1.5/24", "2001:db8::1"),
    "cidr": ("192.168.0.0/16", "2001:db8::/32"),
    "macaddr": ("08:00:2b:01:02:03",),
    "macaddr8": ("08:00:2b:ff:fe:01:02:03",),
    "money": ("92233720368547758.07", "-0.01"),
    "xml": ("<a b='c'> d </a>",),
    "point": ("(1.5,-2)",),
    "int4range": ("[1,5)", "empty", "(,)"),
    "int8range": ("[1,5)", "empty", "(,)"),
    "numrange": ("[1.5,5)", "empty", "(,)"),
    "daterange": ("[2001-01-01,2001-02-01)", "empty", "(,)"),
    "tsrange": ("[2001-01-01 00:00,2001-02-01 00:00)", "empty"),
    "tstzrange": ("[2001-01-01 00:00+00,2001-02-01 00:00+00)", "empty"),
    "tsvector": ("'cat':3 'fat':2A", "'a':1 'b':2"),
    "tsquery": ("'fat' & 'rat'",),
    "hstore": ('"a"=>"1", "b"=>NULL',),
    "ltree": ("Top.Science", "A.B.C"),
    "oid": ("4294967295", "0"),
}
_TEXTS = ("text", "varchar", "bpchar", "citext", "name", "char")
_BITS = ("bit", "varbit")
_DEFINED = {"e": TypeKind.ENUM, "d": TypeKind.DOMAIN}
_HALF = 1024
"""A numeric's scale is kept in 11 bits, with its sign."""


def inventor(state: State) -> Inventor:
    """Make up ordinary values for the types of a scratch database."""
    return Inventor(
        Catalog(
            kind="postgresql",
            version="",
            types=tuple(
                _defined(state, each) for each in state.types.values() if each.kind in _DEFINED
            ),
        )
    )


def edges(state: State, column: Column) -> tuple[str, ...]:
    """Give the values at the edges of a column's type; all there are of an enum or boolean."""
    type_, modifier = state.base(column)
    return _edges(state, type_, modifier)


def _defined(state: State, type_: Type) -> DefinedType:
    base = state.types.get(type_.base)
    return DefinedType(
        schema=type_.schema,
        name=type_.name,
        kind=_DEFINED[type_.kind],
        labels=type_.labels,
        base=None if base is None else type_.base_spelled,
        checks=type_.checks,
    )


def _edges(state: State, type_: Type, modifier: int) -> tuple[str, ...]:
    if type_.kind == "e":
        return type_.labels
    if type_.category == "A" and type_.element:
        inside = _edges(state, state.types[type_.element], modifier)
        several = [_array([value]) for value in inside] + ["{}", "{NULL}"]
        return (*several, _array(list(inside[:2])), *_shapes(inside))
    if type_.name in _TEXTS:
        length = _length(type_, modifier)
        return tuple(dict.fromkeys([_stretch("é", length), *(w[:length] for w in _WORDS)]))
    if type_.name in _BITS:
        width = modifier if modifier > 0 else 70
        return ("1" * width, "0" * width)
    if type_.name == "numeric" and modifier >= _HEADER:
        digits, scale = _precision(modifier)
        most = "9" * (digits - scale) + ("." + "9" * scale if scale else "")
        return (most, f"-{most}", "0", "NaN")
    return _EDGES.get(type_.name, ())


def _length(type_: Type, modifier: int) -> int:
    if type_.name == "char":
        return 1
    if type_.name == "name":
        return 31
    return modifier - _HEADER if modifier >= _HEADER else _LONG


def _stretch(letter: str, length: int) -> str:
    """Write text of a length that no shorter one begins with: it ends in another letter."""
    return letter * (length - 1) + "z"


def _precision(modifier: int) -> tuple[int, int]:
    """Read digits and scale of a numeric; without any, more than any counter needs."""
    if modifier < _HEADER:
        return 30, 0
    packed = modifier - _HEADER
    scale = packed % (2 * _HALF)
    return packed >> 16, scale - 2 * _HALF if scale >= _HALF else scale


def _shapes(inside: tuple[str, ...]) -> list[str]:
    """Make an array of two dimensions, and one that does not begin at 1."""
    if not inside:
        return []
    one = _quoted(inside[0])
    return ["{{" + one + "},{" + one + "}}", "[5:5]={" + one + "}"]


def _array(values: list[str]) -> str:
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
