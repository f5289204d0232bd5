"""Resolve SELECT: what its FROM offers, what it reads, and what columns it hands on.

Part of the resolver, between ``from_clause``, which tells what stands after FROM, and ``write``.
"""

from typing import Any

from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings
from smartspec_rollback.providers.databases.postgresql.usage.expression import Shape
from smartspec_rollback.providers.databases.postgresql.usage.from_clause import Sources
from smartspec_rollback.providers.databases.postgresql.usage.names import Item, Scope
from smartspec_rollback.providers.databases.resolving.outputs import Output, Want

_NAMELESS = "?column?"


class Queries(Sources):
    """Walks queries."""

    def query(self, node: Tree, outer: Scope | None, want: Want) -> Shape:
        """Resolve a SELECT, VALUES or set operation inside the scope ``outer``."""
        scope = Scope(parent=outer)
        self.common_tables(node.get("withClause"), scope)
        if node.get("op", "SETOP_NONE") != "SETOP_NONE":
            shape = self._set_operation(node, scope, want)
        elif "valuesLists" in node:
            shape = self._values(node, scope)
        else:
            shape = self._plain(node, scope, want)
        self.expression([node.get("limitCount"), node.get("limitOffset")], scope)
        return shape

    def common_tables(self, clause: Tree | None, scope: Scope) -> None:
        """Resolve WITH, and make its tables known in ``scope``."""
        if clause is None:
            return
        for each in clause["ctes"]:
            table = each["CommonTableExpr"]
            name = table["ctename"]
            columns = strings(table.get("aliascolnames", []))
            ((kind, inside),) = table["ctequery"].items()
            if clause.get("recursive") and kind == "SelectStmt" and "larg" in inside:
                # The first branch is resolved twice: it gives the columns the second one sees.
                first = self.query(inside["larg"], scope, Want.WHOLE)
                scope.ctes[name] = first.item(name, columns + _added(table))
            shape = self.common_table(kind, inside, scope)
            scope.ctes[name] = shape.item(name, columns)
            if more := _added(table):
                known = scope.ctes[name]
                outputs = known.outputs + tuple(Output(c) for c in more)
                scope.ctes[name] = Item(name, outputs, grows=known.grows, opaque=known.opaque)

    def common_table(self, kind: str, inside: Tree, scope: Scope) -> Shape:
        """Resolve what one common table expression holds."""
        if kind == "SelectStmt":
            return self.query(inside, scope, Want.DERIVED)
        return self.writing(kind, inside, scope, Want.DERIVED)

    def _set_operation(self, node: Tree, scope: Scope, want: Want) -> Shape:
        want = Want.WHOLE if want is Want.DERIVED else want
        left = self.query(node["larg"], scope, want)
        right = self.query(node["rarg"], scope, want)
        paired = [
            Output(a.name, tuple(dict.fromkeys(a.origins + b.origins)))
            for a, b in zip(left.outputs, right.outputs, strict=False)
        ]
        shape = Shape(tuple(paired), frozenset(), opaque=left.opaque or right.opaque)
        names = Scope(items=[shape.item("")], parent=scope)
        self.expression(node.get("sortClause"), names)
        return shape

    def _values(self, node: Tree, scope: Scope) -> Shape:
        self.expression(node["valuesLists"], scope)
        first = node["valuesLists"][0]["List"].get("items", [])
        outputs = tuple(Output(f"column{n + 1}") for n in range(len(first)))
        return Shape(outputs, frozenset(), opaque=False)

    def _plain(self, node: Tree, scope: Scope, want: Want) -> Shape:
        for each in node.get("fromClause", ()):
            scope.items += self.source(each, scope, list(scope.items))
        self.expression(node.get("whereClause"), scope)
        if node.get("distinctClause") == [{}] and want is Want.DERIVED:
            want = Want.WHOLE
        shape = self.targets(node.get("targetList", []), scope, want)
        if node.get("distinctClause", [{}]) != [{}]:
            self._by_output(node["distinctClause"], shape, scope)
        for each in node.get("groupClause", ()):
            self._group(each, shape, scope)
        self.expression([node.get("havingClause"), node.get("windowClause")], scope)
        sorts = [each["SortBy"]["node"] for each in node.get("sortClause", ())]
        self._by_output(sorts, shape, scope)
        return shape

    def targets(self, nodes: list[Tree], scope: Scope, want: Want) -> Shape:
        """Resolve a list of results, of SELECT or RETURNING."""
        outputs: list[Output] = []
        grows: set[str] = set()
        opaque = False
        for each in nodes:
            target = each["ResTarget"]
            starred = self._starred(target.get("val", {}), scope)
            if starred is None:
                outputs.append(self._target(target, scope))
                continue
            for item in starred:
                grows |= item.grows
                opaque = opaque or item.opaque
            outputs += self._expanded(starred, scope, want)
        if want is Want.RESULT:
            self.record.returned(outputs)
        return Shape(tuple(outputs), frozenset(grows), opaque=opaque)

    def _starred(self, value: Tree, scope: Scope) -> list[Item] | None:
        """Find what ``*`` or ``t.*`` stands for; None where a result is no star."""
        fields = value.get("ColumnRef", {}).get("fields", [{}])
        if "A_Star" not in fields[-1]:
            return None
        parts = strings(fields)
        if len(parts) == 1:
            return [item for item in scope.items if not item.hidden]
        item = scope.item(parts[-2])
        if item is None:
            self.record.problem(f"nothing in FROM is called {'.'.join(parts[:-1])}")
        return [] if item is None else [item]

    def _expanded(self, items: list[Item], scope: Scope, want: Want) -> list[Output]:
        outputs: dict[str, Output] = {}
        more: list[Output] = []
        for item in items:
            if want in (Want.RESULT, Want.WHOLE):
                self.whole(item)
            for output in item.outputs:
                if output.name in scope.merged and output.name in outputs:
                    origins = outputs[output.name].origins + output.origins
                    outputs[output.name] = Output(output.name, tuple(dict.fromkeys(origins)))
                elif output.name in outputs:
                    more.append(output)
                else:
                    outputs[output.name] = output
        return [*outputs.values(), *more]

    def _target(self, target: Tree, scope: Scope) -> Output:
        value = target.get("val", {})
        name = target.get("name") or _name(value)
        if "ColumnRef" in value:
            found = self.column(value["ColumnRef"], scope)
            return Output(name, found.origins if found is not None else ())
        self.expression(value, scope)
        return Output(name)

    def _by_output(self, nodes: list[Tree], shape: Shape, scope: Scope) -> None:
        """Resolve ORDER BY or DISTINCT ON: a bare name means a result first."""
        for node in nodes:
            name = _bare(node)
            output = next((o for o in shape.outputs if o.name == name), None)
            if name is None or output is None:
                self.expression(node, scope)
                continue
            self.record.read(output.origins)
            own = {o.relation for o in output.origins}
            self.record.rivals(name, output, shape.grows - own)

    def _group(self, node: Tree, shape: Shape, scope: Scope) -> None:
        """Resolve one of GROUP BY: a bare name means a column of FROM first."""
        name = _bare(node)
        offered = any(o.name == name for o in shape.outputs)
        seen = [item for item in scope.items if not item.hidden]
        if name is None or not offered or any(name in item.by_name for item in seen):
            self.expression(node, scope)
            return
        for item in seen:
            self.record.captured(name, None, item.grows)


