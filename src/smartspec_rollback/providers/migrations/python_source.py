"""Reads Python through its syntax tree only: literals, names bound to them, SQL made of them.

Used by the readers of Alembic and Django. Nothing is imported or evaluated; whatever is not a
literal is ``Computed``, with its line.
"""

import ast
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from smartspec_rollback.providers.migrations.quoting import Raw, quoted
from smartspec_rollback.providers.migrations.reading import Reading

_MAX_NOTES = 5
_MAX_SHOWN = 60
_RAW = {
    "now": "now()",
    "current_timestamp": "CURRENT_TIMESTAMP",
    "false": "false",
    "true": "true",
    "null": "NULL",
    "gen_random_uuid": "gen_random_uuid()",
    "uuid_generate_v4": "uuid_generate_v4()",
}
_METHODS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "lower": str.lower,
}


class Computed(Exception):
    """A value that only running the code would tell."""

    def __init__(self, node: ast.AST, what: str) -> None:
        """Keep the line, and say what was found there."""
        self.note = f"line {getattr(node, 'lineno', 0)}: {what}"
        super().__init__(self.note)


_CHANGES = frozenset({"add", "append", "clear", "extend", "insert", "pop", "remove", "update"})
Names = Mapping[str, object]


@dataclass
class Script:
    """SQL statements made of code, and what of the code could not be."""

    statements: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sql(self) -> str | None:
        """Give the text; None where there is nothing but what could not be read."""
        if not self.statements:
            return None if self.notes else ""
        return "".join(f"{statement.strip().rstrip(';')};\n" for statement in self.statements)

    @property
    def dynamic(self) -> str | None:
        """Say what could not be read; None if all of it was."""
        if len(self.notes) <= _MAX_NOTES:
            return "; ".join(self.notes) or None
        rest = len(self.notes) - _MAX_NOTES
        return "; ".join((*self.notes[:_MAX_NOTES], f"and {rest} more"))


def parse(reading: Reading, path: str) -> ast.Module | None:
    """Parse a file; None, and a problem, if it is no Python."""
    text = reading.text(path)
    if text is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the project's odd escapes are not ours to print
            return ast.parse(text, filename=path)
    except SyntaxError as error:
        reading.problem(path, f"line {error.lineno or 0}: it is not valid Python: {error.msg}")
    except (RecursionError, MemoryError, ValueError):
        reading.problem(path, "it is nested too deeply, or otherwise no Python that can be parsed")
    return None


def dotted(node: ast.AST) -> str:
    """Write a name such as ``op.add_column``; what is before it and no name becomes ``?``."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(parts))


def last(node: ast.AST) -> str:
    """Give the last part of a dotted name."""
    return dotted(node).rpartition(".")[2]


class Arguments:
    """The arguments of a call, by place or by name, evaluated when asked for."""

    def __init__(self, call: ast.Call, names: Names) -> None:
        """Refuse ``*`` and ``**`` as computed."""
        self.call = call
        self.names = names
        for each in call.args:
            if isinstance(each, ast.Starred):
                raise Computed(each, f"{dotted(call.func)}(*…) is computed")
        if any(keyword.arg is None for keyword in call.keywords):
            raise Computed(call, f"{dotted(call.func)}(**…) is computed")
        self._named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}

    @property
    def keywords(self) -> tuple[str, ...]:
        """List the names given."""
        return tuple(self._named)

    def node(self, place: int | None, name: str) -> ast.expr | None:
        """Find the argument's syntax; None if it was not given."""
        if place is not None and place < len(self.call.args):
            return self.call.args[place]
        return self._named.get(name)

    def get(self, place: int | None, name: str, default: object = None) -> object:
        """Evaluate the argument."""
        node = self.node(place, name)
        return default if node is None else evaluate(node, self.names)

    def text(self, place: int | None, name: str) -> str:
        """Evaluate an argument that must be there and be a string."""
        found = self.get(place, name)
        if not isinstance(found, str):
            raise Computed(self.call, f"{dotted(self.call.func)}: {name} is not a literal string")
        return found

    def optional(self, place: int | None, name: str) -> str | None:
        """Evaluate an argument that may be missing or None, and else is a string."""
        return None if self.get(place, name) is None else self.text(place, name)

    def texts(self, place: int | None, name: str) -> list[str]:
        """Evaluate an argument that is a list of strings, or one string."""
        found = self.get(place, name, [])
        items = found if isinstance(found, list) else [found]
        if not all(isinstance(item, str) for item in items):
            raise Computed(self.call, f"{dotted(self.call.func)}: {name} is not a literal list")
        return [str(item) if not isinstance(item, Raw) else item for item in items]


