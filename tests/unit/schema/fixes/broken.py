"""What breaks the old version in a way that a fix exists for, as its cases are told."""

from dataclasses import dataclass, field
from typing import Any

from smartspec_rollback.domain.catalog import (
    Catalog,
    Constraint,
    ConstraintKind,
    Relation,
)
from smartspec_rollback.testing.schema_samples import catalog, column, table

KIND = "postgresql"
ID = column("id", "integer", nullable=False)
NAME = column("name")
ITEMS = table("items", ID, NAME)
INSERT = "INSERT INTO items (id, name) VALUES (1, 'a')"
UPSERT = "INSERT INTO items (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING"


def check(name: str, definition: str, kind: ConstraintKind, **facts: Any) -> Constraint:
    """Make a constraint."""
    known: dict[str, Any] = {"name": name, "kind": kind, "columns": (), "definition": definition}
    return Constraint(**known | facts)


def two(old: tuple[Relation, ...], new: tuple[Relation, ...]) -> tuple[Catalog, Catalog]:
    """Make both catalogs."""
    return catalog(*old), catalog(*new)


@dataclass(frozen=True)
class Broken:
    """What the new schema is, what the old version asks, and where the fix is looked for."""

    name: str
    code: str
    object: str
    new_schema: str
    statement: str
    catalogs: tuple[Catalog, Catalog]
    to: str = ""
    then: tuple[str, ...] = field(default=())