def _bare(node: Tree) -> str | None:
    parts = strings(node.get("ColumnRef", {}).get("fields", []))
    return parts[0] if len(parts) == 1 and parts != ("*",) else None


def _added(table: Tree) -> tuple[str, ...]:
    """Name the columns that SEARCH and CYCLE add to a recursive table."""
    search, cycle = table.get("search_clause", {}), table.get("cycle_clause", {})
    names = (
        search.get("search_seq_column"),
        cycle.get("cycle_mark_column"),
        cycle.get("cycle_path_column"),
    )
    return tuple(name for name in names if name)


def _name(value: Any) -> str:
    """Name a result without AS as the server does."""
    for kind, inside in value.items():
        match kind:
            case "ColumnRef":
                return strings(inside["fields"])[-1]
            case "FuncCall":
                return strings(inside["funcname"])[-1]
            case "A_Indirection":
                last = [s for s in strings(inside["indirection"]) if s != "*"]
                return last[-1] if last else _name(inside["arg"])
            case "TypeCast":
                named = _name(inside["arg"])
                return named if named != _NAMELESS else strings(inside["typeName"]["names"])[-1]
            case "CollateClause":
                return _name(inside["arg"])
            case "CaseExpr":
                named = _name(inside["defresult"]) if "defresult" in inside else _NAMELESS
                return named if named != _NAMELESS else "case"
            case "SubLink":
                return _sublink_name(inside)
            case _:
                return _FIXED.get(kind, _NAMELESS)
    return _NAMELESS


def _sublink_name(inside: Tree) -> str:
    kind = inside["subLinkType"]
    if kind == "EXISTS_SUBLINK":
        return "exists"
    if kind == "ARRAY_SUBLINK":
        return "array"
    targets = inside["subselect"].get("SelectStmt", {}).get("targetList", [])
    if kind != "EXPR_SUBLINK" or not targets:
        return _NAMELESS
    target = targets[0]["ResTarget"]
    return target.get("name") or _name(target.get("val", {}))


_FIXED = {
    "CoalesceExpr": "coalesce",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "GroupingFunc": "grouping",
    "MergeSupportFunc": "merge_action",
}
