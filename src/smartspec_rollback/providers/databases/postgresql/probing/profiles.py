"""What columns hold, in figures, and rows as samples: only where somebody switched that on.

Called by ``database`` for the ability ``Profiles``. Both are personal data or near to it. The same
limits hold as for ``probes``: one short read-only transaction a query, no table above the size
limit; a column that cannot be read is left out.
"""

from collections.abc import Iterator
from typing import LiteralString

import psycopg
from psycopg import sql

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.domain.workload import ColumnProfile, Sample
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.connection import Connection
from smartspec_rollback.providers.databases.postgresql.probing.probes import (
    Found,
    Transaction,
    find,
    fits,
)
from smartspec_rollback.providers.databases.questions import Unanswerable

MOST_LABELS = 20
MOST_KEYS = 50
_LONGEST = 500
_TABLES = (RelationKind.TABLE, RelationKind.PARTITIONED)
_JSON = ("json", "jsonb")
_TEXTS = ("character", "text", "public.citext")
_ORDERED = (
    *("smallint", "integer", "bigint", "numeric", "real", "double", "character", "text"),
    *("date", "timestamp", "time", "interval"),
)

_FIGURES: LiteralString = """
SELECT count(*) FILTER (WHERE c IS NULL), count(*), {longest}, {low}, {high}
FROM (SELECT {column} AS c FROM {relation}) AS rows
"""
_LABELS: LiteralString = """
SELECT DISTINCT left({column}::text, {longest}) FROM {relation}
WHERE {column} IS NOT NULL LIMIT {most}
"""
_KEYS: LiteralString = """
SELECT DISTINCT left(key, {longest}) FROM {relation} AS t,
    LATERAL jsonb_object_keys(
        CASE jsonb_typeof(t.{column}::jsonb) WHEN 'object' THEN t.{column}::jsonb ELSE '{{}}' END
    ) AS keys(key)
ORDER BY 1 LIMIT {most}
"""


def profiles(
    transaction: Transaction, catalog: Catalog, *, limit: int, deadline: Deadline
) -> tuple[ColumnProfile, ...]:
    """Count what every column of every table up to ``limit`` bytes holds."""
    return tuple(
        profile
        for relation in _tables(catalog)
        for column in relation.columns
        if not deadline.expired
        and (profile := _profile(transaction, relation, column, limit)) is not None
    )


def samples(
    transaction: Transaction, catalog: Catalog, *, rows: int, limit: int, deadline: Deadline
) -> tuple[Sample, ...]:
    """Take up to ``rows`` rows of every table up to ``limit`` bytes, values as the server's text.

    Columns that are computed by the server are left out: nobody could insert them.
    """
    return tuple(
        sample
        for relation in _tables(catalog)
        if not deadline.expired
        and (sample := _sample(transaction, relation, rows, limit)) is not None
    )


def _tables(catalog: Catalog) -> Iterator[Relation]:
    """Tables and partitioned tables; partitions are read through their parent."""
    return (r for r in catalog.relations if r.kind in _TABLES and r.partition_of is None)


def _profile(
    transaction: Transaction, relation: Relation, column: Column, limit: int
) -> ColumnProfile | None:
    with transaction() as connection:
        try:
            found = _open(connection, relation, limit)
            return _figures(connection, found, relation, column)
        except (Unanswerable, psycopg.Error):
            return None


def _open(connection: Connection, relation: Relation, limit: int) -> Found:
    connection.execute("SET LOCAL row_security = off")
    found = find(connection, relation.qualified)
    fits(connection, found, relation.qualified, limit)
    return found


def _figures(
    connection: Connection, found: Found, relation: Relation, column: Column
) -> ColumnProfile:
    names = {"column": sql.Identifier(column.name), "relation": found.identifier}
    ordered = column.type.startswith(_ORDERED) and not column.type.endswith("[]")
    texts = column.type.startswith(_TEXTS) and not column.type.endswith("[]")
    bound: LiteralString = "left({}(c)::text, {})"
    null = sql.SQL("NULL::text")
    query = sql.SQL(_FIGURES).format(
        **names,
        longest=sql.SQL("max(char_length(c::text))" if texts else "NULL::int"),
        low=sql.SQL(bound).format(sql.SQL("min"), _LONGEST) if ordered else null,
        high=sql.SQL(bound).format(sql.SQL("max"), _LONGEST) if ordered else null,
    )
    nulls, rows, longest, low, high = connection.execute(query).fetchone() or (
        0,
        0,
        None,
        None,
        None,
    )
    most = MOST_LABELS + 1
    labels = connection.execute(
        sql.SQL(_LABELS).format(**names, longest=_LONGEST, most=most)
    ).fetchall()
    keys = []
    if column.type in _JSON:
        keys = connection.execute(
            sql.SQL(_KEYS).format(**names, longest=_LONGEST, most=MOST_KEYS)
        ).fetchall()
    return ColumnProfile(
        relation=relation.qualified,
        column=column.name,
        nulls=int(nulls),
        rows=int(rows),
        longest=None if longest is None else int(longest),
        low=low,
        high=high,
        labels=tuple(sorted(str(label) for (label,) in labels)) if len(labels) < most else None,
        keys=tuple(str(key) for (key,) in keys),
    )


def _sample(transaction: Transaction, relation: Relation, rows: int, limit: int) -> Sample | None:
    columns = tuple(c.name for c in relation.columns if c.generated is None)
    if not columns:
        return None
    with transaction() as connection:
        try:
            found = _open(connection, relation, limit)
            values = sql.SQL(", ").join(
                [sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns]
            )
            query = sql.SQL("SELECT {} FROM {} LIMIT {}").format(
                values, found.identifier, max(0, rows)
            )
            taken = connection.execute(query).fetchall()
        except (Unanswerable, psycopg.Error):
            return None
    return Sample(relation=relation.qualified, columns=columns, rows=tuple(taken))
