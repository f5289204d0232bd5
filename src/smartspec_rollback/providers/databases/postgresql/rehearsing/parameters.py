"""Find out what a statement's parameters stand for, and choose values for them from rows.

Called by ``rehearse``. A parameter is compared with a column, written into one, a limit, or
nothing we can tell; then its type alone decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from smartspec_rollback.domain.catalog import Catalog, ConstraintKind, Relation
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, parse, strings
from smartspec_rollback.providers.databases.postgresql.rehearsing.invent import Inventor, array
from smartspec_rollback.providers.databases.postgresql.rehearsing.rows import Row, Rows

RUNNABLE = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
"""What can be executed and rolled back without further ado."""

SETS = 2
"""How many sets of values a statement is run with; the second changes what the first kept."""

_FRESH_FROM = 7001
_RELATIONS = frozenset({"RangeVar", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
"""Nodes that bring a relation into scope, or hold the one they write to."""


class Role(Enum):
    """What a parameter is for."""

    COMPARED = auto()
    INSERTED = auto()
    SET = auto()
    LIMIT = auto()


@dataclass(frozen=True)
class Slot:
    """One parameter's place; ``relation`` and ``column`` None where it is no column's."""

    role: Role
    relation: str | None = None
    column: str | None = None


def slots(text: str, catalog: Catalog) -> dict[int, Slot] | None:
    """Tell the place of every parameter that has one; None where it is not to be executed."""
    trees = parse(text).trees
    if len(trees) != 1 or not RUNNABLE.issuperset(trees[0]):
        return None
    finder = _Finder(catalog, trees[0])
    finder.walk(trees[0])
    return finder.found


class _Finder:
    def __init__(self, catalog: Catalog, tree: Tree) -> None:
        self._catalog = catalog
        self.found: dict[int, Slot] = {}
        self._scope: dict[str, Relation] = {}
        for node in _all(tree, _RELATIONS):
            self._enter(node.get("relation", node))

    def _enter(self, node: Tree) -> None:
        relation = self._catalog.find(node.get("relname", ""), node.get("schemaname"))
        if relation is not None:
            self._scope[node.get("alias", {}).get("aliasname") or node["relname"]] = relation

    def walk(self, value: Any) -> None:
        """Look at every node below."""
        if isinstance(value, list):
            for each in value:
                self.walk(each)
        elif isinstance(value, dict):
            for name, node in value.items():
                if isinstance(node, dict) and (look := _LOOKS.get(name)) is not None:
                    look(self, node)
                if isinstance(node, dict | list):
                    self.walk(node)

    def insert(self, node: Tree) -> None:
        """Look at an INSERT."""
        relation = self._written(node)
        if relation is None:
            return
        named = [c["ResTarget"].get("name", "") for c in node.get("cols", []) if "ResTarget" in c]
        columns = named or [c.name for c in relation.columns]
        select = node.get("selectStmt", {}).get("SelectStmt", {})
        for row in select.get("valuesLists", []):
            self._place(Role.INSERTED, relation, columns, row.get("List", {}).get("items", []))
        targets = [t.get("ResTarget", {}).get("val", {}) for t in select.get("targetList", [])]
        self._place(Role.INSERTED, relation, columns, targets)
        if len(targets) == 1 and "A_Star" in str(targets[0]):
            for call in _all(select.get("fromClause", []), frozenset({"FuncCall"})):
                self._place(Role.INSERTED, relation, columns, call.get("args", []))
        conflict = node.get("onConflictClause", {})
        self._assign(relation, conflict.get("targetList", []))

    def update(self, node: Tree) -> None:
        """Look at an UPDATE."""
        relation = self._written(node)
        if relation is not None:
            self._assign(relation, node.get("targetList", []))

    def select(self, node: Tree) -> None:
        """Look at a SELECT's limits."""
        for key in ("limitCount", "limitOffset"):
            self._put(node.get(key, {}), Slot(Role.LIMIT))

    def compare(self, node: Tree) -> None:
        """Look at an operator with its operands."""
        sides = (node.get("lexpr", {}), node.get("rexpr", {}))
        for column, other in (sides, sides[::-1]):
            found = self._column(column)
            if found is not None:
                slot = Slot(Role.COMPARED, *found)
                items = other.get("List", {}).get("items", []) if isinstance(other, dict) else other
                for each in items or [other]:
                    self._put(each, slot)

    def _written(self, node: Tree) -> Relation | None:
        place = node.get("relation", {})
        return self._catalog.find(place.get("relname", ""), place.get("schemaname"))

    def _assign(self, relation: Relation, targets: Sequence[Tree]) -> None:
        for target in targets:
            node = target.get("ResTarget", {})
            self._place(Role.SET, relation, [node.get("name", "")], [node.get("val", {})])

    def _place(
        self, role: Role, relation: Relation, columns: Sequence[str], values: Sequence[Tree]
    ) -> None:
        for column, value in zip(columns, values, strict=False):
            if relation.column(column) is not None:
                self._put(value, Slot(role, relation.qualified, column))

    def _column(self, node: Any) -> tuple[str, str] | None:
        node = _bare(node)
        if not isinstance(node, dict) or "ColumnRef" not in node:
            return None
        *table, name = strings(node["ColumnRef"].get("fields", [])) or ("",)
        scope = [self._scope[table[-1]]] if table and table[-1] in self._scope else []
        for relation in scope or ([] if table else self._scope.values()):
            if relation.column(name) is not None:
                return relation.qualified, name
        return None

    def _put(self, node: Any, slot: Slot) -> None:
        node = _bare(node)
        if isinstance(node, dict) and "ParamRef" in node:
            self.found.setdefault(node["ParamRef"].get("number", 0), slot)


