"""A shadow database: a server that somebody named, on which scratch copies are made.

Used by ``laboratory`` instead of a scratch server of its own. That server belongs to others as
well, so everything is made under names that nobody can guess, as roles that own nothing but copies,
and dropped at the end; no role or database that is there already is used or changed. The one the
URL names makes and drops roles and databases, and never connects to a copy.
"""

import math
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.address import Address
from smartspec_rollback.providers.databases.postgresql.connection import APPLICATION, OLDEST
from smartspec_rollback.providers.databases.postgresql.faults import fault
from smartspec_rollback.providers.databases.postgresql.scratch import access, leftovers
from smartspec_rollback.providers.databases.postgresql.scratch.apart import Other, keep_apart
from smartspec_rollback.providers.databases.postgresql.scratch.disguise import disguised

Connection = psycopg.Connection[tuple[object, ...]]

_CONNECT_WITHIN = 5.0
_ALIVE = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""A server that has stopped answering is given up."""
_SETUP = (
    "SET search_path = pg_catalog; SET lock_timeout = '5s'; SET statement_timeout = '30s'; "
    "SET client_min_messages = error; SET tcp_keepalives_idle = 30; "
    "SET idle_session_timeout = 0"
)
_RIGHTS = """
    SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, pg_catalog.pg_is_in_recovery()
    FROM pg_catalog.pg_roles WHERE rolname = current_user
"""
_BYPASS_GIVEN_SINCE = 16
_PROVIDERS_SINCE = 15
_MOST_CONNECTIONS = 10
_PERSONAL = ("user", "password", "passfile", "dbname", "options")
"""What of a URL is its user's own."""


class Shadow:
    """A named server; ``setting`` is how people named it, ``others`` what it must not be."""

    def __init__(self, url: SecretReference, *, setting: str, others: Sequence[Other] = ()) -> None:
        self._url = url
        self._setting = setting
        self._others = tuple(others)
        self._apart = False

    def check(self, deadline: Deadline) -> str:
        """Name the server for people, once it is known that copies may and can be made there.

        UsageError where it may be the server of another setting; ProviderError where it cannot be
        reached, or its user lacks a privilege.
        """
        place = self._place(deadline)
        with _connected(place, deadline) as connection:
            _rights(connection, place)
            return f"PostgreSQL {_major(connection)} at {place.identity}"

    @contextmanager
    def room(self, before: Catalog, after: Catalog, deadline: Deadline) -> Iterator["Room"]:
        """Make the roles for copies of two schemas, give the Room, and drop all of it at the end.

        What somebody else left there is dropped first. Errors as ``check``.
        """
        place = self._place(deadline)
        with _connected(place, deadline) as connection:
            bypasses = _rights(connection, place)
            forced = any(r.force_row_security for c in (before, after) for r in c.relations)
            if forced and not bypasses:
                raise ProviderUnavailable(
                    "this schema forces row-level security, which copies on this server obey",
                    where=place.identity,
                    remedy=f"let a superuser be the user of {self._setting}; since PostgreSQL 16 "
                    "BYPASSRLS does",
                )
            try:
                leftovers.sweep(connection)
                room = Room(place, connection, (before, after), bypasses=bypasses)
            except psycopg.Error as error:
                raise fault(error, place, doing="preparing the shadow database") from None
            try:
                yield room
            finally:
                room.close()

    def _place(self, deadline: Deadline) -> Address:
        place = address.read(self._url.resolve(), where=self._url.place)
        if not self._apart:
            keep_apart(place, self._setting, self._others, deadline=deadline)
            self._apart = True
        return place


