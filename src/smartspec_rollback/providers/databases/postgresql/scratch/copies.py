"""Databases of a scratch server that hold copies of recorded schemas.

Called by ``rehearse``. Everything in them is made and run as ``access.OWNER``, no superuser.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import psycopg
from psycopg import sql

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.providers.databases.postgresql.scratch import access
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

Connection = psycopg.Connection[tuple[object, ...]]

_NUMBERS = count(1)


@contextmanager
def empty(
    server: Scratch, catalogs: Sequence[Catalog], *, template: str | None = None
) -> Iterator[str]:
    """Make an empty database, or a copy of ``template``, and the roles; drop it at the end.

    Gives its name. Nobody may be connected to the template meanwhile.
    """
    name = f"smartspec_copy_{next(_NUMBERS)}"
    create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(access.OWNER), sql.Identifier(template or "template1")
    )
    with server.connect() as superuser:
        access.make_roles(superuser, catalogs)
        superuser.execute(create)
    try:
        yield name
    finally:
        with server.connect() as superuser:
            superuser.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


@contextmanager
def opened(server: Scratch, name: str) -> Iterator[Connection]:
    """Connect to a copy as OWNER, in autocommit mode."""
    connection: Connection = psycopg.connect(
        server.url(name, access.OWNER), autocommit=True, prepare_threshold=None
    )
    try:
        yield connection
    finally:
        connection.close()
