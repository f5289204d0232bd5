"""Resolve what stands after FROM: relations, joins, subselects, functions.

Part of the resolver, between ``expression`` and ``query``.
"""

from abc import abstractmethod

from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings
from smartspec_rollback.providers.databases.postgresql.usage.expression import Expressions, Shape
from smartspec_rollback.providers.databases.postgresql.usage.names import Item, Scope
from smartspec_rollback.providers.databases.resolving.outputs import Output, Want


class Sources(Expressions):
    """Walks FROM clauses."""

    @abstractmethod
    def writing(self, kind: str, node: Tree, scope: Scope | None, want: Want) -> Shape:
        """Resolve a statement that writes; what its RETURNING offers."""

    def source(self, node: Tree, scope: Scope, left: list[Item]) -> list[Item]:
        """Resolve one thing after FROM; ``left`` are those before it, which LATERAL sees."""
        ((kind, inside),) = node.items()
        match kind:
            case "RangeVar":
                return [self.relation(inside, scope)]
            case "JoinExpr":
                return self._join(inside, scope, left)
            case "RangeSubselect":
                return [self._subselect(inside, scope, left)]
            case "RangeTableSample":
                self.expression([inside.get("args"), inside.get("repeatable")], scope)
                return self.source(inside["relation"], scope, left)
            case "RangeFunction":
                return [self._function(inside, _beside(scope, left))]
            case _:
                return [self._table_function(inside, _beside(scope, left))]

    def relation(self, node: Tree, scope: Scope | None, *, target: bool = False) -> Item:
        """Resolve a name after FROM; the ``target`` of a write is never a common table."""
        schema, name = node.get("schemaname"), node["relname"]
        alias = node.get("alias", {})
        called = alias.get("aliasname", name)
        if schema is None and not target and scope is not None:
            common = scope.cte(name)
            if common is not None:
                return _renamed(common, called, strings(alias.get("colnames", [])))
        found = self.names.relation(name, schema)
        if found is not None:
            self.record.draft(found.qualified)
            return _renamed(self.names.item(found), called, strings(alias.get("colnames", [])))
        if not self.names.foreign(name, schema):
            full = f"{schema}.{name}" if schema else name
            self.record.problem(f"relation {full} does not exist")
        return Item(called, (), opaque=True)

    def _subselect(self, node: Tree, scope: Scope, left: list[Item]) -> Item:
        outer = _beside(scope, left) if node.get("lateral") else scope
        # What lies before it in the same FROM is out of sight without LATERAL.
        inside = outer if node.get("lateral") else Scope(parent=scope.parent, ctes=scope.ctes)
        shape = self.query(node["subquery"]["SelectStmt"], inside, Want.DERIVED)
        alias = node.get("alias", {})
        return shape.item(alias.get("aliasname", ""), strings(alias.get("colnames", [])))

    def _function(self, node: Tree, scope: Scope) -> Item:
        self.expression(node["functions"], scope)
        self.expression(node.get("coldeflist"), scope)
        alias = node.get("alias", {})
        first = node["functions"][0]["List"]["items"][0]
        own = strings(first["FuncCall"]["funcname"])[-1] if "FuncCall" in first else ""
        called = alias.get("aliasname", own)
        columns = strings(alias.get("colnames", []))
        typed = tuple(each["ColumnDef"]["colname"] for each in node.get("coldeflist", ()))
        known = columns or typed or (called,)
        # Which columns a function has is told by its definition, which may be the server's own.
        return Item(called, tuple(Output(name) for name in known), opaque=not typed)

    def _table_function(self, node: Tree, scope: Scope) -> Item:
        """Resolve XMLTABLE or JSON_TABLE, and whatever the grammar may gain."""
        self.expression({k: v for k, v in node.items() if k != "alias"}, scope)
        alias = node.get("alias", {})
        names = strings(alias.get("colnames", [])) or tuple(_columns(node))
        return Item(alias.get("aliasname", ""), tuple(Output(n) for n in names), opaque=True)

    def _join(self, node: Tree, scope: Scope, left: list[Item]) -> list[Item]:
        first = self.source(node["larg"], scope, left)
        second = self.source(node["rarg"], scope, [*left, *first])
        together = [*first, *second]
        within = Scope(together, scope.parent, scope.ctes, set(scope.merged))
        shared = strings(node.get("usingClause", []))
        if node.get("isNatural"):
            shared = self._natural(first, second)
        for name in shared:
            self._shared(name, first, second, scope)
        scope.merged.update(shared)
        within.merged.update(shared)
        self.expression(node.get("quals"), within)
        if (using := node.get("join_using_alias")) is not None:
            outputs = tuple(
                Output(
                    n, tuple(o for i in together if n in i.by_name for o in i.by_name[n].origins)
                )
                for n in shared
            )
            together.append(Item(using["aliasname"], outputs, hidden=True))
        if (alias := node.get("alias")) is not None:
            return [self._aliased(together, alias, shared)]
        return together

    def _natural(self, first: list[Item], second: list[Item]) -> tuple[str, ...]:
        """Find the columns both sides share, and note that one more would change the join."""
        ours = {name for item in first for name in item.by_name}
        theirs = {name for item in second for name in item.by_name}
        for side, other in ((first, second), (second, first)):
            grows = frozenset[str]().union(*(item.grows for item in other))
            shared = ours & theirs
            for item in side:
                for name, output in item.by_name.items():
                    if name not in shared:
                        self.record.captured(name, output, grows)
        return tuple(sorted(ours & theirs))

    def _shared(self, name: str, first: list[Item], second: list[Item], scope: Scope) -> None:
        """Note a column of USING: each side must have it once, and only once."""
        for side in (first, second):
            holders = [item for item in side if not item.hidden and name in item.by_name]
            others = [item for item in side if not item.hidden and item not in holders]
            if not holders and not any(item.opaque for item in side):
                self.record.problem(f"column {name} of USING does not exist on both sides")
            if len(holders) > 1 and name not in scope.merged:
                self.record.problem(f"column {name} of USING is ambiguous")
            for item in holders:
                output = item.by_name[name]
                self.record.read(output.origins)
                self.record.rivals(name, output, set().union(*(i.grows for i in others)))

    def _aliased(self, items: list[Item], alias: Tree, shared: tuple[str, ...]) -> Item:
        outputs: list[Output] = []
        for output in (output for item in items if not item.hidden for output in item.outputs):
            if output.name not in shared or all(o.name != output.name for o in outputs):
                outputs.append(output)
        grows = frozenset[str]().union(*(item.grows for item in items))
        shape = Shape(tuple(outputs), grows, opaque=any(item.opaque for item in items))
        return shape.item(alias["aliasname"], strings(alias.get("colnames", [])))


def _beside(scope: Scope, left: list[Item]) -> Scope:
    """Make the scope in which LATERAL sees what is before it."""
    return Scope(list(left), scope.parent, scope.ctes, set(scope.merged))


def _renamed(item: Item, called: str, columns: tuple[str, ...]) -> Item:
    if called == item.name and not columns:
        return item
    renamed = tuple(
        Output(new, output.origins) for new, output in zip(columns, item.outputs, strict=False)
    )
    outputs = renamed + item.outputs[len(columns) :]
    return Item(called, outputs, item.relation, item.grows, opaque=item.opaque)


def _columns(node: Tree) -> list[str]:
    found: list[str] = []
    for each in node.get("columns", ()):
        ((_, column),) = each.items()
        name = column.get("colname") or column.get("name")
        found += [name] if name else []
        found += _columns(column)
    return found
