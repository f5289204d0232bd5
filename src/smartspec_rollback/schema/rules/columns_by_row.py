"""Columns added to tables whose rows the old version makes, or takes, as one value each.

Called by ``columns``, for PostgreSQL: ``row.name`` may call a function, and JSON may become a row.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.matching import Match
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import reads_rows

_POPULATING = frozenset(
    f"{kind}_populate_{what}" for kind in ("json", "jsonb") for what in ("record", "recordset")
)
"""Functions that make rows of a table's type, with NULL for what their JSON lacks."""


def by_rows(case: Case, pair: Match, column: Column) -> Iterator[tuple[str, tuple[Statement, ...]]]:
    """Say what a new column does to statements that handle whole rows, and to which of them."""
    table = pair.old.qualified
    if used := _computed(case, pair, column):
        yield f"{table}.{column.name} takes the place of a function in old statements.", used
    if used := _populated(case, pair, column):
        yield (
            f"The old version makes whole rows of {table} from JSON, which lacks {column.name}.",
            used,
        )


def _computed(case: Case, pair: Match, column: Column) -> tuple[Statement, ...]:
    """List the statements that call a function of the table's rows by ``row.name``."""
    functions = case.before.catalog.functions
    if not any(each.name == column.name and len(each.arguments) == 1 for each in functions):
        return ()
    return tuple(
        statement
        for statement, use in case.uses(pair.old.qualified)
        if column.name.lower() in words(statement.text) and reads_rows(use, pair.old)
    )


def _populated(case: Case, pair: Match, column: Column) -> tuple[Statement, ...]:
    """List the statements that insert NULL, not its default, where their JSON lacks a column."""
    return tuple(
        statement
        for statement, use in case.uses(pair.old.qualified)
        if not column.nullable and use.inserts and _POPULATING & words(statement.text)
    )
