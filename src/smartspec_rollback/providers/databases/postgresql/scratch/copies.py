"""Databases of a scratch server that hold copies of recorded schemas.

Called by ``rehearsing`` and the laboratory. Everything in them is made and run as ``access.OWNER``,
no superuser.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import psycopg
from psycopg import sql

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.providers.databases.postgresql.scratch import access
from smartspec_rollback.providers.databases.postgresql.scratch.site import Site

Connection = psycopg.Connection[tuple[object, ...]]

_NUMBERS = count(1)


@contextmanager
def empty(
    server: Site, catalogs: Sequence[Catalog], *, template: str | None = None
) -> Iterator[str]:
    """Make an empty database, or a copy of ``template``, and the roles; drop it at the end.

    Gives its name. Nobody may be connected to the template meanwhile.
    """
    name = f"{server.prefix}_{next(_NUMBERS)}"
    with server.connect() as superuser:
        access.make_roles(superuser, catalogs, server.owner)
        for command in server.creating(name, template):
            superuser.execute(command)
    try:
        yield name
    finally:
        with server.connect() as superuser:
            superuser.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


@contextmanager
def opened(server: Site, name: str) -> Iterator[Connection]:
    """Connect to a copy as OWNER, in autocommit mode."""
    connection: Connection = psycopg.connect(
        server.url(name, server.owner), autocommit=True, prepare_threshold=None
    )
    try:
        yield connection
    finally:
        connection.close()
