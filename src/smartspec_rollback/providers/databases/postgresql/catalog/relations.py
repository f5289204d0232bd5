"""Puts tables and views together from the rows of the catalog queries; asks nothing itself.

Called by ``reader``. Rows are matched by the server's object ids; one whose relation went away
between two queries is left out (``reader`` then reads everything again).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.domain.catalog import (
    Column,
    Constraint,
    ConstraintKind,
    Grant,
    Index,
    Policy,
    Relation,
    RelationKind,
    Trigger,
)

_KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED,
    "v": RelationKind.VIEW,
    "m": RelationKind.MATERIALIZED_VIEW,
    "f": RelationKind.FOREIGN_TABLE,
}
_CONSTRAINTS = {
    "p": ConstraintKind.PRIMARY_KEY,
    "u": ConstraintKind.UNIQUE,
    "c": ConstraintKind.CHECK,
    "f": ConstraintKind.FOREIGN_KEY,
    "x": ConstraintKind.EXCLUDE,
}
_ACTIONS = {
    "a": "no action",
    "r": "restrict",
    "c": "cascade",
    "n": "set null",
    "d": "set default",
}
_COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}
_IDENTITY = {"a": "always", "d": "by default"}
_EVENTS = ((4, "insert"), (16, "update"), (8, "delete"), (32, "truncate"))
_CHANGES = 4 | 8 | 16
"""What pg_relation_is_updatable says of a view that takes UPDATE, INSERT and DELETE."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The rows of ``queries``, each list under the name of its query; sizes and empty by oid."""

    relations: Sequence[Any]
    columns: Sequence[Any]
    constraints: Sequence[Any]
    indexes: Sequence[Any]
    triggers: Sequence[Any]
    policies: Sequence[Any]
    grants: Sequence[Any]
    views: Sequence[Any]
    rules: Sequence[Any]
    sizes: Mapping[int, int]
    empty: Mapping[int, bool]


def relations(parts: Parts) -> tuple[Relation, ...]:
    """Make every relation, ordered by name."""
    return _Assembly(parts).relations()


def columns_of(rows: Iterable[Any]) -> tuple[Column, ...]:
    """Make columns of rows of ``queries.COLUMNS``."""
    return tuple(
        Column(
            name=row.attname,
            type=row.type,
            nullable=not row.attnotnull,
            position=row.attnum,
            default=None if row.generated else row.expression,
            generated=row.expression if row.generated else None,
            identity=_IDENTITY.get(row.identity),
            own_collation=row.collation,
            comment=row.comment,
        )
        for row in rows
    )


def grants_of(rows: Iterable[Any]) -> tuple[Grant, ...]:
    """Make grants of rows of ``queries.GRANTS``, one for each privilege."""
    return tuple(
        Grant(grantee=row.grantee, privilege=privilege, column=row.column)
        for row in sorted(rows, key=lambda row: (row.column or "", row.grantee))
        for privilege in row.privileges
    )


