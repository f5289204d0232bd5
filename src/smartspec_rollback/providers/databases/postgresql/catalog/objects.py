"""Puts functions, types and sequences together from the rows of the catalog queries.

Called by ``reader``; asks nothing itself.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from smartspec_rollback.domain import catalog
from smartspec_rollback.domain.catalog import DefinedType, Function, TypeKind
from smartspec_rollback.providers.databases.postgresql.catalog.relations import (
    by,
    columns_of,
    grants_of,
)

_FUNCTIONS = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window"}
_TYPES = {
    "e": TypeKind.ENUM,
    "d": TypeKind.DOMAIN,
    "c": TypeKind.COMPOSITE,
    "r": TypeKind.RANGE,
}
_INPUTS = frozenset("ibv")
"""The modes of arguments that are given: IN, INOUT, VARIADIC."""


def functions(rows: Sequence[Any], grants: Sequence[Any]) -> tuple[Function, ...]:
    """Make every function, ordered by signature; an extension's without its definition."""
    granted = by((row for row in grants if row.of == "pg_proc"), "oid")
    made = (
        Function(
            schema=row.nspname,
            name=row.proname,
            kind=_FUNCTIONS[row.kind],
            arguments=tuple(row.arguments),
            names=_names(row),
            defaults=row.pronargdefaults,
            variadic=row.variadic,
            returns=row.returns or "",
            language=row.lanname,
            definition=row.definition,
            security_definer=row.prosecdef,
            owner=row.owner,
            grants=grants_of(granted.get(row.oid, ())),
            extension=row.extname,
        )
        for row in rows
    )
    return tuple(sorted(made, key=lambda each: each.signature))


def _names(row: Any) -> tuple[str, ...]:
    """Give the names of the inputs; all empty where none has one."""
    if row.names is None:
        return ("",) * len(row.arguments)
    modes = row.modes or ["i"] * len(row.names)
    named = zip(row.names, modes, strict=False)
    return tuple(name for name, mode in named if mode in _INPUTS)


def types(rows: Sequence[Any], columns: Sequence[Any]) -> tuple[DefinedType, ...]:
    """Make every type somebody defined, ordered by name."""
    attributes = by(columns, "attrelid")
    made = (
        DefinedType(
            schema=row.nspname,
            name=row.typname,
            kind=_TYPES[row.kind],
            labels=tuple(row.labels),
            base=row.base,
            nullable=not row.typnotnull,
            default=row.typdefault,
            checks=tuple(row.checks),
            attributes=columns_of(attributes.get(row.typrelid, ())) if row.kind == "c" else (),
            definition=_range(row) if row.kind == "r" else None,
            extension=row.extname,
        )
        for row in rows
    )
    return tuple(sorted(made, key=lambda each: (each.schema, each.name)))


def _range(row: Any) -> str:
    """Write what creates a range type again."""
    options = {
        "SUBTYPE": row.subtype,
        "SUBTYPE_OPCLASS": row.opclass,
        "CANONICAL": row.canonical,
        "SUBTYPE_DIFF": row.difference,
        "MULTIRANGE_TYPE_NAME": row.multirange,
    }
    said = ", ".join(f"{name} = {value}" for name, value in options.items() if value)
    return f"CREATE TYPE {_quoted(row.nspname, row.typname)} AS RANGE ({said})"


def sequences(rows: Sequence[Any], grants: Sequence[Any]) -> tuple[catalog.Sequence, ...]:
    """Make every sequence, ordered by name."""
    granted = by((row for row in grants if row.of == "pg_class"), "oid")
    made = (
        catalog.Sequence(
            schema=row.nspname,
            name=row.relname,
            type=row.type,
            owned_by=row.owned_by,
            identity=row.identity,
            definition=_sequence(row),
            grants=grants_of(granted.get(row.oid, ())),
        )
        for row in rows
    )
    return tuple(sorted(made, key=lambda each: (each.schema, each.name)))


def _sequence(row: Any) -> str:
    """Write what creates a sequence again, all of it spelled out."""
    return (
        f"CREATE SEQUENCE {_quoted(row.nspname, row.relname)} AS {row.type} "
        f"START WITH {row.seqstart} INCREMENT BY {row.seqincrement} "
        f"MINVALUE {row.seqmin} MAXVALUE {row.seqmax} CACHE {row.seqcache}"
        f"{' CYCLE' if row.seqcycle else ' NO CYCLE'}"
    )


def _quoted(schema: str, name: str) -> str:
    return sql.Identifier(schema, name).as_string()
