"""Narrow fixes: SQL to review that would make the old version work on the new schema.

Called by the rules. ``fix`` picks the fix that fits a code and an object; rules that know more call
the functions of ``columns``, ``relations`` and ``guards``. Nothing is ever executed by this tool;
every fix for PostgreSQL is executed by a test, and shown to make the old statement work.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.catalog import Column, Relation, RelationKind
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import columns, guards, relations

_VIEWS = (RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW)


@dataclass(frozen=True)
class _Place:
    """What an object's name means in both schemas; ``part`` lies within the relation."""

    case: Case
    object: str
    old: Relation | None
    new: Relation | None
    part: str
    to: str

    @property
    def kind(self) -> str:
        return self.case.after.kind

    @property
    def old_column(self) -> Column | None:
        return self.old.column(self.part) if self.old else None

    @property
    def new_column(self) -> Column | None:
        return self.new.column(self.part) if self.new else None


def fix(code: str, case: Case, object: str, *, to: str = "") -> str:  # noqa: A002 - as in findings
    """Return the SQL that would make the old version work; empty where only rolling forward does.

    ``object`` is named as in findings: ``schema.table``, ``schema.table.part`` (a column,
    constraint, index or trigger), ``schema.type``, ``schema.function(types)``. ``to`` is what it
    became: for renamed and moved relations the new qualified name, for a column its new name.
    """
    make = _MAKERS.get(code)
    return make(_placed(case, object, to)) if make is not None else ""


def _placed(case: Case, object: str, to: str) -> _Place:  # noqa: A002 - as above
    for name, part in _splits(object):
        old, new = case.old.get(name), case.new.get(name)
        if old is not None or new is not None:
            return _Place(case, object, old, new, part, to)
    return _Place(case, object, None, None, "", to)


def _splits(object: str) -> Iterator[tuple[str, str]]:  # noqa: A002 - as above
    """Cut a name at each dot, the longest relation first: names may hold dots themselves."""
    yield object, ""
    pieces = object.split(".")
    for count in range(len(pieces) - 1, 0, -1):
        yield ".".join(pieces[:count]), ".".join(pieces[count:])


def _make_optional(at: _Place) -> str:
    if at.new is None or at.new_column is None:
        return ""
    return columns.make_optional(at.kind, at.new, at.new_column, at.case.after)


def _drop_not_null(at: _Place) -> str:
    if at.new is None or at.new_column is None:
        return ""
    return columns.drop_not_null(at.kind, at.new, at.new_column)


def _restore_default(at: _Place) -> str:
    if at.new is None or at.old_column is None or at.new_column is None:
        return ""
    return columns.restore_default(at.kind, at.new, at.old_column, at.case.after)


def _add_back(at: _Place) -> str:
    if at.old is not None and at.old.kind in _VIEWS:
        return _recreate_view(at)
    if at.new is None or at.old_column is None or at.new_column is not None:
        return ""
    return columns.add_back(at.kind, at.new, at.old_column)


def _widen_back(at: _Place) -> str:
    if at.new is None or at.old_column is None or at.new_column is None:
        return ""
    return columns.widen_back(at.kind, at.new, at.old_column)


def _identity_by_default(at: _Place) -> str:
    if at.new is None or at.new_column is None:
        return ""
    return columns.identity_by_default(at.kind, at.new, at.part)


def _old_name(at: _Place) -> str:
    if at.part:
        if at.old is None or at.new is None or at.new.column(at.to) is None:
            return ""
        return relations.view_with_old_columns(
            at.kind, at.old, at.new, {at.part: at.to}
        ) or columns.rename_back(at.kind, at.new, at.to, at.part)
    target = at.case.new.get(at.to)
    if at.old is None or at.new is not None or target is None:
        return ""
    return relations.view_in_place_of(at.kind, at.old, target, schemas=at.case.after.schemas)


def _loosen(at: _Place) -> str:
    if at.new is None:
        return ""
    for constraint in at.new.constraints:
        if constraint.name == at.part:
            return guards.drop_constraint(at.kind, at.new, constraint)
    if any(index.name == at.part for index in at.new.indexes):
        return guards.drop_index(at.kind, at.new, at.part)
    return ""


def _restore_unique(at: _Place) -> str:
    if at.old is None or at.new is None:
        return ""
    for constraint in at.old.constraints:
        if constraint.name == at.part:
            return guards.restore_constraint(at.kind, at.new, constraint)
    return next((f"{i.definition};" for i in at.old.indexes if i.name == at.part), "")


def _cascade(at: _Place) -> str:
    if at.new is None:
        return ""
    found = (c for c in at.new.constraints if c.name == at.part)
    return next((guards.cascade_deletes(at.kind, at.new, each) for each in found), "")


def _recreate_view(at: _Place) -> str:
    if at.old is None or at.old.kind not in _VIEWS:
        return ""
    if at.new is not None and at.new.kind not in _VIEWS:
        return ""
    return relations.recreate_view(at.kind, at.old, at.new)


def _recreate_function(at: _Place) -> str:
    old = next((f for f in at.case.before.catalog.functions if f.signature == at.object), None)
    new = next((f for f in at.case.after.functions if f.signature == at.object), None)
    return relations.recreate_function(at.kind, old, new) if old is not None else ""


def _calm_trigger(at: _Place) -> str:
    if at.new is None:
        return ""
    old = next((t for t in (at.old.triggers if at.old else ()) if t.name == at.part), None)
    new = next((t for t in at.new.triggers if t.name == at.part), None)
    if old is not None:
        return relations.recreate_trigger(at.kind, at.new, old, new)
    return relations.disable_trigger(at.kind, at.new, at.part) if new is not None else ""


def _default_partition(at: _Place) -> str:
    if at.new is None or at.new.kind is not RelationKind.PARTITIONED:
        return ""
    parts = (r for r in at.case.after.relations if r.partition_of == at.new.qualified)
    if any((r.partition_bound or "").upper() == "DEFAULT" for r in parts):
        return ""
    return relations.default_partition(at.kind, at.new)


def _loosen_domain(at: _Place) -> str:
    old = next((t for t in at.case.before.catalog.types if t.qualified == at.object), None)
    new = next((t for t in at.case.after.types if t.qualified == at.object), None)
    return guards.loosen_domain(at.kind, old, new) if old is not None and new is not None else ""


_MAKERS: Mapping[str, Callable[[_Place], str]] = {
    "column-added-required": _make_optional,
    "column-dropped": _add_back,
    "renamed": _old_name,
    "schema-moved": _old_name,
    "text-narrowed": _widen_back,
    "integer-narrowed": _widen_back,
    "null-refused": _drop_not_null,
    "default-dropped": _restore_default,
    "default-changed": _restore_default,
    "check-added": _loosen,
    "unique-added": _loosen,
    "foreign-key-added": _loosen,
    "foreign-key-blocks-delete": _cascade,
    "unique-dropped": _restore_unique,
    "primary-key-changed": _restore_unique,
    "view-changed": _recreate_view,
    "function-changed": _recreate_function,
    "trigger-changed": _calm_trigger,
    "identity-always": _identity_by_default,
    "partition-missing": _default_partition,
    "domain-changed": _loosen_domain,
}
