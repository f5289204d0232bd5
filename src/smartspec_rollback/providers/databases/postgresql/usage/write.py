"""Resolve what writes: INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE; and dispatch statements.

The top of the resolver's parts; ``statement`` starts it.
"""

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings
from smartspec_rollback.providers.databases.postgresql.usage.assign import Assignments
from smartspec_rollback.providers.databases.postgresql.usage.expression import Shape
from smartspec_rollback.providers.databases.postgresql.usage.names import (
    Item,
    Scope,
)
from smartspec_rollback.providers.databases.resolving.outputs import Want

_WRAPPED = {
    "ExplainStmt": "query",
    "PrepareStmt": "query",
    "DeclareCursorStmt": "query",
    "CreateTableAsStmt": "query",
}
_UNREADABLE = {
    "DoStmt": "what a DO block does is not read",
    "ExecuteStmt": "what a prepared statement does stands elsewhere",
}
_NOTHING = Shape((), frozenset(), opaque=False)


class Writes(Assignments):
    """Walks whole statements."""

    def statement(self, tree: Tree) -> None:
        """Resolve one statement as the parser gave it; what touches no rows is passed over."""
        for kind, node in tree.items():
            match kind:
                case "SelectStmt":
                    self.query(node, None, Want.RESULT)
                case "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt":
                    self.writing(kind, node, None, Want.RESULT)
                case "CopyStmt":
                    self._copy(node)
                case "CallStmt":
                    self.expression({"FuncCall": node["funccall"]}, Scope())
                case "TruncateStmt" | "LockStmt":
                    self._listed(node["relations"], deletes=kind == "TruncateStmt")
                case _ if kind in _WRAPPED:
                    self.statement(node[_WRAPPED[kind]])
                case _ if kind in _UNREADABLE:
                    self.record.problem(_UNREADABLE[kind])

    def writing(self, kind: str, node: Tree, scope: Scope | None, want: Want) -> Shape:
        """Resolve a statement that writes; what its RETURNING offers."""
        within = Scope(parent=scope)
        self.common_tables(node.get("withClause"), within)
        match kind:
            case "InsertStmt":
                return self._insert(node, within, want)
            case "UpdateStmt":
                return self._update(node, within, want)
            case "DeleteStmt":
                return self._delete(node, within, want)
            case "MergeStmt":
                return self._merge(node, within, want)
        return _NOTHING

    def _listed(self, relations: list[Tree], *, deletes: bool) -> None:
        for each in relations:
            item = self.relation(each["RangeVar"], None, target=True)
            if item.relation is not None and deletes:
                self.record.draft(item.relation).deletes = True

    def _insert(self, node: Tree, scope: Scope, want: Want) -> Shape:
        item, relation = self._written(node["relation"], scope)
        given = self.named_columns(node.get("cols", []), relation, item, scope)
        source = node.get("selectStmt", {}).get("SelectStmt")
        rows, width = self._rows(source, scope)
        draft = self.record.insertion(item.relation) if item.relation is not None else None
        if draft is not None and relation is not None:
            columns = given if given is not None else _first(relation, width)
            if given is not None and width not in (None, len(given)):
                self.record.problem(f"{width} values are given for {len(given)} columns")
            if given is None and width is not None and width > len(relation.columns):
                self.record.problem(f"more values than {relation.name} has columns are given")
            self.inserted(draft, relation, columns, rows)
            positional = given is None and source is not None
            if positional and len(columns) == len(relation.columns):
                draft.inserted = None
        inside = Scope([item], scope)
        if (conflict := node.get("onConflictClause")) is not None:
            self._conflict(conflict, item, relation, inside)
        return self._returning(node, item, inside, want)

    def _rows(
        self, source: Tree | None, scope: Scope
    ) -> tuple[list[list[Tree]] | None, int | None]:
        """Resolve what is inserted: the expressions of each row, None where they aren't told.

        The second is how many columns are given, None where that is not known.
        """
        if source is None:
            return [], 0
        shape = self.query(source, scope, Want.WHOLE)
        width = None if shape.opaque else len(shape.outputs)
        if "valuesLists" in source:
            return [row["List"].get("items", []) for row in source["valuesLists"]], width
        targets = [each["ResTarget"].get("val", {}) for each in source.get("targetList", [])]
        starred = any("A_Star" in t.get("ColumnRef", {}).get("fields", [{}])[-1] for t in targets)
        return (None if starred or not targets else [targets]), width

    def _conflict(self, node: Tree, item: Item, relation: Relation | None, scope: Scope) -> None:
        infer = node.get("infer", {})
        draft = self.record.draft(item.relation) if item.relation is not None else None
        self.expression(infer.get("indexElems"), scope)
        self.expression(infer.get("whereClause"), scope)
        elements = [each["IndexElem"] for each in infer.get("indexElems", ())]
        for name in (e["name"] for e in elements if "name" in e):
            self.column({"fields": [{"String": {"sval": name}}]}, scope)
        if draft is not None and elements:
            draft.arbiter = tuple(e.get("name", "(…)") for e in elements)
        elif draft is not None and "conname" in infer:
            draft.arbiter, draft.arbiter_constraint = (infer["conname"],), True
        excluded = Item("excluded", item.outputs, item.relation, opaque=item.opaque, hidden=True)
        inside = Scope([item, excluded], scope.parent)
        self.assigned(node.get("targetList", []), draft, relation, inside)
        self.expression(node.get("whereClause"), inside)

    def _update(self, node: Tree, scope: Scope, want: Want) -> Shape:
        item, relation = self._written(node["relation"], scope)
        inside = self._with_sources(item, node.get("fromClause", []), scope)
        draft = self.record.draft(item.relation) if item.relation is not None else None
        self.assigned(node["targetList"], draft, relation, inside)
        self.expression(node.get("whereClause"), inside)
        return self._returning(node, item, inside, want)

    def _delete(self, node: Tree, scope: Scope, want: Want) -> Shape:
        item, _ = self._written(node["relation"], scope)
        if item.relation is not None:
            self.record.draft(item.relation).deletes = True
        inside = self._with_sources(item, node.get("usingClause", []), scope)
        self.expression(node.get("whereClause"), inside)
        return self._returning(node, item, inside, want)

    def _merge(self, node: Tree, scope: Scope, want: Want) -> Shape:
        item, relation = self._written(node["relation"], scope)
        inside = self._with_sources(item, [node["sourceRelation"]], scope)
        self.expression(node["joinCondition"], inside)
        sources = Scope(inside.items[1:], inside.parent, inside.ctes, inside.merged)
        for each in node["mergeWhenClauses"]:
            clause = each["MergeWhenClause"]
            unmatched = clause["matchKind"] == "MERGE_WHEN_NOT_MATCHED_BY_TARGET"
            self.expression(clause.get("condition"), sources if unmatched else inside)
            match clause["commandType"]:
                case "CMD_INSERT":
                    self._merge_insert(clause, item, relation, sources)
                case "CMD_UPDATE":
                    draft = self.record.draft(item.relation) if item.relation else None
                    self.assigned(clause["targetList"], draft, relation, inside)
                case "CMD_DELETE" if item.relation is not None:
                    self.record.draft(item.relation).deletes = True
        return self._returning(node, item, inside, want)

    def _merge_insert(
        self, clause: Tree, item: Item, relation: Relation | None, scope: Scope
    ) -> None:
        values = clause.get("values", [])
        self.expression(values, scope)
        given = self.named_columns(clause.get("targetList", []), relation, item, scope)
        if relation is None:
            return
        draft = self.record.insertion(relation.qualified)
        columns = given if given is not None else _first(relation, len(values))
        self.inserted(draft, relation, columns, [values] if values else [])
        if given is None and values and len(columns) == len(relation.columns):
            draft.inserted = None

    def _written(self, node: Tree, scope: Scope) -> tuple[Item, Relation | None]:
        item = self.relation(node, scope, target=True)
        found = self.names.relation(node["relname"], node.get("schemaname"))
        return item, found

    def _with_sources(self, item: Item, sources: list[Tree], scope: Scope) -> Scope:
        inside = Scope([item], scope)
        for each in sources:
            inside.items += self.source(each, inside, list(inside.items[1:]))
        return inside

    def _returning(self, node: Tree, item: Item, scope: Scope, want: Want) -> Shape:
        clause = node.get("returningClause")
        if clause is None:
            return _NOTHING
        names = {"RETURNING_OPTION_OLD": "old", "RETURNING_OPTION_NEW": "new"}
        for each in clause.get("options", ()):
            option = each["ReturningOption"]
            names[option.get("option", "RETURNING_OPTION_OLD")] = option["value"]
        rows = [
            Item(name, item.outputs, item.relation, item.grows, opaque=item.opaque, hidden=True)
            for name in names.values()
            if all(known.name != name for known in scope.items)
        ]
        inside = Scope([*scope.items, *rows], scope.parent, scope.ctes, scope.merged)
        return self.targets(clause["exprs"], inside, want)

    def _copy(self, node: Tree) -> None:
        if "query" in node:
            self.statement(node["query"])
            return
        item, relation = self._written(node["relation"], Scope())
        if relation is None:
            return
        names = strings(node.get("attlist", [])) or None
        for name in names or ():
            if relation.column(name) is None:
                self.record.problem(f"column {name} of {relation.name} does not exist")
        if node.get("is_from"):
            draft = self.record.insertion(relation.qualified)
            every = tuple(c.name for c in relation.columns if c.generated is None)
            self.inserted(draft, relation, names or every, None)
            draft.inserted = names
            return
        outputs = [o for o in item.outputs if names is None or o.name in names]
        self.record.read(o for output in outputs for o in output.origins)
        self.record.returned(outputs)
        self.record.draft(relation.qualified).star = names is None


def _first(relation: Relation, count: int | None) -> tuple[str, ...]:
    names = tuple(c.name for c in relation.columns)
    return names if count is None else names[:count]
