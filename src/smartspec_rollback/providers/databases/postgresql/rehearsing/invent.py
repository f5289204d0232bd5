"""Make up ordinary values of every type, all different: what an application might write.

Used by ``rows`` and ``parameters``. Values are texts as the server reads them, None where nothing
is known of a type; what the server makes of them is the server's to say.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from smartspec_rollback.domain.catalog import Catalog, DefinedType, TypeKind
from smartspec_rollback.providers.databases.postgresql.naming import quoted

_TYPE = re.compile(r"(?P<name>[^()\[\]]+?)(?:\((?P<sizes>[\d, ]+)\))?(?P<rest>[^\[\]()]*)")
_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.$'])-?\d+(?:\.\d+)?(?![\w.'])")
_FIRST_DAY = date(2024, 1, 1)
_YEAR = 365
_SMALL = 30_000
_BYTE = 250
_DEEPEST = 8


def _day(n: int) -> str:
    return (_FIRST_DAY + timedelta(days=n % (_YEAR * 10))).isoformat()


def _moment(n: int) -> str:
    return f"{_day(n)} {n % 24:02}:{n % 60:02}:00"


def _range(bound: Callable[[int], str]) -> Callable[[int], str]:
    return lambda n: f"[{bound(2 * n)},{bound(2 * n + 1)})"


def _quoted_range(bound: Callable[[int], str]) -> Callable[[int], str]:
    return lambda n: f'["{bound(2 * n)}","{bound(2 * n + 1)}")'


_PLAIN: Mapping[str, Callable[[int], str]] = {
    "smallint": lambda n: str(n % _SMALL),
    "integer": str,
    "bigint": str,
    "oid": str,
    "real": lambda n: f"{n}.5",
    "double precision": lambda n: f"{n}.5",
    "money": lambda n: f"{n}.25",
    "boolean": lambda n: "t" if n % 2 else "f",
    "text": lambda n: f"text {n}",
    '"char"': lambda n: chr(ord("a") + n % 26),
    "name": lambda n: f"name_{n}",
    "uuid": lambda n: f"{n:08x}-0000-4000-8000-{n:012x}",
    "bytea": lambda n: f"\\x{n:064x}",
    "date": _day,
    "timestamp without time zone": _moment,
    "timestamp with time zone": lambda n: f"{_moment(n)}+00",
    "time without time zone": lambda n: f"{n % 24:02}:{n % 60:02}:00",
    "time with time zone": lambda n: f"{n % 24:02}:{n % 60:02}:00+00",
    "interval": lambda n: f"{n} hours",
    "json": lambda n: f'{{"n": {n}}}',
    "jsonb": lambda n: f'{{"n": {n}}}',
    "xml": lambda n: f"<n>{n}</n>",
    "inet": lambda n: f"10.0.{n // _BYTE % _BYTE}.{n % _BYTE}",
    "cidr": lambda n: f"10.{n // _BYTE % _BYTE}.{n % _BYTE}.0/24",
    "macaddr": lambda n: f"08:00:2b:{n // 65536 % 256:02x}:{n // 256 % 256:02x}:{n % 256:02x}",
    "macaddr8": lambda n: (
        f"08:00:2b:00:00:{n // 65536 % 256:02x}:{n // 256 % 256:02x}:{n % 256:02x}"
    ),
    "point": lambda n: f"({n},{n})",
    "box": lambda n: f"({n},{n}),({n + 1},{n + 1})",
    "circle": lambda n: f"<({n},{n}),1>",
    "line": lambda n: f"{{1,-1,{n}}}",
    "lseg": lambda n: f"[({n},{n}),({n + 1},{n})]",
    "path": lambda n: f"(({n},{n}),({n + 1},{n}))",
    "polygon": lambda n: f"(({n},{n}),({n + 1},{n}),({n},{n + 1}))",
    "tsvector": lambda n: f"word{n}",
    "tsquery": lambda n: f"word{n}",
    "pg_lsn": lambda n: f"0/{n:X}",
    "int4range": _range(str),
    "int8range": _range(str),
    "numrange": _range(str),
    "daterange": _range(_day),
    "tsrange": _quoted_range(_moment),
    "tstzrange": _quoted_range(lambda n: f"{_moment(n)}+00"),
}


class Inventor:
    """Makes values up for the types of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        """Know the types somebody defined, as the server spells them."""
        self._defined: dict[str, DefinedType] = {}
        for each in catalog.types:
            self._defined[each.qualified] = each
            self._defined[quoted(each.schema, each.name)] = each
            self._defined[f'{each.schema}."{each.name}"'] = each
            self._defined[f'"{each.schema}".{each.name}'] = each

    def value(self, type_: str, n: int, depth: int = 0) -> str | None:
        """Make the ``n``-th value of a type; different for different ``n`` as far as it can be."""
        if depth > _DEEPEST:
            return None
        if type_.endswith("[]"):
            inner = self.value(type_.removesuffix("[]"), n, depth + 1)
            return None if inner is None else array([inner])
        if (defined := self._defined.get(type_)) is not None:
            return self._of_defined(defined, n, depth)
        if type_.endswith("citext"):
            return f"text {n}"
        return _built_in(type_, n)

    def candidates(self, type_: str, n: int, texts: Iterator[str]) -> Iterator[str]:
        """Give values that the checks in ``texts`` may ask for: constants in them, neighbours."""
        for text in [*texts, *self._checks(type_)]:
            for constant in _STRING.findall(text):
                yield constant.replace("''", "'")
            for number in _NUMBER.findall(text):
                yield number
                whole = int(float(number))
                yield str(whole + 1)
                yield str(whole - 1)
        yield from ("a", "A", "https://example.org/", "a@example.org", "0", "1")
        yield from (f"{n:0{width}x}" for width in (64, 40, 32, 8, 6))

    def _checks(self, type_: str) -> tuple[str, ...]:
        defined = self._defined.get(type_)
        return defined.checks if defined is not None else ()

    def _of_defined(self, defined: DefinedType, n: int, depth: int) -> str | None:
        match defined.kind:
            case TypeKind.ENUM:
                return defined.labels[n % len(defined.labels)] if defined.labels else None
            case TypeKind.DOMAIN:
                return self.value(defined.base or "text", n, depth + 1)
            case TypeKind.COMPOSITE:
                held = (self.value(a.type, n, depth + 1) for a in defined.attributes)
                return "(" + ",".join("" if v is None else _in_quotes(v) for v in held) + ")"
            case TypeKind.RANGE:
                return "empty"


