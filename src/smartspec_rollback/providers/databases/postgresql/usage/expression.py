"""Resolve expressions: which columns they read, which functions and types they name.

The lowest of the resolver's parts; ``from_clause`` builds on it.
"""

from abc import ABC, abstractmethod
from typing import Any

from smartspec_rollback.domain.workload import Call
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings
from smartspec_rollback.providers.databases.postgresql.usage.names import (
    SYSTEM_COLUMNS,
    Item,
    Names,
    Scope,
)
from smartspec_rollback.providers.databases.postgresql.usage.values import (
    compared,
    constants,
    peeled,
)
from smartspec_rollback.providers.databases.resolving.outputs import Origin, Output, Want, renamed
from smartspec_rollback.providers.databases.resolving.record import Record


class Shape:
    """What a query offers: its columns, and the relations whose ``*`` is among them."""

    def __init__(self, outputs: tuple[Output, ...], grows: frozenset[str], *, opaque: bool) -> None:
        """Hold the three facts; they mean what Item's mean."""
        self.outputs = outputs
        self.grows = grows
        self.opaque = opaque

    def item(self, name: str, columns: tuple[str, ...] = ()) -> Item:
        """Name it, as something after FROM; ``columns`` rename the first ones."""
        return Item(name, renamed(self.outputs, columns), grows=self.grows, opaque=self.opaque)


