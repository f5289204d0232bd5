"""What constraints demand, spelled so that two that demand the same are equal.

Called by ``leftover``. Names of constraints demand nothing; names of tables referred to do, under
whatever name these are known later.
"""

import re
from collections.abc import Hashable, Mapping

from smartspec_rollback.domain.catalog import Constraint, ConstraintKind
from smartspec_rollback.schema.reading.predicate_reader import read

DEMANDING = frozenset({ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY})
"""The kinds judged by what they say; keys are judged by what they keep apart."""

_TARGET = re.compile(r'\bREFERENCES\s+(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?\s*')


def demanded(constraint: Constraint, names: Mapping[str, str]) -> Hashable:
    """Reduce a constraint to what it demands; ``names`` are later names of relations.

    What it says of the rows there were when it was made concerns nobody who writes later.
    """
    if constraint.kind is ConstraintKind.FOREIGN_KEY:
        target = names.get(constraint.references or "", constraint.references)
        text = _TARGET.sub("REFERENCES ", constraint.definition).removesuffix(" NOT VALID")
        return constraint.columns, target, text
    return constraint.columns, read(constraint.predicate or constraint.definition)
