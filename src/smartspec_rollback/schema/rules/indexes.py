"""Indexes that demand nothing: added, dropped or changed (row 35).

Called by ``compare``. Unique ones are keys, and judged in ``uniqueness``.
"""

import re
from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact, found

_HEAD = re.compile(
    r"^\s*CREATE\s+INDEX\s+(?:\"[^\"]+\"|\S+)\s+ON\s+(?:ONLY\s+)?\S+\s+", re.IGNORECASE
)


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Report the plain indexes of every table both schemas have; they change speed alone."""
    for pair in case.matching.matches:
        old, new = _plain(pair.old), _plain(pair.new)
        for text, name in new.items():
            if text not in old:
                yield _changed(pair.old, name, "is new", text)
        for text, name in old.items():
            if text not in new:
                yield _changed(pair.old, name, "is gone", text)


def _plain(relation: Relation) -> dict[str, str]:
    """List plain indexes: what they are of, and their names."""
    return {
        _HEAD.sub("", " ".join(each.definition.split())): each.name
        for each in relation.indexes
        if not each.unique and each.constraint is None
    }


def _changed(relation: Relation, name: str, what: str, text: str) -> SchemaFinding:
    return found(
        35,
        SchemaVerdict.SAFE,
        f"{relation.qualified}.{name}",
        f"The index {name} of {relation.qualified} {what}: statements may get faster or slower.",
        evidence=(fact("the index", text),),
    )