def evaluate(node: ast.AST, names: Names) -> object:
    """Evaluate a literal; lists and tuples become lists; Computed for anything else."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [evaluate(item, names) for item in items]
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {
                str(evaluate(key, names)): evaluate(value, names)
                for key, value in zip(keys, values, strict=True)
                if key
            }
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = evaluate(operand, names)
            if isinstance(number, int | float):
                return -number
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _added(node, evaluate(left, names), evaluate(right, names))
        case ast.JoinedStr(values=parts):
            return "".join(_piece(part, names) for part in parts)
        case ast.Call():
            return _called(node, names)
        case _:
            pass
    raise Computed(node, f"`{_shown(node)}` is computed")


def _added(node: ast.AST, left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    raise Computed(node, f"`{_shown(node)}` is computed")


def _piece(part: ast.AST, names: Names) -> str:
    if isinstance(part, ast.FormattedValue) and part.conversion == -1 and not part.format_spec:
        found = evaluate(part.value, names)
        if isinstance(found, str | int) and not isinstance(found, bool):
            return str(found)
        raise Computed(part, f"`{_shown(part.value)}` is computed")
    return str(evaluate(part, names))


def _called(call: ast.Call, names: Names) -> object:
    name = last(call.func)
    if name in {"f", "dedent", "_", "gettext_lazy"} and len(call.args) == 1:
        found = evaluate(call.args[0], names)
        if isinstance(found, str):
            return textwrap.dedent(found) if name == "dedent" else found
    if name in {"text", "literal_column", "DDL", "SQL"} and len(call.args) == 1:
        found = evaluate(call.args[0], names)
        if isinstance(found, str):
            return Raw(found)
    if name in _METHODS and isinstance(call.func, ast.Attribute) and not call.args:
        found = evaluate(call.func.value, names)
        if isinstance(found, str):
            return _METHODS[name](found)
    if name in _RAW and not call.args and not call.keywords:
        return Raw(_RAW[name])
    if name == "Decimal" and len(call.args) == 1:
        return Raw(quoted(str(evaluate(call.args[0], names))))
    raise Computed(call, f"{dotted(call.func)}(…) is computed")


def _shown(node: ast.AST) -> str:
    shown = " ".join(ast.unparse(node).split())
    return shown if len(shown) <= _MAX_SHOWN else shown[: _MAX_SHOWN - 1] + "…"


def constants(body: Iterable[ast.stmt], known: Names | None = None) -> dict[str, object]:
    """Collect the names that are bound once, to a literal, and not changed in place."""
    body = list(body)
    bound: dict[str, object] = dict(known or {})
    seen: set[str] = {name for statement in body for name in _changed_in_place(statement)}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                if node.id in seen:
                    bound.pop(node.id, None)
                    continue
                seen.add(node.id)
                bound.pop(node.id, None)
                if (assigned := assignment(statement)) and assigned.name == node.id:
                    try:
                        bound[node.id] = evaluate(assigned.value, bound)
                    except Computed:
                        continue
    return bound


def _changed_in_place(statement: ast.stmt) -> Iterator[str]:
    """Name what is added to, or assigned a part of."""
    for node in ast.walk(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)):
                if attr in _CHANGES:
                    yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name
            case _:
                pass


class Assigned(NamedTuple):
    """One name, and what is assigned to it."""

    name: str
    value: ast.expr


def assignment(statement: ast.stmt) -> Assigned | None:
    """Take ``name = value`` apart, annotated or not."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return Assigned(name, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return Assigned(name, value)
        case _:
            return None
