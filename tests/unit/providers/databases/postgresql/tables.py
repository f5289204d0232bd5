"""Catalogs of a few tables, written in a line each, and short looks at what came of a statement."""

import msgspec

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.domain.workload import Use
from smartspec_rollback.providers.databases.postgresql.usage.statement import Understood, uses_of


def table(name: str, columns: str, *, schema: str = "public") -> Relation:
    """Make a table of ``columns``: words like ``name``, ``name!`` (NOT NULL), ``name=default``."""
    made = []
    for position, word in enumerate(columns.split(), 1):
        bare, _, default = word.partition("=")
        name_of, required = bare.removesuffix("!"), bare.endswith("!")
        made.append(
            Column(
                name=name_of,
                type="text",
                nullable=not required,
                position=position,
                default=default or None,
            )
        )
    return Relation(schema=schema, name=name, kind=RelationKind.TABLE, columns=tuple(made))


SHOP = Catalog(
    kind="postgresql",
    version="18.0",
    search_path=('"$user"', "public"),
    relations=(
        table("items", "id! name! price=0 stock note"),
        table("orders", "id! item_id! buyer state=now() placed_at"),
        table("users", "id! login email"),
        table("events", "id! payload", schema="audit"),
    ),
)


def read(text: str, catalog: Catalog = SHOP) -> Understood:
    """Work out what a statement touches."""
    return uses_of(text, catalog)


def use(text: str, relation: str, catalog: Catalog = SHOP) -> Use:
    """Take what a statement that is wholly understood does to one relation."""
    found = read(text, catalog)
    assert found.problem is None, found.problem
    assert found.uses is not None
    (one,) = (each for each in found.uses if each.relation == relation)
    return one


def facts(each: Use) -> dict[str, object]:
    """Tell the fields of a Use that say something."""
    empty = Use(relation=each.relation)
    return {
        field: getattr(each, field)
        for field in msgspec.structs.asdict(each)
        if getattr(each, field) != getattr(empty, field)
    }
