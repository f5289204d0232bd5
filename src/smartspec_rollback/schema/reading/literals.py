"""Which constants a statement writes to a column, where its text tells.

Called by the rules about values. A recorded literal may be one the statement only compares with, so
it is taken for written only where that cannot be.
"""

from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.reading.words import words

Values = tuple[str | None, ...]


def written(statement: Statement, use: Use, column: str) -> Values | None:
    """List all values ``statement`` can write to ``column`` (None is NULL); None: not known.

    An empty list: it writes none, leaving the column alone or to its default.
    """
    by_insert = use.inserts and (use.inserted is None or column in use.inserted)
    if not by_insert and column not in use.updated:
        return ()
    if use.inserts and use.inserted is None:
        return None
    literals = tuple(text for name, text in use.literals if name == column)
    if column in use.not_nulls:
        # Anything computed (now(), another column) is no literal: nothing is known then.
        return literals if literals and _only_constants(statement, use, column) else None
    if column in use.nulls and not literals and _only_null(use, column):
        return (None,)
    return None


def _only_constants(statement: Statement, use: Use, column: str) -> bool:
    """Tell whether ``column`` cannot get anything but its literals.

    An insert that selects, an upsert and an update that also compares the column are left out.
    """
    found = words(statement.text)
    if found & {"select", "coalesce", "case", "greatest", "least"} or (
        use.inserts and column in use.updated
    ):
        return False
    return column not in use.reads


def _only_null(use: Use, column: str) -> bool:
    return not (use.inserts and column in use.updated)