def by(rows: Iterable[Any], key: str) -> dict[int, list[Any]]:
    """Group rows by one of their object ids."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, key), []).append(row)
    return grouped


class _Assembly:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._names = {row.oid: f"{row.nspname}.{row.relname}" for row in parts.relations}
        self._columns = by(parts.columns, "attrelid")
        self._constraints = by(parts.constraints, "conrelid")
        self._indexes = by(parts.indexes, "indrelid")
        self._triggers = by(parts.triggers, "tgrelid")
        self._policies = by(parts.policies, "polrelid")
        self._grants = by((row for row in parts.grants if row.of == "pg_class"), "oid")
        self._views = {row.oid: row for row in parts.views}
        self._rules = by(parts.rules, "ev_class")
        self._families = _families(parts.relations)

    def relations(self) -> tuple[Relation, ...]:
        found = (self._relation(row) for row in self._parts.relations)
        return tuple(sorted(found, key=lambda each: (each.schema, each.name)))

    def _relation(self, row: Any) -> Relation:
        columns = self._columns.get(row.oid, [])
        names = {column.attnum: column.attname for column in columns}
        parents = tuple(self._names[oid] for oid in row.parents if oid in self._names)
        view = self._views.get(row.oid)
        family = self._families[row.oid]
        empty = self._empty(family)
        return Relation(
            schema=row.nspname,
            name=row.relname,
            kind=_KINDS[row.relkind],
            columns=columns_of(columns),
            constraints=_constraints(self._constraints.get(row.oid, ()), names),
            indexes=_indexes(self._indexes.get(row.oid, ()), names),
            triggers=_triggers(self._triggers.get(row.oid, ())),
            policies=_policies(self._policies.get(row.oid, ())),
            grants=grants_of(self._grants.get(row.oid, ())),
            owner=row.owner,
            row_security=row.relrowsecurity,
            force_row_security=row.relforcerowsecurity,
            definition=view.definition.strip().removesuffix(";") if view else None,
            rules=tuple(sorted(each.definition for each in self._rules.get(row.oid, ()))),
            updatable=_updatable(row.relkind, view),
            partition_of=parents[0] if row.relispartition and parents else None,
            partition_bound=row.bound,
            partition_key=row.partition_key,
            inherits=() if row.relispartition else parents,
            rows=0 if empty else self._rows(family),
            empty=empty,
            size=_sum(self._parts.sizes.get(each.oid) for each in family),
            comment=row.comment,
            extension=row.extname,
            options=tuple(row.options or ()),
        )

    def _rows(self, family: Sequence[Any]) -> int | None:
        return _sum(each.rows for each in family)

    def _empty(self, family: Sequence[Any]) -> bool | None:
        """Tell of a table with all its partitions and children; only what is known counts."""
        known = [self._empty_alone(each) for each in family]
        if False in known:
            return False
        return None if None in known or not known else True

    def _empty_alone(self, row: Any) -> bool | None:
        told = self._parts.empty.get(row.oid)
        return False if told is None and row.rows else told


def _families(rows: Sequence[Any]) -> dict[int, list[Any]]:
    """List, for each relation, those of itself and its descendants that hold rows."""
    children: dict[int, list[Any]] = {row.oid: [] for row in rows}
    for row in rows:
        for parent in row.parents:
            children.get(parent, []).append(row)
    families: dict[int, list[Any]] = {}
    for row in rows:
        found = {row.oid: row}
        queue = [row.oid]
        while queue:
            for child in children[queue.pop()]:
                if child.oid not in found:
                    found[child.oid] = child
                    queue.append(child.oid)
        families[row.oid] = [each for each in found.values() if each.relkind not in "pv"]
    return families


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Add up; None where one of them is unknown, or there is none."""
    held = list(numbers)
    known = [number for number in held if number is not None]
    return sum(known) if known and len(known) == len(held) else None


def _updatable(kind: str, view: Any) -> bool:
    if kind == "v":
        return view is not None and (view.writes or 0) & _CHANGES == _CHANGES
    return kind != "m"


def _constraints(rows: Iterable[Any], names: Mapping[int, str]) -> tuple[Constraint, ...]:
    made = (
        Constraint(
            name=row.conname,
            kind=_CONSTRAINTS[row.contype],
            columns=tuple(names[n] for n in row.conkey or () if n in names),
            definition=row.definition,
            predicate=_predicate(row.definition) if row.contype == "c" else None,
            references=f"{row.refers_schema}.{row.refers_name}" if row.contype == "f" else None,
            referenced_columns=tuple(row.refers_columns) if row.contype == "f" else (),
            on_delete=_ACTIONS.get(row.on_delete) if row.contype == "f" else None,
            validated=row.convalidated,
            deferrable=row.condeferrable,
        )
        for row in rows
        if row.definition is not None
    )
    return tuple(sorted(made, key=lambda each: each.name))


def _predicate(definition: str) -> str:
    """Take a check's bare expression out of ``CHECK ((price > 0)) NO INHERIT NOT VALID``."""
    text = definition.removeprefix("CHECK ").strip()
    for suffix in (" NOT VALID", " NOT ENFORCED", " NO INHERIT"):
        text = text.removesuffix(suffix)
    return text.removeprefix("(").removesuffix(")")


def _indexes(rows: Iterable[Any], names: Mapping[int, str]) -> tuple[Index, ...]:
    made = (
        Index(
            name=row.relname,
            columns=tuple(names.get(n, "(…)") for n in row.indkey[: row.indnkeyatts]),
            unique=row.indisunique,
            definition=row.definition,
            predicate=row.predicate,
            constraint=row.conname,
            valid=row.indisvalid,
        )
        for row in rows
        if row.definition is not None
    )
    return tuple(sorted(made, key=lambda each: each.name))


def _triggers(rows: Iterable[Any]) -> tuple[Trigger, ...]:
    made = (
        Trigger(
            name=row.tgname,
            definition=row.definition,
            function=row.function,
            events=tuple(name for bit, name in _EVENTS if row.events & bit),
            enabled=row.enabled,
        )
        for row in rows
        if row.definition is not None
    )
    return tuple(sorted(made, key=lambda each: each.name))


def _policies(rows: Iterable[Any]) -> tuple[Policy, ...]:
    made = (
        Policy(
            name=row.polname,
            command=_COMMANDS[row.command],
            permissive=row.polpermissive,
            roles=tuple(sorted(row.roles)),
            using=row.using,
            check=row.check,
        )
        for row in rows
    )
    return tuple(sorted(made, key=lambda each: each.name))
