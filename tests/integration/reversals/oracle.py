"""Whether a reversal really loses something: executed by itself, with writes of its own.

Shares nothing with what it judges: it connects as the superuser, writes what each pair says, and
compares the results of queries as values of Python. Shared are only the scratch servers.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg
from tests.integration.reversals.pairs import SCHEMA, SEED, Pair

from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_SCHEMA = """
SELECT 'column', table_schema, table_name, column_name, udt_name, character_maximum_length,
       numeric_precision, numeric_scale, datetime_precision, is_nullable, column_default
FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid),
       '', NULL, NULL, NULL, NULL, '', '' FROM pg_constraint
WHERE conrelid <> 0 AND contype <> 'n' AND connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', schemaname, tablename, indexname, indexdef, NULL, NULL, NULL, NULL, '', ''
FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'view', schemaname, viewname, definition, '', NULL, NULL, NULL, NULL, '', ''
FROM pg_views WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'type', typname, enumlabel, '', '', NULL, NULL, NULL, NULL, '', ''
FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
UNION ALL
SELECT 'trigger', tgname, '', '', '', NULL, NULL, NULL, NULL, '', ''
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'routine', proname, prosrc, '', '', NULL, NULL, NULL, NULL, '', ''
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'relation', relname, relkind::text, relrowsecurity::text, coalesce(relacl::text, ''),
       NULL, NULL, NULL, NULL, '', ''
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
"""


@dataclass(frozen=True)
class Truth:
    """What the oracle saw: ``losses`` in words, none where all came back."""

    losses: tuple[str, ...]


def judge(server: Scratch, pair: Pair) -> Truth:
    """Go up and down without writes, and again with them."""
    return Truth((*_old_rows(server, pair), *_new_rows(server, pair)))


def _old_rows(server: Scratch, pair: Pair) -> list[str]:
    """Compare what was there before with what is there afterwards."""
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        _run(connection, SCHEMA)
        _run(connection, SEED)
        schema = _results(connection, _SCHEMA)
        old = [_results(connection, query) for _, query in pair.kept if query is not None]
        _run(connection, pair.up)
        if (failed := _fails(connection, pair.down)) is not None:
            return [f"down fails by itself: {failed}"]
        losses = []
        if _results(connection, _SCHEMA) != schema:
            losses.append("the schema is another one")
        queries = [query for _, query in pair.kept if query is not None]
        for query, rows in zip(queries, old, strict=True):
            if rows - _tried(connection, query):
                losses.append(f"old rows are gone: {query}")
        return losses


def _new_rows(server: Scratch, pair: Pair) -> list[str]:
    """Compare what the new version wrote with what is there afterwards."""
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        for script in (SCHEMA, SEED, pair.up, *pair.writes):
            _run(connection, script)
        new = [_results(connection, query) for query, _ in pair.kept]
        if (failed := _fails(connection, pair.down)) is not None:
            return [f"down fails on what was written: {failed}"]
        return [
            f"written rows are gone: {query}"
            for (query, there), rows in zip(pair.kept, new, strict=True)
            if rows - (Counter() if there is None else _tried(connection, there))
        ]


def _run(connection: psycopg.Connection[tuple[Any, ...]], script: str) -> None:
    """Execute a script as it is, but what has to be alone by itself."""
    for part in script.split(";\n") if "CONCURRENTLY" in script else [script]:
        connection.execute(part.encode())


def _fails(connection: psycopg.Connection[tuple[Any, ...]], script: str) -> str | None:
    try:
        _run(connection, script)
    except psycopg.Error as error:
        return str(error)
    return None


def _tried(connection: psycopg.Connection[tuple[Any, ...]], query: str) -> "Counter[str]":
    try:
        return _results(connection, query)
    except psycopg.Error:
        return Counter()


def _results(connection: psycopg.Connection[tuple[Any, ...]], query: str) -> "Counter[str]":
    """Spell each row so that equal numbers are equal, whatever their type."""
    return Counter(
        repr(
            [float(v) if isinstance(v, int) and not isinstance(v, bool) else _plain(v) for v in row]
        )
        for row in connection.execute(query.encode())
    )


def _plain(value: object) -> object:
    return float(str(value)) if type(value).__name__ == "Decimal" else value
