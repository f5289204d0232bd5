"""Note what is written to columns: which, whether NULL, and which constants.

Part of the resolver, between ``query`` and ``write``.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings
from smartspec_rollback.providers.databases.postgresql.usage.names import Item, Scope
from smartspec_rollback.providers.databases.postgresql.usage.query import Queries
from smartspec_rollback.providers.databases.postgresql.usage.values import (
    Nullness,
    constants,
    nullness,
)
from smartspec_rollback.providers.databases.resolving.record import Draft


class Assignments(Queries):
    """Walks column lists and SET clauses."""

    def named_columns(
        self, nodes: list[Tree], relation: Relation | None, item: Item, scope: Scope
    ) -> tuple[str, ...] | None:
        """Read the column list of an INSERT; None without one."""
        for each in nodes:
            self._known(each["ResTarget"]["name"], relation)
            self.expression(each["ResTarget"].get("indirection"), Scope([item], scope))
        return tuple(dict.fromkeys(each["ResTarget"]["name"] for each in nodes)) or None

    def inserted(
        self,
        draft: Draft,
        relation: Relation,
        columns: Sequence[str],
        rows: list[list[Tree]] | None,
    ) -> None:
        """Note an INSERT of ``rows`` (expressions; None where they aren't told) in ``columns``."""
        given: list[str] = []
        for place, name in enumerate(columns):
            values = None if rows is None else [row[place] for row in rows if place < len(row)]
            written = values if values is None else [v for v in values if "SetToDefault" not in v]
            if written is None or written:
                given.append(name)
            if values is None:
                draft.maybe_nulls[name] = None
                continue
            self._judge(draft, name, written or [])
            if len(written or []) < len(values):
                self._default(draft, relation, name)
        draft.inserted = tuple(given)
        for column in relation.columns:
            if column.name not in columns:
                self._default(draft, relation, column.name)

    def assigned(
        self, nodes: list[Tree], draft: Draft | None, relation: Relation | None, scope: Scope
    ) -> None:
        """Note the SET clause of an UPDATE."""
        for each in nodes:
            target = each["ResTarget"]
            name, value = target["name"], target.get("val", {})
            self._known(name, relation)
            self.expression(target.get("indirection"), scope)
            value = self._assigned_value(value, scope)
            if draft is None:
                continue
            draft.updated[name] = None
            if "indirection" in target:
                draft.maybe_nulls[name] = None
            elif "SetToDefault" in value:
                if relation is not None:
                    self._default(draft, relation, name)
            elif not self._as_inserted(value, draft, name):
                self._judge(draft, name, [value])

    def _assigned_value(self, value: Tree, scope: Scope) -> Tree:
        """Resolve what one column is set to; ``(a, b) = (…)`` is resolved with its first."""
        several = value.get("MultiAssignRef")
        if several is None:
            self.expression(value, scope)
            return value
        if several.get("colno") == 1:
            self.expression(several["source"], scope)
        row = several["source"].get("RowExpr", {}).get("args", [])
        place = several.get("colno", 1) - 1
        return row[place] if place < len(row) else {}

    def _as_inserted(self, value: Tree, draft: Draft, name: str) -> bool:
        """Tell whether ``SET c = excluded.c`` writes what the INSERT was judged for."""
        fields = strings(value.get("ColumnRef", {}).get("fields", []))
        return draft.inserts and fields == ("excluded", name)

    def _judge(self, draft: Draft, name: str, values: list[Tree]) -> None:
        for value in values:
            kind = nullness(value) if value else Nullness.OPEN
            {
                Nullness.WRITTEN: draft.nulls,
                Nullness.NEVER: draft.not_nulls,
                Nullness.OPEN: draft.maybe_nulls,
            }[kind][name] = None
        for text in constants(values):
            draft.literals[name, text] = None

    def _default(self, draft: Draft, relation: Relation, name: str) -> None:
        column = relation.column(name)
        if column is not None and not self.names.fills(column):
            draft.nulls[name] = None
        else:
            draft.maybe_nulls[name] = None

    def _known(self, name: str, relation: Relation | None) -> None:
        if relation is not None and relation.column(name) is None:
            self.record.problem(f"column {name} of {relation.name} does not exist")
