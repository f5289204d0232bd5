"""Types by number and by name, as one server has them.

Called by ``statements`` and ``rehearsing.execution``, inside a transaction of theirs.
"""

from collections.abc import Sequence

import psycopg

Connection = psycopg.Connection[tuple[object, ...]]

_RESOLVE = "SELECT coalesce(to_regtype(nullif(t, ''))::oid::int8, 0) FROM unnest(%s::text[]) AS t"
_BASES = """
WITH RECURSIVE base(given, type, depth) AS (
    SELECT t, t, 0 FROM unnest(%s::oid[]) AS t
    UNION ALL
    SELECT base.given, d.typbasetype, depth + 1 FROM base
    JOIN pg_catalog.pg_type AS d ON d.oid = base.type WHERE d.typtype = 'd'
)
SELECT DISTINCT ON (given) given::int8, type::int8 FROM base ORDER BY given, depth DESC
"""
_SPELL = """
SELECT t::int8, m, pg_catalog.format_type(t, m)
FROM unnest(%s::oid[], %s::int[]) AS each(t, m)
"""


def resolve(connection: Connection, names: Sequence[str]) -> list[int] | None:
    """Look up types by name, 0 for ``""``; None if one does not exist (any longer)."""
    try:
        with connection.transaction():
            rows = connection.execute(_RESOLVE, [list(names)]).fetchall()
    except psycopg.ProgrammingError:  # before 17, to_regtype raises at what cannot be a type
        return None
    numbers = [int(str(row[0])) for row in rows]
    return None if any(n == 0 and name for n, name in zip(numbers, names, strict=True)) else numbers


def bases_of(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Replace domains by the types they are made of."""
    rows = connection.execute(_BASES, [list(set(numbers))]).fetchall()
    bases = {int(str(given)): int(str(base)) for given, base in rows}
    return [bases.get(n, n) for n in numbers]


def spell(connection: Connection, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Spell types given by number and modifier, user-defined ones with their schema."""
    connection.execute("SET LOCAL search_path = ''")
    numbers, modifiers = zip(*wanted, strict=True)
    rows = connection.execute(_SPELL, [list(numbers), list(modifiers)]).fetchall()
    return {(int(str(t)), int(str(m))): str(name) for t, m, name in rows}
