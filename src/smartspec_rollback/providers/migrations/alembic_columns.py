"""Translates SQLAlchemy's columns, types and table constraints to SQL. Called by Alembic's reader.

Types are best effort: enough for a parser, and for the rules about columns.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from smartspec_rollback.providers.migrations.python_source import (
    Arguments,
    Computed,
    Names,
    dotted,
    evaluate,
    last,
)
from smartspec_rollback.providers.migrations.quoting import ident, idents, literal, quoted

_PLAIN = {
    "integer": "integer", "int": "integer", "biginteger": "bigint", "bigint": "bigint",
    "smallinteger": "smallint", "smallint": "smallint", "text": "text", "unicodetext": "text",
    "boolean": "boolean", "date": "date", "interval": "interval", "double": "double precision",
    "double_precision": "double precision", "real": "real", "largebinary": "bytea",
    "bytea": "bytea", "blob": "bytea", "json": "json", "jsonb": "jsonb", "uuid": "uuid",
    "inet": "inet", "cidr": "cidr", "macaddr": "macaddr", "citext": "citext", "hstore": "hstore",
    "tsvector": "tsvector", "tsquery": "tsquery", "oid": "oid", "money": "money",
    "int4range": "int4range", "int8range": "int8range", "numrange": "numrange",
    "daterange": "daterange", "tsrange": "tsrange", "tstzrange": "tstzrange", "xml": "xml",
    "ltree": "ltree", "guid": "uuid",
}  # fmt: skip
_LENGTHS = {
    "string": "varchar", "unicode": "varchar", "varchar": "varchar", "autostring": "varchar",
    "nvarchar": "varchar", "char": "char", "nchar": "char", "bit": "bit",
}  # fmt: skip
_SERIAL = {"integer": "serial", "bigint": "bigserial", "smallint": "smallserial"}


@dataclass
class Column:
    """One column, as far as a statement needs it."""

    name: str
    type: str
    clauses: list[str] = field(default_factory=list)
    primary: bool = False
    counts: bool = True  # an integer key counts up by itself, unless it is told not to
    unique: bool = False
    index: bool = False
    types: list[str] = field(default_factory=list)  # statements that make the types it needs
    comment: str | None = None

    def sql(self, *, key: bool = False) -> str:
        """Write the definition; with ``key``, an integer counts up by itself."""
        kind = _SERIAL.get(self.type, self.type) if key and self.counts else self.type
        return " ".join([ident(self.name), kind, *self.clauses])


def column(call: ast.AST, names: Names) -> Column:
    """Translate ``sa.Column(…)``."""
    if not isinstance(call, ast.Call) or last(call.func) != "Column":
        raise Computed(call, f"`{ast.unparse(call)[:60]}` is not a literal Column")
    arguments = Arguments(call, names)
    rest = list(call.args[1:])
    kind = arguments.node(None, "type_")
    if kind is None and rest and not _is_item(rest[0]):
        kind = rest.pop(0)
    made = Column(arguments.text(0, "name"), "")
    made.primary = arguments.get(None, "primary_key") is True
    made.unique = arguments.get(None, "unique") is True
    made.index = arguments.get(None, "index") is True
    made.comment = arguments.optional(None, "comment")
    made.counts = arguments.get(None, "autoincrement", "auto") is not False
    if arguments.get(None, "nullable", not made.primary) is False:
        made.clauses.append("NOT NULL")
    for item in rest:
        made.clauses.append(_item(item, names, made))
    if "server_default" in arguments.keywords:
        made.clauses += default_clause(arguments, names)
        made.counts = False
    if kind is None:
        raise Computed(call, f"column {made.name}: its type is that of the column it refers to")
    made.type = type_of(kind, names, made.types)
    return made


def default_clause(arguments: Arguments, names: Names) -> list[str]:
    """Translate ``server_default=``; nothing for None."""
    node = arguments.node(None, "server_default")
    if isinstance(node, ast.Call) and last(node.func) in {"Identity", "Computed"}:
        return [_item(node, names, None)]
    value = arguments.get(None, "server_default")
    if value is None:
        return []
    return [f"DEFAULT {literal(value)}"]


def type_of(node: ast.AST, names: Names, types: list[str] | None = None) -> str:
    """Translate a type; ``types`` takes the statements that make it."""
    if isinstance(node, ast.Call):
        return _type_called(node, names, types)
    name = last(node).lower()
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _LENGTHS:
        return _LENGTHS[name]
    known = {
        "datetime": "timestamp", "timestamp": "timestamp", "time": "time", "float": "float",
        "numeric": "numeric", "decimal": "numeric",
    }  # fmt: skip
    if name in known:
        return known[name]
    raise Computed(node, f"the type `{ast.unparse(node)[:60]}` is not one of SQLAlchemy's")


def _type_called(node: ast.Call, names: Names, types: list[str] | None) -> str:
    name = last(node.func).lower()
    arguments = Arguments(node, names)
    if name in _LENGTHS:
        length = arguments.get(0, "length")
        return f"{_LENGTHS[name]}({length})" if isinstance(length, int) else _LENGTHS[name]
    if name in {"numeric", "decimal"}:
        precision, scale = arguments.get(0, "precision"), arguments.get(1, "scale")
        if not isinstance(precision, int):
            return "numeric"
        return f"numeric({precision}, {scale})" if scale is not None else f"numeric({precision})"
    if name == "float":
        precision = arguments.get(0, "precision")
        return f"float({precision})" if isinstance(precision, int) else "float"
    if name in {"datetime", "timestamp", "time"}:
        kind = "time" if name == "time" else "timestamp"
        return f"{kind} with time zone" if arguments.get(0, "timezone") is True else kind
    if name == "enum":
        return _enum(arguments, types)
    if name == "array" and (inner := arguments.node(0, "item_type")) is not None:
        return type_of(inner, names, types) + "[]"
    if name in _PLAIN:
        return _PLAIN[name]
    if name == "with_variant" and isinstance(node.func, ast.Attribute):
        return type_of(node.func.value, names, types)
    raise Computed(node, f"the type {dotted(node.func)} is not one of SQLAlchemy's")


def _enum(arguments: Arguments, types: list[str] | None) -> str:
    name = arguments.optional(None, "name")
    native = arguments.get(None, "native_enum", default=True)
    if name is None or native is False:
        return "varchar"
    if types is not None and arguments.get(None, "create_type", default=True) is not False:
        types.append(create_enum(arguments))
    return ident(name)


def create_enum(arguments: Arguments) -> str:
    """Write the statement that makes the type of ``sa.Enum("a", "b", name="x")``."""
    labels = [evaluate(label, arguments.names) for label in arguments.call.args]
    if not labels or not all(isinstance(label, str) for label in labels):
        raise Computed(arguments.call, "an enum's labels are computed")
    listed = ", ".join(quoted(str(label)) for label in labels)
    return f"CREATE TYPE {ident(arguments.text(None, 'name'))} AS ENUM ({listed})"


def _is_item(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in _ITEMS


def _item(node: ast.AST, names: Names, made: Column | None) -> str:
    """Translate what may stand in a Column behind its type."""
    if not isinstance(node, ast.Call) or last(node.func) not in _ITEMS:
        raise Computed(node, f"`{ast.unparse(node)[:60]}` in a Column is computed")
    if made is not None and last(node.func) in {"Identity", "Computed", "ForeignKey", "Sequence"}:
        made.counts = False
    return _ITEMS[last(node.func)](Arguments(node, names))


def _foreign_key(arguments: Arguments) -> str:
    return "REFERENCES " + _referred([arguments.text(0, "column")]) + _actions(arguments)


def _referred(columns: list[str]) -> str:
    """Write ``shop.users.id`` as a table and its column."""
    table = columns[0].rpartition(".")[0]
    names = [column.rpartition(".")[2] for column in columns]
    return f"{'.'.join(ident(part) for part in table.split('.'))} ({idents(names)})"


def _actions(arguments: Arguments) -> str:
    clauses = ""
    for key, words in (("onupdate", "ON UPDATE"), ("ondelete", "ON DELETE")):
        if action := arguments.optional(None, key):
            clauses += f" {words} {action}"
    if arguments.get(None, "deferrable") is True:
        clauses += " DEFERRABLE"
    if initially := arguments.optional(None, "initially"):
        clauses += f" INITIALLY {initially}"
    return clauses


def _computed(arguments: Arguments) -> str:
    return f"GENERATED ALWAYS AS ({arguments.text(0, 'sqltext')}) STORED"


def _identity(arguments: Arguments) -> str:
    when = "ALWAYS" if arguments.get(None, "always") is True else "BY DEFAULT"
    return f"GENERATED {when} AS IDENTITY"


def _named(arguments: Arguments, sql: str) -> str:
    name = arguments.optional(None, "name")
    return f"CONSTRAINT {ident(name)} {sql}" if name else sql


def _check(arguments: Arguments) -> str:
    return _named(arguments, f"CHECK ({arguments.text(0, 'sqltext')})")


def _columns_of(arguments: Arguments) -> str:
    return idents(str(evaluate(node, arguments.names)) for node in arguments.call.args)


def _foreign_keys(arguments: Arguments) -> str:
    there = _referred(arguments.texts(1, "refcolumns") or [""])
    here = idents(arguments.texts(0, "columns"))
    return _named(arguments, f"FOREIGN KEY ({here}) REFERENCES {there}{_actions(arguments)}")


_ITEMS: dict[str, Callable[[Arguments], str]] = {
    "ForeignKey": _foreign_key,
    "Computed": _computed,
    "Identity": _identity,
    "CheckConstraint": _check,
}
TABLE_ITEMS: dict[str, Callable[[Arguments], str]] = {
    "PrimaryKeyConstraint": lambda a: _named(a, f"PRIMARY KEY ({_columns_of(a)})"),
    "UniqueConstraint": lambda a: _named(a, f"UNIQUE ({_columns_of(a)})"),
    "ForeignKeyConstraint": _foreign_keys,
    "CheckConstraint": _check,
}


def key_of(items: list[ast.expr], names: Names) -> list[str]:
    """Name the columns of a table's primary key."""
    found: list[str] = []
    for item in items:
        if isinstance(item, ast.Call) and last(item.func) == "PrimaryKeyConstraint":
            found += [str(evaluate(node, names)) for node in item.args]
    return found
