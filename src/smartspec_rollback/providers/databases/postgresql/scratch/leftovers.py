"""What a process that was killed left on a shadow server: how it is known, and taken away.

Used by ``shadow``. Everything made there hangs on one role of ours, whose name nobody can guess,
and whose comment says which connection made it. Only what has such a name *and* belongs to a role
with such a comment is ever dropped. The code that is executed in copies can change no comment of a
role, though it may well change that of its database.
"""

import os
import re
import socket
from contextlib import suppress

import msgspec
import psycopg
from psycopg import sql

from smartspec_rollback.domain.values import Value

Connection = psycopg.Connection[tuple[object, ...]]

PREFIX = "smartspec_shadow_"
"""What everything made on a shadow server is called, before a part that cannot be guessed."""

_OURS = re.compile(rf"{PREFIX}[0-9a-f]{{16}}")
_OLD = 3900.0
"""Seconds: no comparison lasts longer than an hour, but for its end."""

_ME = """
    SELECT pid, extract(epoch FROM backend_start)::text,
           extract(epoch FROM pg_catalog.now())::float8
    FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()
"""
_CONNECTED = """
    SELECT pid, extract(epoch FROM backend_start)::text FROM pg_catalog.pg_stat_activity
"""
_ROLES = """
    SELECT rolname::text, pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles
    WHERE pg_catalog.starts_with(rolname::text, %s) ORDER BY rolname DESC
"""
_DATABASES = """
    SELECT d.datname::text FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles o
    ON o.oid = d.datdba WHERE o.rolname = %s AND pg_catalog.starts_with(d.datname::text, %s)
"""


class Maker(Value):
    """Who made something: the server's connection, and the process behind it, for people.

    ``connected`` and ``made`` are the server's seconds since 1970: when that connection began, and
    when the thing was made.
    """

    smartspec: str = "scratch copies; dropped by themselves"
    backend: int
    connected: str
    made: float
    host: str
    process: int

    @property
    def comment(self) -> str:
        """Write it as a comment."""
        return msgspec.json.encode(self).decode()


def maker(connection: Connection) -> Maker:
    """Tell who makes things now; ``connection`` has to stay open for as long as they are there."""
    row = connection.execute(_ME).fetchone()
    if row is None:
        raise psycopg.OperationalError("the server does not tell its own connections")
    return Maker(
        backend=int(str(row[0])),
        connected=str(row[1]),
        made=float(str(row[2])),
        host=socket.gethostname(),
        process=os.getpid(),
    )


def sweep(connection: Connection) -> None:
    """Drop what was left by connections that are gone, or is too old to be of use to anybody."""
    now = maker(connection).made
    connected = {str(pid): began for pid, began in connection.execute(_CONNECTED)}
    for name, comment in connection.execute(_ROLES, [PREFIX]).fetchall():
        made_by = _read(comment)
        if made_by is None or _OURS.fullmatch(str(name)) is None:
            continue
        # Of another user's connection no more may be told than that it is there.
        began = connected.get(str(made_by.backend), "")
        gone = began is not None and began != made_by.connected
        if gone or now - made_by.made > _OLD:
            drop(connection, str(name))


def drop(connection: Connection, owner: str) -> None:
    """Drop everything that hangs on the role ``owner`` of ours, and that role last.

    What cannot be dropped now is left to the next sweep.
    """
    for (name,) in connection.execute(_DATABASES, [owner, owner]).fetchall():
        _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", str(name))
    roles = connection.execute(_ROLES, [owner]).fetchall()
    for name, comment in roles:  # in descending order, so that the owner comes last
        if _read(comment) is not None:
            _execute(connection, "DROP ROLE IF EXISTS {}", str(name))


def _execute(connection: Connection, text: str, name: str) -> None:
    with suppress(psycopg.Error):
        connection.execute(sql.SQL(text).format(sql.Identifier(name)))


def _read(comment: object) -> Maker | None:
    try:
        return msgspec.json.decode(str(comment), type=Maker)
    except msgspec.DecodeError:
        return None
