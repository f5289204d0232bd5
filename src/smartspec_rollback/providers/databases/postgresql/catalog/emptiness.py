"""Which tables are certainly empty, certainly not, or not worth a look.

Called by ``reader``. A table without a single page is empty without being read; one of a few pages
is asked for any row; a larger one is believed to have rows where the server's estimate says so.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from psycopg import sql

SMALL = 64 * 1024
"""Bytes below which looking for one row costs next to nothing."""

_AT_ONCE = 100

Ask = Callable[[str], list[Any]]


def emptiness(
    sizes: Iterable[Any], names: Mapping[int, tuple[str, str]], ask: Ask
) -> dict[int, bool]:
    """Tell for each table, by oid, whether it is empty; those nobody could tell of are left out.

    ``sizes`` are rows of ``queries.SIZES``. A table whose row security hides rows from us is never
    asked.
    """
    known: dict[int, bool] = {}
    small: list[int] = []
    for row in sizes:
        if row.size == 0:
            known[row.oid] = True
        elif row.size is not None and row.size <= SMALL and row.readable and row.oid in names:
            small.append(row.oid)
    for start in range(0, len(small), _AT_ONCE):
        chosen = small[start : start + _AT_ONCE]
        for found in ask(_question(chosen, names)):
            known[found.oid] = found.empty
    return known


def _question(oids: list[int], names: Mapping[int, tuple[str, str]]) -> str:
    """Ask all of them in one statement."""
    each = sql.SQL("SELECT {} AS oid, NOT EXISTS (SELECT FROM ONLY {}) AS empty")
    asked = (each.format(sql.Literal(oid), sql.Identifier(*names[oid])) for oid in oids)
    # Names may hold a per cent sign, which is ours to escape: parameters go with every query.
    return sql.SQL(" UNION ALL ").join(asked).as_string().replace("%", "%%")
