"""What names mean on one catalog: relations, their columns, types.

Made once for a catalog by ``statement`` and asked by everything that resolves statements; pure.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

from smartspec_rollback.domain.catalog import Catalog, Column, DefinedType, Relation, TypeKind
from smartspec_rollback.providers.databases.resolving.outputs import Origin, Output

SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast"})
SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_NULL = re.compile(r"null(::.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One thing that names can refer to: a relation, a subselect, a function, a CTE.

    ``relation`` is set for one of the catalog. ``grows`` are the relations whose later columns
    would show up here. ``opaque``: it may have columns that are not known. ``hidden``: only
    qualified names reach it (``excluded``, ``old``, ``new``).
    """

    name: str
    outputs: tuple[Output, ...]
    relation: str | None = None
    grows: frozenset[str] = frozenset()
    opaque: bool = False
    hidden: bool = False

    @cached_property
    def by_name(self) -> dict[str, Output]:
        """Its columns; of two with one name the first."""
        return {each.name: each for each in reversed(self.outputs)}


@dataclass
class Scope:
    """The names one query level sees; ``merged`` are names that USING made one column of."""

    items: list[Item] = field(default_factory=list)
    parent: "Scope | None" = None
    ctes: dict[str, Item] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)

    def cte(self, name: str) -> Item | None:
        """Find a common table expression of this level or one around it."""
        level: Scope | None = self
        while level is not None:
            if name in level.ctes:
                return level.ctes[name]
            level = level.parent
        return None

    def item(self, name: str) -> Item | None:
        """Find what a qualified name's first part means."""
        level: Scope | None = self
        while level is not None:
            for each in level.items:
                if each.name == name:
                    return each
            level = level.parent
        return None


class Names:
    """An index of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        """Index ``catalog`` once; that takes time in proportion to its size."""
        self.catalog = catalog
        self._path = tuple(s for s in catalog.search_path if s not in SYSTEM_SCHEMAS)
        self._relations = {(r.schema, r.name): r for r in catalog.relations}
        self._types = {(t.schema, t.name): t for t in catalog.types}
        self._sequences = {(s.schema, s.name) for s in catalog.sequences}
        self.functions = frozenset(f.name for f in catalog.functions)
        self._items: dict[str, Item] = {}

    def relation(self, name: str, schema: str | None) -> Relation | None:
        """Find a relation as the server would."""
        for each in self._schemas(schema):
            if found := self._relations.get((each, name)):
                return found
        return None

    def foreign(self, name: str, schema: str | None) -> bool:
        """Tell whether a name is the server's own relation, or a sequence."""
        if schema in SYSTEM_SCHEMAS:
            return True
        if any((each, name) in self._sequences for each in self._schemas(schema)):
            return True
        return schema is None and name.startswith("pg_")

    def type(self, name: str, schema: str | None) -> str | None:
        """Find a type somebody defined, or a relation's row type; qualified."""
        for each in self._schemas(schema):
            if (each, name) in self._types or (each, name) in self._relations:
                return f"{each}.{name}"
        return None

    def item(self, relation: Relation) -> Item:
        """Describe a relation as something after FROM, under its own name."""
        known = self._items.get(relation.qualified)
        if known is None:
            own = relation.qualified
            outputs = tuple(Output(c.name, (Origin(own, c.name),)) for c in relation.columns)
            known = Item(relation.name, outputs, own, frozenset({own}))
            self._items[own] = known
        return known

    def fills(self, column: Column) -> bool:
        """Tell whether a column that an INSERT leaves out gets something else than NULL."""
        if column.generated is not None or column.identity is not None:
            return True
        default = column.default
        if default is None and (domain := self._domain(column.type)) is not None:
            default = domain.default
        return default is not None and _NULL.fullmatch(default.strip()) is None

    def _domain(self, spelled: str) -> DefinedType | None:
        schema, _, name = spelled.replace('"', "").rpartition(".")
        found = self._types.get((schema, name))
        return found if found is not None and found.kind is TypeKind.DOMAIN else None

    def _schemas(self, schema: str | None) -> tuple[str, ...]:
        return self._path if schema is None else (schema,)
