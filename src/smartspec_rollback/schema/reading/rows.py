"""What a row looks like that the old version writes, as far as its statements tell.

Called by the rules about constraints, to see whether such a row certainly satisfies one or not.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.reading.defaults import constant, fills_itself
from smartspec_rollback.schema.reading.literals import Values, written

_MOST = 64
"""How many combinations of constants are looked at; with more, nothing is claimed."""

Row = Mapping[str, str | None]


def rows(
    statement: Statement, use: Use, relation: Relation, columns: Iterable[str]
) -> Iterator[Row] | None:
    """Go through the rows a statement can write, ``columns`` only; one not known is left out.

    ``relation`` is the table as it is now, whose defaults fill what an insert omits. None where
    there are too many combinations.
    """
    choices: dict[str, Values] = {}
    for name in columns:
        values = _values(statement, use, relation, name)
        if values is not None:
            choices[name] = values
    found = tuple(islice(product(*choices.values()), _MOST + 1))
    if len(found) > _MOST:
        return None
    return (dict(zip(choices, each, strict=True)) for each in found)


def _values(statement: Statement, use: Use, relation: Relation, name: str) -> Values | None:
    values = written(statement, use, name)
    if values is None or values:
        return values
    column = relation.column(name)
    if column is None or not use.inserts:
        return None
    if not fills_itself(column):
        return (None,)
    default = constant(column.default) if column.generated is None else None
    return None if default is None or column.identity is not None else (default,)
