"""Reads Alembic's revisions through their syntax tree: order by down_revision, ``op.*`` as SQL.

What is not a literal call of ``op`` is flagged dynamic with its line, and the statements around it
are still given. Called through ``TOOLS``.
"""

import ast
import re

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.alembic_operations import (
    OPERATIONS,
    Operation,
    enum_statement,
)
from smartspec_rollback.providers.migrations.graph import in_order
from smartspec_rollback.providers.migrations.python_source import (
    Arguments,
    Assigned,
    Computed,
    Names,
    Script,
    assignment,
    constants,
    dotted,
    evaluate,
    last,
    parse,
)
from smartspec_rollback.providers.migrations.reading import Reader, Reading, report_duplicates

_FILE = re.compile(r"(?:.*/)?[^/]+\.py")
_REVISION = re.compile(r"^revision\b[^=\n]*=", re.MULTILINE)
_PARENT = re.compile(r"^down_revision\b[^=\n]*=", re.MULTILINE)
_CONNECTIONS = frozenset({"get_bind", "get_context", "inspect"})


def _revisions(reading: Reading) -> list[str]:
    """Find the files that bind both names of a revision."""
    found = []
    for file in reading.named(_FILE, deep=True):
        text = reading.text(file.string) or ""
        if _REVISION.search(text) and _PARENT.search(text):
            found.append(file.string)
    return found


def _recognises(reading: Reading) -> bool:
    return bool(_revisions(reading))


def _read(reading: Reading) -> list[Migration]:
    found = [_revision(reading, path) for path in _revisions(reading)]
    report_duplicates(reading, found)
    ordered = in_order(reading, found)
    parents = {version for migration in found for version in migration.requires}
    heads = [migration for migration in ordered if migration.version not in parents]
    if len(heads) > 1:
        names = ", ".join(head.version for head in heads)
        reading.problem(heads[-1].path, f"there are several heads: {names}")
    return ordered


def _revision(reading: Reading, path: str) -> Migration:
    module = parse(reading, path)
    if module is None:
        why = f"{path} cannot be read as Python"
        return Migration(version=path, name="", path=path, up=None, dynamic=why, down_dynamic=why)
    names = constants(module.body)
    bound = {a.name: a.value for a in map(assignment, module.body) if a is not None}
    version = _versions(reading, path, bound.get("revision"), names)
    parents = _versions(reading, path, bound.get("down_revision"), names)
    depends = _versions(reading, path, bound.get("depends_on"), names)
    up, down = _function(module, "upgrade", names), _function(module, "downgrade", names)
    dynamic = up.dynamic
    if not version:
        dynamic = "; ".join(filter(None, ("its revision is not a literal", dynamic)))
    return Migration(
        version=version[0] if version else path,
        name=_title(module),
        path=path,
        up=up.sql,
        down=down.sql,
        dynamic=dynamic,
        down_dynamic=down.dynamic,
        requires=(*parents, *depends),
    )


def _versions(reading: Reading, path: str, node: ast.expr | None, names: Names) -> tuple[str, ...]:
    if node is None:
        return ()
    try:
        value = evaluate(node, names)
    except Computed as computed:
        reading.problem(path, f"{computed.note}; its place among the revisions is unknown")
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str))


def _title(module: ast.Module) -> str:
    return (ast.get_docstring(module) or "").partition("\n")[0].strip()


