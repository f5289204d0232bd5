"""Where scratch copies are made: what a server of ours and a shadow server have in common.

Satisfied by ``server.Scratch`` and ``shadow.Room``; used by ``copies`` and by what rehearses.
"""

from collections.abc import Sequence
from typing import Protocol

import psycopg
from psycopg import sql


class Site(Protocol):
    """One server, ready for copies.

    ``major`` is its version. ``owner`` is the role that makes copies and owns them, ``owners`` are
    all names that stand for a superuser. Every database of ours begins with ``prefix``.
    """

    major: int
    owner: str
    owners: frozenset[str]
    prefix: str

    @property
    def version(self) -> str:
        """Name the server for people."""
        ...

    def url(self, database: str, user: str = ..., /) -> str:
        """Return the URL of a copy; it may hold a password."""
        ...

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the one who makes roles and databases, never to a copy, in autocommit mode."""
        ...

    def creating(self, name: str, template: str | None, /) -> Sequence[sql.Composed]:
        """Give the commands that make a database, empty or as a copy of ``template``."""
        ...

    def stop(self) -> None:
        """End whatever is being executed in copies, at once; nothing can be executed after."""
        ...
