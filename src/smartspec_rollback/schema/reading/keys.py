"""What makes rows of a table unique: primary keys, UNIQUE and EXCLUDE constraints, unique indexes.

Called by ``rules.uniqueness`` and ``leftover``. Two keys are the same key whatever they are called.
"""

import re

from smartspec_rollback.domain.catalog import ConstraintKind, Relation
from smartspec_rollback.domain.values import Value
from smartspec_rollback.schema.reading.predicate_reader import read
from smartspec_rollback.schema.reading.predicates import Predicate

_INDEX = re.compile(
    r"^\s*CREATE\s+UNIQUE\s+INDEX\s+(?:\"[^\"]+\"|\S+)\s+ON\s+(?:ONLY\s+)?\S+\s+", re.IGNORECASE
)
_UNIQUE = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE})


class Key(Value):
    """One key. ``plain``: of columns alone, on all rows, so that it is what DISTINCT would be.

    ``columns`` are sorted, without expressions; ``text`` tells apart what columns do not.
    """

    name: str
    columns: tuple[str, ...]
    plain: bool
    primary: bool
    exclusion: bool
    computed: bool = False
    nulls_equal: bool
    predicate: str | None
    text: str
    deferrable: bool = False

    @property
    def countable(self) -> bool:
        """Tell whether counting rows alike in its columns says something of it."""
        return not self.exclusion and bool(self.columns) and not self.computed

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it the same key."""
        if self.plain:
            return (self.columns, self.nulls_equal)
        return (self.columns, self.exclusion, self.text)

    def keeps_apart(self, other: "Key") -> bool:
        """Tell whether no two rows that this key lets in are alike to ``other``."""
        return (
            self.plain
            and not other.exclusion
            and set(self.columns) <= set(other.columns)
            and (self.nulls_equal or not other.nulls_equal)
        )

    @property
    def condition(self) -> Predicate | None:
        """Its predicate, None where it holds for all rows."""
        return None if self.predicate is None else read(self.predicate)


def keys(relation: Relation) -> tuple[Key, ...]:
    """List the keys of a table."""
    found = [
        Key(
            name=each.name,
            columns=tuple(sorted(each.columns)),
            plain=each.kind is not ConstraintKind.EXCLUDE,
            primary=each.kind is ConstraintKind.PRIMARY_KEY,
            exclusion=each.kind is ConstraintKind.EXCLUDE,
            nulls_equal="NULLS NOT DISTINCT" in each.definition.upper(),
            predicate=None,
            text=" ".join(each.definition.split()),
            deferrable=each.deferrable,
        )
        for each in relation.constraints
        if each.kind in _UNIQUE
    ]
    for index in relation.indexes:
        if index.unique and index.constraint is None:
            computed = any(c.startswith("(") for c in index.columns)
            found.append(
                Key(
                    name=index.name,
                    columns=tuple(sorted(c for c in index.columns if not c.startswith("("))),
                    plain=index.predicate is None and not computed,
                    primary=False,
                    exclusion=False,
                    computed=computed,
                    nulls_equal="NULLS NOT DISTINCT" in index.definition.upper(),
                    predicate=index.predicate,
                    text=_INDEX.sub("", " ".join(index.definition.split())),
                )
            )
    return tuple(found)