_LOOKS = {
    "InsertStmt": _Finder.insert,
    "UpdateStmt": _Finder.update,
    "SelectStmt": _Finder.select,
    "A_Expr": _Finder.compare,
}
"""What is looked at, by the grammar's names."""


def _bare(node: Any) -> Any:
    """Take casts, coalesce(…) and functions of one argument away from a value."""
    while isinstance(node, dict):
        if "TypeCast" in node:
            node = node["TypeCast"].get("arg")
        elif "CoalesceExpr" in node:
            node = node["CoalesceExpr"].get("args", [None])[0]
        elif len(node.get("FuncCall", {}).get("args", [])) == 1:
            node = node["FuncCall"]["args"][0]
        else:
            break
    return node


def _all(value: Any, kinds: frozenset[str]) -> Iterator[Tree]:
    """Find every node of some kinds."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending.extend(each)
        elif isinstance(each, dict):
            for name, node in each.items():
                if name in kinds and isinstance(node, dict):
                    yield node
            pending.extend(v for v in each.values() if isinstance(v, dict | list))


class Chooser:
    """Chooses values for the parameters of statements, from the rows of one database."""

    def __init__(self, catalog: Catalog, rows: Rows) -> None:
        """Know what is there."""
        self._rows = rows
        self._inventor = Inventor(catalog)
        self._relations = {r.qualified: r for r in catalog.relations}

    def sets(
        self, statement: Statement, places: Mapping[int, Slot]
    ) -> Iterator[tuple[str | None, ...]]:
        """Give different sets of values, likely ones first."""
        types = statement.parameters or ()
        seen = set()
        for n in range(SETS if types else 1):
            values = tuple(
                self._choose(places.get(place), type_, n) for place, type_ in enumerate(types, 1)
            )
            if values not in seen:
                seen.add(values)
                yield values

    def _choose(self, slot: Slot | None, type_: str, n: int) -> str | None:
        if slot is None or slot.relation is None or slot.column is None:
            limited = slot is not None and slot.role is Role.LIMIT
            return "10" if limited else self._inventor.value(type_, n + 1)
        value = self._of_column(slot, type_, slot.relation, slot.column, n)
        many = type_.endswith("[]")
        if many and value is not None and not value.startswith("{"):
            return array([value])
        if (
            not many
            and value is not None
            and value.startswith("{")
            and type_ not in {"json", "jsonb"}
        ):
            return value.strip("{}").split(",")[0].strip('"') or None
        return value

    def _of_column(
        self, slot: Slot, type_: str, relation_name: str, column_name: str, n: int
    ) -> str | None:
        relation = self._relations[relation_name]
        column = relation.column(column_name)
        kind = column.type if column is not None else type_
        # The first row has the most children, the last one none: some statements need either.
        existing = _pick(self._rows.get(relation_name, ()), column_name, -n)
        fresh = self._inventor.value(kind, _FRESH_FROM + n)
        match slot.role:
            case Role.INSERTED:
                # The last parents have the fewest children, so a unique child still finds one.
                place = -1 - n if _key(relation, column_name) else n
                parent = self._parent(relation, column_name, place)
                if parent is not None:
                    return parent
                return fresh if _key(relation, column_name) or existing is None else existing
            case Role.SET:
                return (
                    existing
                    if n == 0 and existing is not None
                    else self._set(relation, column_name, n, fresh, existing)
                )
            case _:
                return fresh if existing is None else existing

    def _set(
        self, relation: Relation, column: str, n: int, fresh: str | None, existing: str | None
    ) -> str | None:
        parent = self._parent(relation, column, n)
        checked = any(
            column in c.columns for c in relation.constraints if c.kind is ConstraintKind.CHECK
        )
        if parent is not None or (checked and existing is not None):
            return parent or existing
        return fresh if fresh is not None else existing

    def _parent(self, relation: Relation, column: str, n: int) -> str | None:
        for key in relation.constraints:
            if key.kind is ConstraintKind.FOREIGN_KEY and column in key.columns:
                theirs = key.referenced_columns[key.columns.index(column)]
                found = _pick(self._rows.get(key.references or "", ()), theirs, n)
                if found is not None:
                    return found
        return None


def _pick(rows: Sequence[Row], column: str, n: int) -> str | None:
    """Take the ``n``-th row's value, or that of the next row that has one."""
    for step in range(len(rows)):
        value = rows[(n + step) % len(rows)].get(column)
        if value is not None:
            return value
    return None


def _key(relation: Relation, column: str) -> bool:
    kinds = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE)
    if any(column in c.columns for c in relation.constraints if c.kind in kinds):
        return True
    return any(i.unique and (column in i.columns or "(…)" in i.columns) for i in relation.indexes)
