"""Which table of the new schema is which table of the old one, and likewise for columns.

Called by ``case`` and the rules. Looks at catalogs alone; whether anybody minds is for the rules.
Migration tools' own tables, extensions' tables and views are not matched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from smartspec_rollback.domain.catalog import Column, Relation, RelationKind
from smartspec_rollback.domain.migration import LEDGER_TABLES
from smartspec_rollback.schema.reading.words import words

STORED = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED, RelationKind.FOREIGN_TABLE})
_ALIKE = 0.7
"""The share of equal columns from which a table that is gone is taken for one that is new."""


class Fate(StrEnum):
    """What became of a table."""

    KEPT = "kept"
    RENAMED = "renamed"
    MOVED = "moved"
    BEHIND_VIEW = "renamed, and a view has its name"
    VIEW = "became a view"


@dataclass(frozen=True)
class Match:
    """One table of the old schema and what it is now; ``view`` has its old name, if one has."""

    old: Relation
    new: Relation
    fate: Fate
    view: Relation | None = None

    @cached_property
    def columns(self) -> "Columns":
        """What became of its columns; one that stands in another's place is that one renamed."""
        return _columns(self)

    def offers(self, column: str) -> bool:
        """Tell whether the old name still offers ``column``."""
        return (self.view or self.new).column(column) is not None


@dataclass(frozen=True)
class Matching:
    """Every table's fate. ``dropped`` have no successor, ``added`` no predecessor."""

    matches: tuple[Match, ...]
    dropped: tuple[Relation, ...]
    added: tuple[Relation, ...]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The later names of the old tables that have a successor, both qualified."""
        return {each.old.qualified: each.new.qualified for each in self.matches}


def stored(relation: Relation) -> bool:
    """Tell whether a relation is a table of the application's own, no partition."""
    return (
        relation.kind in STORED
        and relation.extension is None
        and relation.partition_of is None
        and not is_ledger(relation)
    )


def is_ledger(relation: Relation) -> bool:
    """Tell whether a relation is a migration tool's own."""
    return relation.name in LEDGER_TABLES or relation.qualified in LEDGER_TABLES


def match(old: Mapping[str, Relation], new: Mapping[str, Relation]) -> Matching:
    """Find for every table of ``old`` what it is in ``new``; both are by qualified name."""
    kept = [
        Match(relation, new[name], Fate.KEPT)
        for name, relation in old.items()
        if stored(relation) and name in new and new[name].kind in STORED
    ]
    here = {each.old.qualified for each in kept}
    gone = [r for name, r in old.items() if stored(r) and name not in here]
    fresh = [r for name, r in new.items() if stored(r) and name not in here and name not in old]
    followed: list[Match] = []
    for relation in gone:
        found = _follow(relation, new.get(relation.qualified), fresh)
        if found is not None:
            followed.append(found)
            fresh = [each for each in fresh if each.qualified != found.new.qualified]
    lost = {each.old.qualified for each in followed}
    return Matching(
        matches=(*kept, *followed),
        dropped=tuple(each for each in gone if each.qualified not in lost),
        added=tuple(fresh),
    )


def _follow(old: Relation, view: Relation | None, fresh: list[Relation]) -> Match | None:
    """Find the successor of one table that is gone, or whose name a view has now."""
    if view is not None:
        named = words(view.definition or "")
        beneath = [each for each in fresh if each.name.lower() in named]
        best = _most_alike(old, beneath, at_least=0.0)
        return (
            Match(old, best, Fate.BEHIND_VIEW, view)
            if best is not None
            else Match(old, view, Fate.VIEW, view)
        )
    moved = _most_alike(old, [r for r in fresh if r.name == old.name], at_least=0.5)
    if moved is not None:
        return Match(old, moved, Fate.MOVED)
    renamed = _most_alike(old, [r for r in fresh if r.schema == old.schema], at_least=_ALIKE)
    return None if renamed is None else Match(old, renamed, Fate.RENAMED)


def _most_alike(old: Relation, among: list[Relation], *, at_least: float) -> Relation | None:
    best = max(among, key=lambda each: (_likeness(old, each), each.qualified), default=None)
    return best if best is not None and _likeness(old, best) >= at_least else None


def _likeness(one: Relation, other: Relation) -> float:
    left = {(c.name, c.type) for c in one.columns}
    right = {(c.name, c.type) for c in other.columns}
    return len(left & right) / max(1, len(left | right))


@dataclass(frozen=True)
class Columns:
    """What became of one table's columns: those kept, renamed (old, new), dropped and added."""

    kept: tuple[tuple[Column, Column], ...]
    renamed: tuple[tuple[Column, Column], ...]
    dropped: tuple[Column, ...]
    added: tuple[Column, ...]


def _columns(pair: Match) -> Columns:
    old, new = ({c.name: c for c in r.columns} for r in (pair.old, pair.new))
    kept = tuple((column, new[name]) for name, column in old.items() if name in new)
    gone = [column for name, column in old.items() if name not in new]
    fresh = {column.position: column for name, column in new.items() if name not in old}
    renamed = tuple(
        (column, now)
        for column in gone
        if (now := fresh.get(column.position)) is not None and now.type == column.type
    )
    renamed_from = {column.name for column, _ in renamed}
    renamed_to = {column.name for _, column in renamed}
    return Columns(
        kept=kept,
        renamed=renamed,
        dropped=tuple(c for c in gone if c.name not in renamed_from),
        added=tuple(c for c in fresh.values() if c.name not in renamed_to),
    )