def array(values: list[str | None]) -> str:
    """Write an array of one dimension."""
    return "{" + ",".join("NULL" if v is None else _in_quotes(v) for v in values) + "}"


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _built_in(type_: str, n: int) -> str | None:
    found = _TYPE.fullmatch(type_)
    if found is None:
        return None
    name = f"{found['name']}{found['rest']}".strip()
    sizes = [int(size) for size in (found["sizes"] or "").split(",") if size.strip()]
    if name in {"character varying", "character", "bit", "bit varying"}:
        return _sized(name, n, sizes[0] if sizes else None)
    if name == "numeric":
        digits, scale = (*sizes, 0)[:2] if sizes else (_DEEPEST, 0)
        return str(n % 10 ** max(1, digits - scale))
    if name.endswith("multirange"):
        inner = _PLAIN.get(name.replace("multirange", "range"))
        return None if inner is None else f"{{{inner(n)}}}"
    made = _PLAIN.get("interval" if name.startswith("interval ") else name)
    return made(n) if made is not None else None


def _sized(name: str, n: int, size: int | None) -> str:
    if name.startswith("bit"):
        width = size if size is not None else (1 if name == "bit" else _DEEPEST)
        return f"{n % 2**width:0{width}b}"
    text = f"text {n}"
    size = size if size is not None else (1 if name == "character" else len(text))
    if len(text) <= size:
        return text
    letters = ""
    rest = n
    while rest or not letters:
        rest, letter = divmod(rest, 26)
        letters = chr(ord("a") + letter) + letters
    return letters[-size:]
