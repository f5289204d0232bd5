"""Resolve what stands after FROM: relations, joins, subselects, functions.

Part of the resolver, between ``expressions`` and ``queries``.
"""

from sqlglot import exp

from smartspec_rollback.providers.databases.dialects.expressions import Expressions, Shape
from smartspec_rollback.providers.databases.dialects.names import Item, Scope
from smartspec_rollback.providers.databases.resolving.outputs import Output, Want


class Sources(Expressions):
    """Walks FROM clauses."""

    def sources(self, node: exp.Expr, scope: Scope) -> None:
        """Resolve FROM and every join of a query into ``scope``."""
        first = node.args.get("from_")
        if first is not None:
            scope.items += self.source(first.this, scope)
        self.joins(node.args.get("joins"), scope)
        for each in node.args.get("laterals") or ():
            scope.items += self.source(each, scope)

    def joins(self, joins: list[exp.Join] | None, scope: Scope) -> None:
        """Resolve joins from left to right; each sees what is before it."""
        for join in joins or ():
            left = list(scope.items)
            right = self.source(join.this, scope)
            shared = tuple(each.name for each in join.args.get("using") or ())
            if join.method == "NATURAL":
                shared = self._natural(left, right)
            for name in shared:
                self._shared(name, (left, right), scope)
            scope.merged.update(name.lower() for name in shared)
            scope.items += right
            self.expression(join.args.get("on"), scope)

    def source(self, node: exp.Expr, scope: Scope) -> list[Item]:
        """Resolve one thing after FROM, with the joins that hang on it."""
        match node:
            case exp.Table(this=exp.Identifier()):
                found = [self.relation(node, scope)]
            case exp.Subquery(this=exp.Table() as inside):
                found = self.source(inside, scope)
            case exp.Subquery() | exp.Values():
                found = [self._derived(node, scope)]
            case exp.Lateral(this=exp.Subquery() as inside):
                shape = self.query(inside.this, scope, Want.DERIVED)
                found = [shape.item(node.alias, _columns(node))]
            case _:
                found = [self._function(node, scope)]
        if joins := node.args.get("joins"):
            within = Scope(found, scope.parent, scope.ctes, scope.merged)
            self.joins(joins, within)
            return within.items
        return found

    def relation(self, node: exp.Table, scope: Scope | None, *, target: bool = False) -> Item:
        """Resolve a name after FROM; the ``target`` of a write is never a common table."""
        name, schema = node.name, node.db or None
        called = node.alias or name
        if schema is None and not target and scope is not None:
            common = scope.cte(name)
            if common is not None:
                return Shape(common.outputs, common.grows, opaque=common.opaque).item(called)
        found = self.names.relation(name, schema)
        if found is not None:
            self.record.draft(found.qualified)
            return self.names.item(found, called)
        if not self.names.foreign(name, schema):
            full = f"{schema}.{name}" if schema else name
            self.record.problem(f"relation {full} does not exist")
        return Item(called, (), opaque=True)

    def _derived(self, node: exp.Expr, scope: Scope) -> Item:
        """Resolve a subselect; what lies before it in the same FROM is out of its sight."""
        inside = Scope(parent=scope.parent, ctes=scope.ctes)
        query = node.this if isinstance(node, exp.Subquery) else node
        shape = self.query(query, inside, Want.DERIVED)
        return shape.item(node.alias, _columns(node))

    def _function(self, node: exp.Expr, scope: Scope) -> Item:
        """Resolve a table function; which columns it has is not told."""
        for key, inside in node.args.items():
            if key not in ("alias", "joins"):
                self.expression(inside, scope)
        known = tuple(Output(name) for name in _columns(node))
        return Item(node.alias or node.name, known, opaque=True)

    def _natural(self, first: list[Item], second: list[Item]) -> tuple[str, ...]:
        """Find the columns both sides share, and note that one more would change the join."""
        ours = {name for item in first for name in item.by_name}
        theirs = {name for item in second for name in item.by_name}
        for side, other in ((first, second), (second, first)):
            grows = frozenset[str]().union(*(item.grows for item in other))
            for item in side:
                for name, output in item.by_name.items():
                    if name not in ours & theirs:
                        self.record.captured(output.name, output, grows)
        return tuple(sorted(ours & theirs))

    def _shared(self, name: str, sides: tuple[list[Item], ...], scope: Scope) -> None:
        """Note a column of USING: each side must have it once, and only once."""
        folded = name.lower()
        for side in sides:
            seen = [item for item in side if not item.hidden]
            holders = [item for item in seen if folded in item.by_name]
            others = [item for item in seen if item not in holders]
            if not holders and not any(item.opaque for item in side):
                self.record.problem(f"column {name} of USING does not exist on both sides")
            if len(holders) > 1 and folded not in scope.merged:
                self.record.problem(f"column {name} of USING is ambiguous")
            for item in holders:
                output = item.by_name[folded]
                self.record.read(output.origins)
                self.record.rivals(output.name, output, set().union(*(i.grows for i in others)))


def _columns(node: exp.Expr) -> tuple[str, ...]:
    alias = node.args.get("alias")
    return tuple(each.name for each in alias.args.get("columns") or ()) if alias else ()
