"""Resolve what writes: INSERT, REPLACE, UPDATE, DELETE, TRUNCATE; and dispatch statements.

The top of the resolver; ``usage`` starts it.
"""

from collections.abc import Sequence

from sqlglot import exp

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.providers.databases.dialects.names import (
    Item,
    Scope,
    column,
    fills,
    unique_keys,
)
from smartspec_rollback.providers.databases.dialects.queries import Queries
from smartspec_rollback.providers.databases.dialects.values import (
    Nullness,
    constants,
    is_default,
    nullness,
)
from smartspec_rollback.providers.databases.resolving.outputs import Want
from smartspec_rollback.providers.databases.resolving.record import Draft

_CHANGES = (exp.Create, exp.Alter, exp.Drop)
Rows = list[list[exp.Expr]]


class Writes(Queries):
    """Walks whole statements."""

    def statement(self, node: exp.Expr, *, replaces: bool = False) -> None:
        """Resolve one statement; ``replaces``: it is an INSERT that REPLACE was read as."""
        match node:
            case exp.Insert():
                self._insert(node, replaces=replaces or node.args.get("alternative") == "REPLACE")
            case exp.Update():
                self._update(node)
            case exp.Delete():
                self._delete(node)
            case exp.TruncateTable():
                for each in node.expressions:
                    item = self.relation(each, None, target=True)
                    if item.relation is not None:
                        self.record.draft(item.relation.qualified).deletes = True
            case exp.Query():
                self.query(node, None, Want.RESULT)
            case exp.Create() if node.expression is not None:
                self.query(node.expression, None, Want.WHOLE)
                self.record.problem("it changes the schema")
            case _ if isinstance(node, _CHANGES):
                self.record.problem("it changes the schema")
            case _:
                self.record.problem(f"a statement of the kind {node.key.upper()} is not read")

    def _insert(self, node: exp.Insert, *, replaces: bool) -> None:
        scope = Scope()
        self.common_tables(node, scope)
        table, given = node.this, None
        if isinstance(table, exp.Schema):
            table, given = table.this, tuple(each.name for each in table.expressions)
        item = self.relation(table, scope, target=True)
        rows, width = self._rows(node, scope)
        inside = Scope([item], scope)
        if (relation := item.relation) is not None:
            draft = self.record.insertion(relation.qualified)
            columns = self._named(given, relation, width)
            self._inserted(draft, relation, columns, rows)
            if given is None and node.expression is not None:
                draft.inserted = None
            self._conflict(node, draft, item, inside, replaces=replaces)
        self._returning(node, inside)

    def _named(
        self, given: tuple[str, ...] | None, relation: Relation, width: int | None
    ) -> tuple[str, ...]:
        """Spell the columns an INSERT gives as the catalog does, and check that they fit."""
        if given is None:
            columns = tuple(c.name for c in relation.columns)
            return columns if width is None else columns[:width]
        found = []
        for name in given:
            known = column(relation, name)
            if known is None:
                self.record.problem(f"column {name} of {relation.name} does not exist")
            found.append(known.name if known is not None else name)
        if width not in (None, len(given)) and given:
            self.record.problem(f"{width} values are given for {len(given)} columns")
        return tuple(found)

    def _rows(self, node: exp.Insert, scope: Scope) -> tuple[Rows | None, int | None]:
        """Resolve what is inserted: the expressions of each row, None where they aren't told.

        The second is how many columns are given, None where that is not known.
        """
        source = node.expression
        if source is None:
            return [], 0
        if isinstance(source, exp.Values):
            self.expression(source.expressions, scope)
            rows = [
                list(each.expressions) if isinstance(each, exp.Tuple) else [each.unnest()]
                for each in source.expressions
            ]
            return rows, len(rows[0]) if rows else 0
        shape = self.query(source, scope, Want.WHOLE)
        told = isinstance(source, exp.Select) and not source.is_star
        width = None if shape.opaque else len(shape.outputs)
        return ([[each.unalias() for each in source.expressions]] if told else None), width

    def _inserted(
        self, draft: Draft, relation: Relation, columns: Sequence[str], rows: Rows | None
    ) -> None:
        """Note an INSERT of ``rows`` (None where they aren't told) in ``columns``."""
        given: list[str] = []
        for place, name in enumerate(columns):
            values = None if rows is None else [row[place] for row in rows if place < len(row)]
            written = values if values is None else [v for v in values if not is_default(v)]
            if written is None or written:
                given.append(name)
            if values is None:
                draft.maybe_nulls[name] = None
                continue
            self._judge(draft, name, written or [])
            if len(written or []) < len(values):
                self._default(draft, relation, name)
        draft.inserted = tuple(given)
        for each in relation.columns:
            if each.name not in columns:
                self._default(draft, relation, each.name)

    def _conflict(
        self, node: exp.Insert, draft: Draft, item: Item, scope: Scope, *, replaces: bool
    ) -> None:
        """Note what decides between inserting and something else: the keys there are."""
        clause = node.args.get("conflict")
        implied = replaces or bool(node.args.get("ignore")) or node.args.get("alternative")
        if clause is not None:
            if targets := clause.args.get("conflict_keys"):
                self.expression(targets, scope)
                names = [_key(each, item.relation) for each in targets]
                draft.arbiter = tuple(names)
            else:
                implied = True
            excluded = Item(
                "excluded", item.outputs, item.relation, opaque=item.opaque, hidden=True
            )
            inside = Scope([item, excluded], scope.parent)
            self._assigned(clause.expressions, item, inside, inserting=draft)
            self.expression(clause.args.get("where"), inside)
        if replaces:
            draft.deletes = True
        if implied and item.relation is not None:
            self._implied(draft, item.relation)

    def _implied(self, draft: Draft, relation: Relation) -> None:
        """Note every key that rows given whole can meet: a Use for each, having one arbiter."""
        given = {c.name for c in relation.columns} if draft.inserted is None else {*draft.inserted}
        for key in unique_keys(relation):
            if set(key) <= given:
                one = draft if draft.arbiter is None else self.record.another(relation.qualified)
                one.arbiter = key

    def _update(self, node: exp.Update) -> None:
        scope = Scope()
        self.common_tables(node, scope)
        scope.items += self._targets(node.this, scope)
        self.sources(node, scope)
        target = scope.items[0]
        self._assigned(node.expressions, target, scope)
        self.expression([node.args.get(k) for k in ("where", "order", "limit")], scope)
        self._returning(node, Scope([target], scope.parent, scope.ctes))

    def _targets(self, node: exp.Expr, scope: Scope) -> list[Item]:
        """Resolve what UPDATE or DELETE name first, with the joins that hang on it."""
        if not isinstance(node, exp.Table):
            return self.source(node, scope)
        within = Scope([self.relation(node, scope, target=True)], scope.parent, scope.ctes)
        self.joins(node.args.get("joins"), within)
        scope.merged |= within.merged
        return within.items

    def _assigned(
        self,
        nodes: list[exp.Expr],
        target: Item,
        scope: Scope,
        *,
        inserting: Draft | None = None,
    ) -> None:
        """Note SET clauses; of several tables, each column is its own table's."""
        for each in nodes:
            if not isinstance(each, exp.EQ) or not isinstance(each.this, exp.Column):
                self.expression(each, scope)
                self.record.problem("a part of SET is not read")
                continue
            name, value = each.this.name, each.expression
            self.expression(value, scope)
            item = self._owner(each.this, target, scope)
            if item is None or item.relation is None:
                continue
            found = column(item.relation, name)
            if found is None:
                self.record.problem(f"column {name} of {item.relation.name} does not exist")
                continue
            draft = inserting or self.record.draft(item.relation.qualified)
            draft.updated[found.name] = None
            if not each.this.table:
                others = (i.grows for i in scope.items if i is not item and not i.hidden)
                output = item.by_name[found.name.lower()]
                self.record.rivals(found.name, output, frozenset().union(*others))
            if is_default(value):
                self._default(draft, item.relation, found.name)
            elif not (inserting is not None and _as_inserted(value, name)):
                self._judge(draft, found.name, [value])

    def _owner(self, node: exp.Column, target: Item, scope: Scope) -> Item | None:
        if node.table:
            return scope.item(node.table)
        name = node.name.lower()
        holders = [i for i in scope.items if not i.hidden and name in i.by_name]
        return target if target in holders or not holders else holders[0]

    def _delete(self, node: exp.Delete) -> None:
        scope = Scope()
        self.common_tables(node, scope)
        scope.items += self._targets(node.this, scope)
        using = node.args.get("using") or []
        for each in using if isinstance(using, list) else [using]:
            scope.items += self.source(each, scope)
        named = [each.name for each in node.args.get("tables") or ()]
        for item in [scope.item(n) for n in named] if named else scope.items[:1]:
            if item is not None and item.relation is not None:
                self.record.draft(item.relation.qualified).deletes = True
        self.expression([node.args.get(k) for k in ("where", "order", "limit")], scope)
        self._returning(node, scope)

    def _returning(self, node: exp.Expr, scope: Scope) -> None:
        clause = node.args.get("returning")
        if clause is not None:
            self.targets(clause.expressions, scope, Want.RESULT)

    def _judge(self, draft: Draft, name: str, values: list[exp.Expr]) -> None:
        for value in values:
            {
                Nullness.WRITTEN: draft.nulls,
                Nullness.NEVER: draft.not_nulls,
                Nullness.OPEN: draft.maybe_nulls,
            }[nullness(value)][name] = None
        for text in constants(values):
            draft.literals[name, text] = None

    def _default(self, draft: Draft, relation: Relation, name: str) -> None:
        found = column(relation, name)
        if found is not None and not fills(found):
            draft.nulls[name] = None
        else:
            draft.maybe_nulls[name] = None


def _key(node: exp.Expr, relation: Relation | None) -> str:
    """Spell one column of ON CONFLICT."""
    value = node.this if isinstance(node, exp.Ordered) else node
    if not isinstance(value, exp.Column | exp.Identifier):
        return "(…)"
    found = column(relation, value.name) if relation is not None else None
    return found.name if found is not None else value.name


def _as_inserted(value: exp.Expr, name: str) -> bool:
    """Tell whether it is ``excluded.c`` or ``VALUES(c)``, for which the INSERT was judged."""
    if isinstance(value, exp.Anonymous) and value.name.upper() == "VALUES":
        return [each.name.lower() for each in value.expressions] == [name.lower()]
    return (
        isinstance(value, exp.Column)
        and value.table.lower() == "excluded"
        and value.name.lower() == name.lower()
    )
