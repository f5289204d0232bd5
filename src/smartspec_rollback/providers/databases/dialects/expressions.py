"""Resolve expressions: which columns they read, and which functions they call.

The lowest of the resolver's parts; ``sources`` builds on it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from sqlglot import exp

from smartspec_rollback.domain.workload import Call
from smartspec_rollback.providers.databases.dialects.names import SYSTEM_COLUMNS, Item, Names, Scope
from smartspec_rollback.providers.databases.dialects.values import (
    COMPARISONS,
    constants,
    is_default,
    peeled,
)
from smartspec_rollback.providers.databases.resolving.outputs import Origin, Output, Want, renamed
from smartspec_rollback.providers.databases.resolving.record import Record

_QUERIES = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)


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
    """Walks expressions, and notes in ``record`` what they touch."""

    def __init__(self, names: Names) -> None:
        """Resolve on the catalog of ``names``."""
        self.names = names
        self.record = Record()

    @abstractmethod
    def query(self, node: exp.Expr, outer: Scope | None, want: Want) -> Shape:
        """Resolve a query."""

    def expression(self, value: Any, scope: Scope) -> None:
        """Resolve any part of a tree, a list of parts, or None."""
        match value:
            case list() | tuple():
                for each in value:
                    self.expression(each, scope)
            case exp.Column():
                if not is_default(value):
                    self.column(value, scope)
            case exp.Expr():
                self._node(value, scope)

    def _node(self, value: exp.Expr, scope: Scope) -> None:
        """Resolve what is no column."""
        match value:
            case exp.Star():
                for item in scope.items:
                    self.whole(item)
            case exp.Exists():
                self.query(value.this, scope, Want.NOTHING)
            case exp.In():
                self._among(value, scope)
            case exp.Count(this=exp.Star()):
                return
            case exp.Anonymous():
                self._call(value, scope)
            case _ if isinstance(value, _QUERIES):
                self.query(value, scope, Want.WHOLE)
            case _:
                self._plain(value, scope)

    def _plain(self, node: exp.Expr, scope: Scope) -> None:
        """Resolve the parts; for a comparison, note the constants columns are compared with."""
        for each in node.args.values():
            self.expression(each, scope)
        if isinstance(node, COMPARISONS):
            self.compared([node.this, node.expression], scope)
        elif isinstance(node, exp.Between):
            self.compared([node.this, node.args["low"], node.args["high"]], scope)
        elif isinstance(node, exp.Case) and node.this is not None:
            whens = [each.this for each in node.args.get("ifs", ())]
            self.compared([node.this, *whens], scope)

    def _among(self, node: exp.In, scope: Scope) -> None:
        self.expression(node.this, scope)
        self.expression(node.expressions, scope)
        if (query := node.args.get("query")) is not None:
            self.query(query, scope, Want.WHOLE)
        elif (field := node.args.get("field")) is not None:
            self.record.problem(f"IN names {field.sql()[:60]} as a whole")
        self.compared([node.this, *node.expressions], scope)

    def compared(self, nodes: Iterable[exp.Expr], scope: Scope) -> None:
        """Note the constants among ``nodes`` with the columns among them."""
        nodes = list(nodes)
        origins = [each for node in nodes for each in self.origins(node, scope)]
        for text in constants(nodes) if origins else ():
            for each in origins:
                self.record.draft(each.relation).literals[each.column, text] = None

    def _call(self, node: exp.Anonymous, scope: Scope) -> None:
        """Note a call of a function that is not built in, as far as the parser knows."""
        arguments = node.expressions
        if node.name.upper() == "VALUES" and len(arguments) == 1:  # in ON DUPLICATE KEY UPDATE
            return
        self.record.calls[Call(name=node.name, arguments=len(arguments))] = None
        self.expression(arguments, scope)

    def column(self, node: exp.Column, scope: Scope) -> Output | None:
        """Resolve a reference; the column it means, None for a whole row or one not found."""
        table = node.table
        if isinstance(node.this, exp.Star):
            item = self._called(node, scope)
            if item is not None:
                self.whole(item)
            return None
        return self._qualified(node, scope) if table else self._bare(node.name, scope)

    def whole(self, item: Item) -> None:
        """Note that every column of an item is read."""
        for output in item.outputs:
            self.record.read(output.origins)
        self.record.starred(item.grows)

    def _called(self, node: exp.Column, scope: Scope) -> Item | None:
        item = scope.item(node.table)
        if item is None:
            self.record.problem(f"nothing in FROM is called {node.table}")
        return item

    def _bare(self, name: str, scope: Scope) -> Output | None:
        level: Scope | None = scope
        passed: set[str] = set()
        opaque, folded = False, name.lower()
        while level is not None:
            seen = [item for item in level.items if not item.hidden]
            holders = [item for item in seen if folded in item.by_name]
            if holders:
                return self._found(folded, holders, seen, passed, level)
            opaque = opaque or any(item.opaque for item in seen)
            passed.update(*(item.grows for item in seen))
            if folded in level.aliases:
                self.record.captured(name, None, passed)
                return None
            level = level.parent
        if opaque:
            self.record.rivals(name, None, passed)
        elif not (folded in SYSTEM_COLUMNS and passed):
            of = f" of {next(iter(passed)).rpartition('.')[2]}" if len(passed) == 1 else ""
            self.record.problem(f"column {name}{of} does not exist")
        return None

    def _found(
        self, name: str, holders: list[Item], seen: list[Item], passed: set[str], level: Scope
    ) -> Output:
        if len(holders) > 1 and name not in level.merged:
            self.record.problem(f"column {name} is ambiguous")
        parts = [item.by_name[name].origins for item in holders]
        spelled = holders[0].by_name[name].name
        output = Output(spelled, tuple(dict.fromkeys(o for origins in parts for o in origins)))
        self.record.read(output.origins)
        others = [item.grows for item in seen if item not in holders]
        self.record.rivals(spelled, output, set().union(*others) - passed)
        self.record.captured(spelled, output, passed)
        return output

    def _qualified(self, node: exp.Column, scope: Scope) -> Output | None:
        item = self._called(node, scope)
        if item is None:
            return None
        output = item.by_name.get(node.name.lower())
        if output is not None:
            self.record.read(output.origins)
        elif not item.opaque and not (node.name.lower() in SYSTEM_COLUMNS and item.relation):
            self.record.problem(f"column {node.name} of {item.name} does not exist")
        return output

    def origins(self, value: exp.Expr, scope: Scope) -> Iterator[Origin]:
        """Find the columns whose value an expression is, casts and COALESCE apart."""
        for node in peeled([value]):
            if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
                continue
            output = None
            if node.table and (item := scope.item(node.table)) is not None:
                output = item.by_name.get(node.name.lower())
            elif not node.table:
                output = _nearest(node.name.lower(), scope)
            yield from output.origins if output is not None else ()


def _nearest(name: str, scope: Scope) -> Output | None:
    level: Scope | None = scope
    while level is not None:
        for item in level.items:
            if not item.hidden and name in item.by_name:
                return item.by_name[name]
        level = level.parent
    return None
