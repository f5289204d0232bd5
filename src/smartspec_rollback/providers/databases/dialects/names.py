"""What names mean on one catalog: relations and their columns, upper and lower case alike.

Made once for a catalog by ``usage`` and asked by everything that resolves statements; pure. Names
are given back as the catalog spells them.
"""

from dataclasses import dataclass, field
from functools import cached_property

from smartspec_rollback.domain.catalog import Catalog, Column, ConstraintKind, Relation
from smartspec_rollback.providers.databases.resolving.outputs import Origin, Output

HOME = "main"
"""The schema every relation of these databases is in: a connection has only one of its own."""

SYSTEM_SCHEMAS = frozenset({"information_schema", "mysql", "performance_schema", "sys", "temp"})
SYSTEM_COLUMNS = frozenset({"rowid", "oid", "_rowid_", "rank"})
_KEYS = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})


@dataclass(frozen=True)
class Item:
    """One thing that names can refer to: a relation, a subselect, a common table expression.

    ``relation`` is set for one of the catalog. ``grows`` are the relations whose later columns
    would show up here. ``opaque``: it may have columns that are not known. ``hidden``: only
    qualified names reach it (``excluded``).
    """

    name: str
    outputs: tuple[Output, ...]
    relation: Relation | None = None
    grows: frozenset[str] = frozenset()
    opaque: bool = False
    hidden: bool = False

    @cached_property
    def by_name(self) -> dict[str, Output]:
        """Its columns by name in lower case; of two with one name the first."""
        return {each.name.lower(): each for each in reversed(self.outputs)}


@dataclass
class Scope:
    """The names one query level sees.

    ``merged`` are names that USING made one column of; ``aliases`` those its results are given,
    which these databases let WHERE or HAVING use. All in lower case.
    """

    items: list[Item] = field(default_factory=list)
    parent: "Scope | None" = None
    ctes: dict[str, Item] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    aliases: frozenset[str] = frozenset()

    def cte(self, name: str) -> Item | None:
        """Find a common table expression of this level or one around it."""
        level: Scope | None = self
        while level is not None:
            if (found := level.ctes.get(name.lower())) is not None:
                return found
            level = level.parent
        return None

    def item(self, name: str) -> Item | None:
        """Find what a qualified name's first part means."""
        level: Scope | None = self
        while level is not None:
            for each in level.items:
                if each.name.lower() == name.lower():
                    return each
            level = level.parent
        return None


class Names:
    """An index of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        """Index ``catalog`` once; that takes time in proportion to its size."""
        self.catalog = catalog
        self._exact = {each.name: each for each in catalog.relations}
        self._folded = {each.name.lower(): each for each in reversed(catalog.relations)}
        self._schemas = {each.lower() for each in (*catalog.search_path, *catalog.schemas)}
        self._items: dict[str, Item] = {}

    def relation(self, name: str, schema: str | None) -> Relation | None:
        """Find a relation as the server would; case counts only where it tells two apart."""
        if schema and schema.lower() not in self._schemas:
            return None
        return self._exact.get(name) or self._folded.get(name.lower())

    def foreign(self, name: str, schema: str | None) -> bool:
        """Tell whether a name is the server's own relation."""
        if schema:
            return schema.lower() in SYSTEM_SCHEMAS
        return name.lower() == "dual" or name.lower().startswith("sqlite_")

    def item(self, relation: Relation, called: str) -> Item:
        """Describe a relation as something after FROM, under the name ``called``."""
        known = self._items.get(relation.qualified)
        if known is None:
            own = relation.qualified
            outputs = tuple(Output(c.name, (Origin(own, c.name),)) for c in relation.columns)
            known = Item(relation.name, outputs, relation, frozenset({own}))
            self._items[own] = known
        if called == known.name:
            return known
        return Item(called, known.outputs, relation, known.grows)


def column(relation: Relation, name: str) -> Column | None:
    """Find a column, whatever its case."""
    exact = relation.column(name)
    folded = (each for each in relation.columns if each.name.lower() == name.lower())
    return exact or next(folded, None)


def fills(one: Column) -> bool:
    """Tell whether a column that an INSERT leaves out gets something else than NULL."""
    if one.generated is not None or one.identity is not None:
        return True
    return one.default is not None and one.default.strip().lower() != "null"


def unique_keys(relation: Relation) -> tuple[tuple[str, ...], ...]:
    """List the columns of everything that keeps rows apart, primary key first."""
    found = [c.columns for c in relation.constraints if c.kind in _KEYS]
    found += [i.columns for i in relation.indexes if i.unique and i.predicate is None]
    plain = (each for each in found if each and "(…)" not in each)
    return tuple(dict.fromkeys(plain))
