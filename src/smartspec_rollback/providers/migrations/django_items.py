"""Django's indexes and constraints as SQL, with the simple conditions of ``Q``. Pure.

Called through ``django_operations`` and ``django_models``.
"""

import ast

from smartspec_rollback.providers.migrations.django_state import Model
from smartspec_rollback.providers.migrations.python_source import (
    Arguments,
    Computed,
    Names,
    dotted,
    evaluate,
    last,
)
from smartspec_rollback.providers.migrations.quoting import ident, idents, literal

_METHODS = {
    "GinIndex": "gin", "GistIndex": "gist", "BrinIndex": "brin", "HashIndex": "hash",
    "SpGistIndex": "spgist", "BTreeIndex": "btree", "BloomIndex": "bloom",
}  # fmt: skip
_LOOKUPS = {
    "exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "ne": "<>",
}  # fmt: skip


def name_of(arguments: Arguments) -> str:
    """Give the name of an index or constraint; Computed where Django makes it up."""
    return arguments.text(None, "name")


def index_sql(arguments: Arguments, model: Model, *, soon: bool = False) -> str:
    """Translate ``models.Index(fields=[…], name=…)``."""
    call = arguments.call
    if call.args:
        raise Computed(call, f"{dotted(call.func)} of expressions")
    columns = []
    for name in arguments.texts(None, "fields"):
        column = ident(model.column(name.removeprefix("-")))
        columns.append(f"{column} DESC" if name.startswith("-") else column)
    method = _METHODS.get(last(call.func))
    include = arguments.texts(None, "include") if arguments.get(None, "include") else []
    return (
        f"CREATE INDEX {'CONCURRENTLY ' if soon else ''}{ident(name_of(arguments))} "
        f"ON {ident(model.table)} {f'USING {method} ' if method else ''}({', '.join(columns)})"
        + (f" INCLUDE ({idents(map(model.column, include))})" if include else "")
        + _where(arguments, model)
    )


def item_sql(arguments: Arguments, model: Model, *, valid: bool = True) -> str:
    """Translate ``models.UniqueConstraint`` and ``models.CheckConstraint``."""
    call, name = arguments.call, ident(name_of(arguments))
    add = f"ALTER TABLE {ident(model.table)} ADD CONSTRAINT {name}"
    if last(call.func) == "CheckConstraint":
        node = arguments.node(None, "check") or arguments.node(None, "condition")
        if node is None:
            raise Computed(call, "a CheckConstraint without condition")
        unchecked = "" if valid else " NOT VALID"
        return f"{add} CHECK ({condition(node, model, arguments.names)}){unchecked}"
    if last(call.func) != "UniqueConstraint" or call.args:
        raise Computed(call, f"{dotted(call.func)} of expressions")
    columns = idents(model.column(each) for each in arguments.texts(None, "fields"))
    where = _where(arguments, model)
    if where:
        return f"CREATE UNIQUE INDEX {name} ON {ident(model.table)} ({columns}){where}"
    deferred = arguments.node(None, "deferrable")
    late = f" DEFERRABLE INITIALLY {last(deferred).upper()}" if deferred is not None else ""
    return f"{add} UNIQUE ({columns}){late}"


def drop_item_sql(arguments: Arguments, model: Model) -> str:
    """Write what takes away the constraint that ``item_sql`` adds."""
    if "condition" in arguments.keywords and last(arguments.call.func) == "UniqueConstraint":
        return f"DROP INDEX {ident(name_of(arguments))}"
    return f"ALTER TABLE {ident(model.table)} DROP CONSTRAINT {ident(name_of(arguments))}"


def _where(arguments: Arguments, model: Model) -> str:
    node = arguments.node(None, "condition")
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ""
    return f" WHERE {condition(node, model, arguments.names)}"


def condition(node: ast.AST, model: Model, names: Names) -> str:
    """Translate ``Q(price__gte=0) & ~Q(name="")``; Computed for what is not so simple."""
    match node:
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
            word = "AND" if isinstance(op, ast.BitAnd) else "OR"
            there = condition(right, model, names)
            return f"({condition(left, model, names)} {word} {there})"
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return f"NOT ({condition(operand, model, names)})"
        case ast.Call() if last(node.func) == "Q":
            return _q(node, model, names)
        case _:
            raise Computed(node, "the condition is computed")


def _q(call: ast.Call, model: Model, names: Names) -> str:
    arguments = Arguments(call, names)
    parts = [condition(each, model, names) for each in call.args if isinstance(each, ast.Call)]
    for each in call.args:
        if isinstance(each, ast.Tuple) and len(each.elts) == 2:  # noqa: PLR2004 - a pair
            lookup, value = (evaluate(item, names) for item in each.elts)
            parts.append(_compare(call, str(lookup), value, model))
        elif not isinstance(each, ast.Call):
            parts.append(condition(each, model, names))
    word = " AND "
    for key in arguments.keywords:
        if key == "_connector":
            word = f" {arguments.text(None, key)} "
        elif key != "_negated":
            parts.append(_compare(call, key, arguments.get(None, key), model))
    if not parts:
        raise Computed(call, "an empty condition")
    joined = word.join(parts)
    negated = arguments.get(None, "_negated") is True
    return f"NOT ({joined})" if negated else f"({joined})" if len(parts) > 1 else joined


def _compare(call: ast.Call, lookup: str, value: object, model: Model) -> str:
    name, _, operator = lookup.partition("__")
    column = ident(model.column(name))
    if operator == "isnull" and isinstance(value, bool):
        return f"{column} IS {'' if value else 'NOT '}NULL"
    if operator == "in" and isinstance(value, list):
        return f"{column} IN ({', '.join(map(literal, value))})"
    if operator in {"", "exact"} and value is None:
        return f"{column} IS NULL"
    sign = _LOOKUPS.get(operator or "exact")
    if sign is None:
        raise Computed(call, f"the lookup {lookup} is not translated")
    return f"{column} {sign} {literal(value)}"