class Room:
    """What is ours on a shadow server during one rehearsal; a ``site.Site``."""

    def __init__(
        self,
        place: Address,
        connection: Connection,
        catalogs: Iterable[Catalog],
        *,
        bypasses: bool,
    ) -> None:
        """Make the roles. ``connection`` has to stay open until ``close``, or all counts as left.

        ``bypasses``: row-level security can be passed by.
        """
        self._place = place
        self._password = secrets.token_urlsafe(24)
        self._maker = leftovers.maker(connection)
        self.major = _major(connection)
        self.owner = self.prefix = leftovers.PREFIX + secrets.token_hex(8)
        recorded = ("postgres", *(role for each in catalogs for role in access.roles(each)))
        self.names = {
            role: f"{self.owner}_{number}" for number, role in enumerate(dict.fromkeys(recorded))
        }
        self.owners = frozenset({self.owner, self.names["postgres"]})
        try:
            self._make_roles(connection, bypasses=bypasses)
        except BaseException:
            self.close()
            raise

    @property
    def version(self) -> str:
        """Name the server for people."""
        return f"PostgreSQL {self.major} (shadow)"

    def disguised(self, catalog: Catalog) -> Catalog:
        """Give a catalog the names its roles have here."""
        return disguised(catalog, self.names)

    def url(self, database: str, user: str = "", /) -> str:
        """Return the URL of a copy, for its owner: nobody else connects to one."""
        if user not in ("", self.owner):
            raise ValueError("nobody but their owner connects to copies")
        kept = {k: v for k, v in self._place.parameters.items() if k not in _PERSONAL}
        words = urlencode(kept | _ALIVE, quote_via=quote)
        return f"postgresql://{self.owner}:{self._password}@/{quote(database)}?{words}"

    def connect(self) -> Connection:
        """Connect as the URL's user, to the URL's database, in autocommit mode."""
        return _connect(self._place)

    def creating(self, name: str, template: str | None, /) -> tuple[sql.Composed, ...]:
        """Give the commands that make a database as a scratch server makes it."""
        alike = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        alike += " LOCALE_PROVIDER libc" if self.major >= _PROVIDERS_SINCE else ""
        made, owner = sql.Identifier(name), sql.Identifier(self.owner)
        return (
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} CONNECTION LIMIT {} {}").format(
                made,
                owner,
                sql.Identifier(template or "template0"),
                sql.Literal(_MOST_CONNECTIONS),
                sql.SQL("" if template else alike),
            ),
            sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(made),
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(made, self._maker.comment),
        )

    def stop(self) -> None:
        """End what is executed as roles of ours, and let them connect no more."""
        with suppress(psycopg.Error, ProviderError), self.connect() as connection:
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(self.owner)))
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                [self.owner],
            )

    def close(self) -> None:
        """Drop everything of ours; what cannot be dropped now is left to the next sweep."""
        with suppress(psycopg.Error, ProviderError), self.connect() as connection:
            leftovers.drop(connection, self.owner)

    def _make_roles(self, connection: Connection, *, bypasses: bool) -> None:
        """Make the owner, who may log in, and the others, whom it may become; all or none."""
        owner, comment = sql.Identifier(self.owner), sql.Literal(self._maker.comment)
        # Hashed here, so that no log of the server's holds it.
        hashed = connection.pgconn.encrypt_password(
            self._password.encode(), self.owner.encode(), b"scram-sha-256"
        ).decode()
        create = "CREATE ROLE {} LOGIN BYPASSRLS " if bypasses else "CREATE ROLE {} LOGIN "
        commands = [
            sql.SQL(create + "CONNECTION LIMIT {} PASSWORD {}").format(
                owner, sql.Literal(_MOST_CONNECTIONS), sql.Literal(hashed)
            ),
            sql.SQL("COMMENT ON ROLE {} IS {}").format(owner, comment),
            sql.SQL("GRANT {} TO CURRENT_USER").format(owner),
        ]
        for name in map(sql.Identifier, self.names.values()):
            commands += [
                sql.SQL("CREATE ROLE {} NOLOGIN").format(name),
                sql.SQL("COMMENT ON ROLE {} IS {}").format(name, comment),
                sql.SQL("GRANT {} TO {}").format(name, owner),
            ]
        connection.execute(sql.SQL("; ").join(commands))


@contextmanager
def _connected(place: Address, deadline: Deadline) -> Iterator[Connection]:
    connection = _connect(place, min(_CONNECT_WITHIN, deadline.remaining))
    try:
        yield connection
    finally:
        connection.close()


def _connect(place: Address, within: float = _CONNECT_WITHIN) -> Connection:
    """Connect as the URL's user; ProviderError, without any secret, where that fails."""
    words = place.parameters | _ALIVE | {"application_name": APPLICATION}
    words["connect_timeout"] = str(max(1, math.ceil(within)))
    try:
        connection: Connection = psycopg.connect(
            make_conninfo("", **words), autocommit=True, prepare_threshold=None
        )
        connection.execute(_SETUP)
    except psycopg.Error as error:
        raise fault(error, place, doing="connecting to the shadow database") from None
    if connection.info.server_version < OLDEST:
        connection.close()
        raise ProviderError(
            f"a shadow database needs PostgreSQL {OLDEST // 10000} or newer", where=place.identity
        )
    return connection


def _rights(connection: Connection, place: Address) -> bool:
    """Tell whether row-level security can be passed by; ProviderError where a right is missing."""
    row = connection.execute(_RIGHTS).fetchone()
    everything, databases, roles, bypasses, standby = row or (False,) * 5
    if standby:
        raise ProviderError(
            "the shadow database is a standby, on which nothing can be made", where=place.identity
        )
    missing = [
        right for right, held in (("CREATEDB", databases), ("CREATEROLE", roles)) if not held
    ]
    if missing and not everything:
        user = connection.info.user
        raise ProviderError(
            f"the shadow database's user {user} lacks {' and '.join(missing)}",
            where=place.identity,
            remedy=f"ALTER ROLE {user} {' '.join(missing)}; as the server's administrator",
        )
    return bool(everything or (bypasses and _major(connection) >= _BYPASS_GIVEN_SINCE))


def _major(connection: Connection) -> int:
    return connection.info.server_version // 10000