def _function(module: ast.Module, name: str, names: Names) -> Script:
    script = Script()
    found = [
        node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    if not found:
        script.notes.append(f"there is no {name}()")
        return script
    helpers = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    body = found[-1].body
    try:
        _Body(script, constants(body, names), helpers).run(body)
    except RecursionError:
        script.notes.append(f"line {found[-1].lineno}: {name}() is nested too deeply")
    return script


class _Body:
    """Translates statements one after the other."""

    def __init__(self, script: Script, names: Names, helpers: set[str]) -> None:
        self.script = script
        self.names = names
        self.helpers = helpers
        self.connections: set[str] = set()
        self.calls: dict[str, ast.Call] = {}

    def run(self, body: list[ast.stmt], batch: tuple[str, str] | None = None) -> None:
        """Translate; ``batch`` is the name that stands for ``op`` in it, and its table."""
        for statement in body:
            if isinstance(statement, ast.Return):
                return
            try:
                self.script.statements += self._statement(statement, batch)
            except Computed as computed:
                self.script.notes.append(computed.note)
            except TypeError as error:
                line = statement.lineno
                self.script.notes.append(f"line {line}: a {error} has no literal in SQL")

    def _statement(self, statement: ast.stmt, batch: tuple[str, str] | None) -> list[str]:
        match statement:
            case ast.Pass() | ast.Import() | ast.ImportFrom():
                return []
            case ast.Expr(value=ast.Constant()):
                return []  # a docstring
            case ast.Expr(value=ast.Call() as call):
                return self._call(call, batch)
            case ast.With(items=[item], body=inside):
                return self._with(item, inside, batch)
            case ast.Raise():
                raise Computed(statement, "it raises an error: there is no way from here")
            case ast.Assign() | ast.AnnAssign():
                assigned = assignment(statement)
                if assigned is not None and self._assign(assigned):
                    return []
            case _:
                pass
        kind = type(statement).__name__.lower()
        raise Computed(statement, f"a statement `{kind}` decides when the code is run")

    def _assign(self, assigned: Assigned) -> bool:
        """Tell whether an assignment can do nothing to the database."""
        if assigned.name in self.names:
            return True
        value = assigned.value
        if isinstance(value, ast.Call):
            name = last(value.func)
            if name in _CONNECTIONS:
                self.connections.add(assigned.name)
                return True
            if name.lower() in {"enum", "table"}:
                self.calls[assigned.name] = value
                return True
            return name == "Session" or dotted(value.func).startswith(("sa.", "sqlalchemy."))
        return False

    def _call(self, call: ast.Call, batch: tuple[str, str] | None) -> list[str]:
        name = dotted(call.func)
        owner, _, function = name.rpartition(".")
        call = self._named_before(call)
        arguments = Arguments(call, self.names)
        if batch is not None and owner == batch[0] and function in OPERATIONS:
            return OPERATIONS[function](Operation(arguments, batch[1]))
        if owner in {"op", "alembic.op"} and function in OPERATIONS:
            return OPERATIONS[function](Operation(arguments, None))
        is_connection = owner in self.connections or _is_bind(call.func)
        if is_connection and function == "execute":
            return OPERATIONS["execute"](Operation(arguments, None))
        if function in {"create", "drop"}:
            return enum_statement(call, arguments)
        if name in self.helpers:
            raise Computed(call, f"{name}() is a function of the file")
        raise Computed(call, f"{name}(…) is computed")

    def _named_before(self, call: ast.Call) -> ast.Call:
        """Put an enum or table that was given a name before in the place of the name."""
        function: ast.expr = call.func
        owner = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(function, ast.Attribute) and isinstance(owner, ast.Name):
            known = self.calls.get(owner.id)
            if known is not None:
                function = ast.copy_location(
                    ast.Attribute(value=known, attr=function.attr, ctx=ast.Load()), function
                )
        places: list[ast.expr] = [
            self.calls.get(each.id, each) if isinstance(each, ast.Name) else each
            for each in call.args
        ]
        made = ast.Call(func=function, args=places, keywords=call.keywords)
        return ast.copy_location(made, call)

    def _with(
        self, item: ast.withitem, inside: list[ast.stmt], batch: tuple[str, str] | None
    ) -> list[str]:
        call = item.context_expr
        if not isinstance(call, ast.Call):
            raise Computed(call, "a `with` of something that is no call")
        name = last(call.func)
        if name == "batch_alter_table" and isinstance(item.optional_vars, ast.Name):
            table = Operation(Arguments(call, self.names), None).table(0)
            self.run(inside, (item.optional_vars.id, table))
            return []
        if name == "autocommit_block":
            self.run(inside, batch)
            return []
        raise Computed(call, f"with {dotted(call.func)}(…) is computed")


def _is_bind(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Call)
        and last(function.value.func) == "get_bind"
    )


ALEMBIC = Reader("alembic", _recognises, _read)
