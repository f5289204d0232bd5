"""Which clients mind columns they did not ask for. Called by the rules about ``SELECT *``."""

from smartspec_rollback.domain.workload import Statement

_BY_POSITION = (".sqlx/", "sqlx-data.json")
"""Sources whose client reads the columns it knew when it was compiled, by position: sqlx."""


def minds_more_columns(statement: Statement) -> bool:
    """Tell whether a result with more columns at its end may be one the client refuses."""
    return not any(each in statement.source for each in _BY_POSITION)
