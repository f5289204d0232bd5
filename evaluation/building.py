"""Builds the schema of a state in a scratch database, as the project's own tool would."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from evaluation.history import State
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_LEDGER = """
CREATE TABLE _sqlx_migrations (
    version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL
    DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL
)
"""
_APPLIED = "INSERT INTO _sqlx_migrations VALUES (%s, %s, now(), true, '', 0)"


@contextmanager
def built(server: Scratch, state: State) -> Iterator[str]:
    """Apply a state's migrations in order and give the URL; psycopg.Error if one fails."""
    with server.database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_LEDGER)
            for name, sql in state.migrations.items():
                connection.execute(sql.encode())
                version, _, title = name.removesuffix(".sql").partition("_")
                connection.execute(_APPLIED, (int(version), title))
        yield url