class Expressions(ABC):
    """Walks expressions; whatever node it has no method for is walked through."""

    def __init__(self, names: Names) -> None:
        """Start with an empty record."""
        self.names = names
        self.record = Record()
        self._handlers = {
            "ColumnRef": self.column,
            "FuncCall": self._call,
            "SubLink": self._sublink,
            "A_Indirection": self._indirection,
            "A_Expr": self._operator,
            "CaseExpr": self._case,
            "typeName": self._type,
            "TypeName": self._type,
            "SelectStmt": self._nested,
        }

    @abstractmethod
    def query(self, node: Tree, outer: Scope | None, want: Want) -> Shape:
        """Resolve a SELECT."""

    def expression(self, value: Any, scope: Scope) -> None:
        """Resolve any part of a tree."""
        if isinstance(value, list):
            for each in value:
                self.expression(each, scope)
        elif isinstance(value, dict):
            for kind, inside in value.items():
                handler = self._handlers.get(kind)
                if handler is not None:
                    handler(inside, scope)
                elif isinstance(inside, dict | list):
                    self.expression(inside, scope)

    def column(self, node: Tree, scope: Scope) -> Output | None:
        """Resolve a reference; the column it means, None for a whole row or one not found."""
        parts = strings(node["fields"])
        if parts == ("*",):
            for item in scope.items:
                self.whole(item)
            return None
        return self._bare(parts[0], scope) if len(parts) == 1 else self._qualified(parts, scope)

    def whole(self, item: Item) -> None:
        """Note that every column of an item is read as one value."""
        for output in item.outputs:
            self.record.read(output.origins)
        self.record.starred(item.grows)

    def _bare(self, name: str, scope: Scope) -> Output | None:
        level: Scope | None = scope
        passed: set[str] = set()
        opaque = False
        while level is not None:
            seen = [item for item in level.items if not item.hidden]
            holders = [item for item in seen if name in item.by_name]
            if holders:
                return self._found(name, holders, seen, passed, level)
            opaque = opaque or any(item.opaque for item in seen)
            passed.update(*(item.grows for item in seen))
            level = level.parent
        if (item := scope.item(name)) is not None:
            self.whole(item)
        elif opaque:
            # A function's column; a table beside it that gains the name makes it ambiguous.
            self.record.rivals(name, None, passed)
        elif not (name in SYSTEM_COLUMNS and passed):
            of = f" of {next(iter(passed)).rpartition('.')[2]}" if len(passed) == 1 else ""
            self.record.problem(f"column {name}{of} does not exist")
        return None

    def _found(
        self, name: str, holders: list[Item], seen: list[Item], passed: set[str], level: Scope
    ) -> Output:
        merged = name in level.merged
        if len(holders) > 1 and not merged:
            self.record.problem(f"column {name} is ambiguous")
        parts = [item.by_name[name].origins for item in holders]
        output = Output(name, tuple(dict.fromkeys(o for origins in parts for o in origins)))
        self.record.read(output.origins)
        others = [item.grows for item in seen if item not in holders]
        self.record.rivals(name, output, set().union(*others) - passed)
        self.record.captured(name, output, passed)
        return output

    def _qualified(self, parts: tuple[str, ...], scope: Scope) -> Output | None:
        *schemas, table, name = parts
        item = scope.item(table)
        if item is None:
            self.record.problem(f"nothing in FROM is called {'.'.join((*schemas, table))}")
            return None
        if name == "*":
            self.whole(item)
            return None
        output = item.by_name.get(name)
        if output is not None:
            self.record.read(output.origins)
        elif name in self.names.functions:
            self.record.calls[Call(name=name, arguments=1)] = None
            self.whole(item)
        elif not item.opaque and not (name in SYSTEM_COLUMNS and item.relation):
            table = item.relation.rpartition(".")[2] if item.relation else table
            self.record.problem(f"column {name} of {table} does not exist")
        return output

    def _call(self, node: Tree, scope: Scope) -> None:
        if node.get("funcformat") != "COERCE_SQL_SYNTAX":
            name = ".".join(strings(node["funcname"])).removeprefix("pg_catalog.")
            self.record.calls[Call(name=name, arguments=len(node.get("args", ())))] = None
        if _counts_rows(node, scope):
            return
        self.expression({k: v for k, v in node.items() if k != "funcname"}, scope)

    def _sublink(self, node: Tree, scope: Scope) -> None:
        self.expression(node.get("testexpr"), scope)
        exists = node.get("subLinkType") == "EXISTS_SUBLINK"
        want = Want.NOTHING if exists else Want.WHOLE
        shape = self.query(node["subselect"]["SelectStmt"], scope, want)
        if node.get("testexpr") is not None and shape.outputs:
            origins = [*self.origins(node["testexpr"], scope), *shape.outputs[0].origins]
            self._literals(origins, (node["testexpr"],))

    def _nested(self, node: Tree, scope: Scope) -> None:
        self.query(node, scope, Want.WHOLE)

    def _indirection(self, node: Tree, scope: Scope) -> None:
        """Resolve ``(t).c``: a column of the row ``t``, or a part of the column ``t``."""
        inside = node["arg"].get("ColumnRef")
        steps = node["indirection"]
        alone = strings(inside["fields"]) if inside is not None else ()
        if len(alone) == 1 and "String" in steps[0] and not self._is_column(alone[0], scope):
            self.column({"fields": [*inside["fields"], steps[0]]}, scope)
            self.expression(steps[1:], scope)
            return
        self.expression(node["arg"], scope)
        self.expression(steps, scope)

    def _operator(self, node: Tree, scope: Scope) -> None:
        left, right = node.get("lexpr"), node.get("rexpr")
        self.expression(left, scope)
        self.expression(right, scope)
        if compared(node):
            self._literals([*self.origins(left, scope), *self.origins(right, scope)], (left, right))

    def _case(self, node: Tree, scope: Scope) -> None:
        self.expression(node, scope)
        if "arg" in node:
            whens = [each["CaseWhen"]["expr"] for each in node["args"]]
            self._literals(self.origins(node["arg"], scope), whens)

    def _literals(self, origins: list[Origin], values: Any) -> None:
        for text in constants(values) if origins else ():
            for each in origins:
                self.record.draft(each.relation).literals[each.column, text] = None

    def _type(self, node: Tree, scope: Scope) -> None:
        parts = strings(node.get("names", []))
        if not parts or parts[0] == "pg_catalog":
            return
        schema = parts[-2] if len(parts) > 1 else None
        name = self.names.type(parts[-1], schema) or ".".join(parts)
        self.record.types[name] = None
        self.expression(node.get("typmods"), scope)

    def _is_column(self, name: str, scope: Scope) -> bool:
        level: Scope | None = scope
        while level is not None:
            if any(name in item.by_name for item in level.items if not item.hidden):
                return True
            level = level.parent
        return False

    def origins(self, value: Any, scope: Scope) -> list[Origin]:
        """Find the columns whose value an expression is, casts and COALESCE apart."""
        found: list[Origin] = []
        for node in peeled(value):
            if (reference := node.get("ColumnRef")) is None:
                continue
            parts = strings(reference["fields"])
            output = None
            if len(parts) > 1 and (item := scope.item(parts[-2])) is not None:
                output = item.by_name.get(parts[-1])
            elif len(parts) == 1:
                output = _nearest(parts[0], scope)
            found += output.origins if output is not None else ()
        return found


def _nearest(name: str, scope: Scope) -> Output | None:
    level: Scope | None = scope
    while level is not None:
        for item in level.items:
            if not item.hidden and name in item.by_name:
                return item.by_name[name]
        level = level.parent
    return None


def _counts_rows(node: Tree, scope: Scope) -> bool:
    """Tell whether a call is ``count(t)`` with a whole row, which looks at no column."""
    arguments = node.get("args", ())
    if strings(node["funcname"]) != ("count",) or len(arguments) != 1 or "over" in node:
        return False
    parts = strings(arguments[0].get("ColumnRef", {}).get("fields", []))
    return (
        "agg_filter" not in node
        and len(parts) == 1
        and (_nearest(parts[0], scope) is None and scope.item(parts[0]) is not None)
    )
