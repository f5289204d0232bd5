"""Resolve SELECT: what its FROM offers, what it reads, and what columns it hands on.

Part of the resolver, between ``sources`` and ``writes``.
"""

from sqlglot import exp

from smartspec_rollback.providers.databases.dialects.expressions import Shape
from smartspec_rollback.providers.databases.dialects.names import Item, Scope
from smartspec_rollback.providers.databases.dialects.sources import Sources
from smartspec_rollback.providers.databases.resolving.outputs import Output, Want

_NOTHING = Shape((), frozenset(), opaque=False)


class Queries(Sources):
    """Walks queries."""

    def query(self, node: exp.Expr, outer: Scope | None, want: Want) -> Shape:
        """Resolve a SELECT, VALUES or set operation inside the scope ``outer``."""
        if isinstance(node, exp.Subquery):
            return self._bracketed(node, outer, want)
        scope = Scope(parent=outer)
        self.common_tables(node, scope)
        match node:
            case exp.SetOperation():
                return self._set_operation(node, scope, want)
            case exp.Values():
                return self._values(node, scope)
            case exp.Select():
                return self._select(node, scope, want)
        self.expression(list(node.args.values()), scope)
        return Shape((), frozenset(), opaque=True)

    def _bracketed(self, node: exp.Subquery, outer: Scope | None, want: Want) -> Shape:
        """Resolve a query in brackets, with what may stand behind them."""
        scope = Scope(parent=outer)
        self.common_tables(node, scope)
        shape = self.query(node.this, scope, want)
        behind = Scope([shape.item("")], scope)
        self.expression([node.args.get(k) for k in ("order", "limit", "offset")], behind)
        return shape

    def common_tables(self, node: exp.Expr, scope: Scope) -> None:
        """Resolve WITH, and make its tables known in ``scope``."""
        clause = node.args.get("with_")
        if clause is None:
            return
        for each in clause.expressions:
            name = each.alias
            alias = each.args["alias"]
            columns = tuple(c.name for c in alias.args.get("columns") or ())
            if clause.args.get("recursive") and isinstance(each.this, exp.SetOperation):
                # The first branch is resolved twice: it gives the columns the second one sees.
                first = self.query(each.this.this, scope, Want.WHOLE)
                scope.ctes[name.lower()] = first.item(name, columns)
            shape = self.query(each.this, scope, Want.DERIVED)
            scope.ctes[name.lower()] = shape.item(name, columns)

    def _set_operation(self, node: exp.SetOperation, scope: Scope, want: Want) -> Shape:
        want = Want.WHOLE if want is Want.DERIVED else want
        left = self.query(node.this, scope, want)
        right = self.query(node.expression, scope, want)
        paired = [
            Output(a.name, tuple(dict.fromkeys(a.origins + b.origins)))
            for a, b in zip(left.outputs, right.outputs, strict=False)
        ]
        shape = Shape(tuple(paired), frozenset(), opaque=left.opaque or right.opaque)
        names = Scope(items=[shape.item("")], parent=scope)
        self.expression([node.args.get(k) for k in ("order", "limit", "offset")], names)
        return shape

    def _values(self, node: exp.Values, scope: Scope) -> Shape:
        self.expression(node.expressions, scope)
        width = max((len(each.expressions) for each in node.expressions), default=0)
        outputs = tuple(Output(f"column{n + 1}") for n in range(width))
        return Shape(outputs, frozenset(), opaque=False)

    def _select(self, node: exp.Select, scope: Scope, want: Want) -> Shape:
        self.sources(node, scope)
        scope.aliases = frozenset(
            each.alias.lower() for each in node.expressions if isinstance(each, exp.Alias)
        )
        self.expression(node.args.get("where"), scope)
        if node.args.get("distinct") is not None and want is Want.DERIVED:
            want = Want.WHOLE
        shape = self.targets(node.expressions, scope, want)
        for each in _inside(node.args.get("group")):
            self.expression(each, scope)
        self.expression([node.args.get(k) for k in ("having", "qualify", "windows")], scope)
        for each in _inside(node.args.get("order")):
            self._sorted(each, shape, scope)
        self.expression([node.args.get(k) for k in ("limit", "offset")], scope)
        return shape

    def targets(self, nodes: list[exp.Expr], scope: Scope, want: Want) -> Shape:
        """Resolve a list of results, of SELECT or RETURNING."""
        outputs: list[Output] = []
        grows: set[str] = set()
        opaque = False
        for each in nodes:
            starred = self._starred(each, scope)
            if starred is None:
                outputs.append(self._target(each, scope))
                continue
            for item in starred:
                grows |= item.grows
                opaque = opaque or item.opaque
            outputs += self._expanded(starred, scope, want)
        if want is Want.RESULT:
            self.record.returned(outputs)
        return Shape(tuple(outputs), frozenset(grows), opaque=opaque)

    def _starred(self, node: exp.Expr, scope: Scope) -> list[Item] | None:
        """Find what ``*`` or ``t.*`` stands for; None where a result is no star."""
        if isinstance(node, exp.Star):
            return [item for item in scope.items if not item.hidden]
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Star):
            return None
        item = scope.item(node.table)
        if item is None:
            self.record.problem(f"nothing in FROM is called {node.table}")
        return [] if item is None else [item]

    def _expanded(self, items: list[Item], scope: Scope, want: Want) -> list[Output]:
        outputs: dict[str, Output] = {}
        more: list[Output] = []
        for item in items:
            if want in (Want.RESULT, Want.WHOLE):
                self.whole(item)
            for output in item.outputs:
                name = output.name.lower()
                if name in scope.merged and name in outputs:
                    origins = outputs[name].origins + output.origins
                    outputs[name] = Output(output.name, tuple(dict.fromkeys(origins)))
                elif name in outputs:
                    more.append(output)
                else:
                    outputs[name] = output
        return [*outputs.values(), *more]

    def _target(self, node: exp.Expr, scope: Scope) -> Output:
        value = node.this if isinstance(node, exp.Alias) else node
        # An alias means nothing among the results themselves.
        within = Scope(scope.items, scope.parent, scope.ctes, scope.merged)
        if isinstance(value, exp.Column):
            found = self.column(value, within)
            return Output(node.alias_or_name, found.origins if found is not None else ())
        self.expression(value, within)
        return Output(node.alias or value.sql()[:64])

    def _sorted(self, node: exp.Expr, shape: Shape, scope: Scope) -> None:
        """Resolve one of ORDER BY: a bare name means a result first."""
        value = node.this if isinstance(node, exp.Ordered) else node
        bare = value.name.lower() if isinstance(value, exp.Column) and not value.table else None
        output = next((o for o in shape.outputs if o.name.lower() == bare), None)
        if output is None:
            self.expression(value, scope)
            return
        self.record.read(output.origins)
        own = {o.relation for o in output.origins}
        self.record.rivals(output.name, output, shape.grows - own)


def _inside(node: exp.Expr | None) -> list[exp.Expr]:
    """List what GROUP BY or ORDER BY hold."""
    if node is None:
        return []
    others = [each for key, each in node.args.items() if key != "expressions"]
    return [*node.expressions, *(each for each in others if isinstance(each, exp.Expr))]
