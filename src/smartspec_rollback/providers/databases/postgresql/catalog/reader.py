"""Reads a whole PostgreSQL schema into a Catalog, with some twenty queries.

Called by ``database`` of this package. Each query is a transaction of its own, so that nothing of
ours holds locks for long. Writing out definitions locks the relation for a moment: where somebody
holds it exclusively, or changes the schema while we read, it is read again, and after that given
up as ProviderUnavailable; half a schema is never returned.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg.rows import namedtuple_row

from smartspec_rollback.domain.catalog import Catalog, Extension
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.catalog import queries
from smartspec_rollback.providers.databases.postgresql.catalog.emptiness import emptiness
from smartspec_rollback.providers.databases.postgresql.catalog.objects import (
    functions,
    sequences,
    types,
)
from smartspec_rollback.providers.databases.postgresql.catalog.relations import Parts, relations
from smartspec_rollback.providers.databases.postgresql.catalog.unmodelled import UNMODELLED
from smartspec_rollback.providers.databases.postgresql.connection import Session, Sessions
from smartspec_rollback.providers.databases.postgresql.faults import Busy

ATTEMPTS = 3
"""How often a schema is read that is locked or changes meanwhile."""

_PAUSE = 0.3
_VIEWS_AT_ONCE = 200
_RELATIONS_AT_ONCE = 2000
_HIGHEST = 2**32 - 1


def read(sessions: Sessions, *, schemas: tuple[str, ...] = (), deadline: Deadline) -> Catalog:
    """Read the schema; only ``schemas`` of it where some are named.

    ProviderUnavailable where somebody holds a lock on it or keeps changing it.
    """
    with sessions.session(deadline) as session:
        reading = _Reading(session, schemas)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                before = reading.fingerprint()
                catalog = reading.catalog()
                if reading.fingerprint() == before:
                    return catalog
                trouble = Busy("reading the schema: somebody changes it meanwhile")
            except Busy as error:
                trouble = error
            if attempt < ATTEMPTS:
                deadline.pause(_PAUSE)
        raise Busy(
            trouble.what,
            where=sessions.address.identity,
            remedy="try again when the migration or maintenance that runs there is over",
            details=(*trouble.details, *reading.locked()),
        )


class _Reading:
    """One attempt's questions on one connection."""

    def __init__(self, session: Session, schemas: tuple[str, ...]) -> None:
        self._session = session
        self._asked = schemas
        self._parameters = {"schemas": list(schemas) or None}

    def rows(self, query: str, *, as_application: bool = False, **parameters: object) -> list[Any]:
        """Ask one of ``queries``, or one made of quoted names, in a transaction of its own."""
        with (
            self._session.transaction(as_application=as_application) as connection,
            connection.cursor(row_factory=namedtuple_row) as cursor,
        ):
            # Only texts of this package come here; names in them are quoted by ``emptiness``.
            return cursor.execute(query.encode(), {**self._parameters, **parameters}).fetchall()

    def fingerprint(self) -> object:
        """Take what changes with every reshaped relation."""
        return self.rows(queries.FINGERPRINT)[0].seen

    def locked(self) -> tuple[str, ...]:
        """Say who holds what exclusively."""
        return tuple(
            f"{each.relation} is locked by process {each.pid}" for each in self.rows(queries.LOCKED)
        )

    def catalog(self) -> Catalog:
        """Put everything together."""
        application = self.rows(queries.APPLICATION, as_application=True)[0]
        schemas = tuple(sorted(row.nspname for row in self.rows(queries.SCHEMAS)))
        found = self.rows(queries.RELATIONS)
        slices = _slices(sorted(row.oid for row in found))
        columns = self._sliced(queries.COLUMNS, slices)
        grants = self.rows(queries.GRANTS)
        return Catalog(
            kind="postgresql",
            version=application.version.split()[0],
            role=application.role,
            member_of=tuple(application.member_of),
            superuser=application.rolsuper,
            search_path=tuple(application.search_path),
            schemas=schemas,
            closed=tuple(each for each in application.closed if each in schemas),
            relations=relations(self._parts(found, slices, columns, grants)),
            functions=functions(self.rows(queries.FUNCTIONS), grants),
            types=types(self.rows(queries.TYPES), columns),
            sequences=sequences(self.rows(queries.SEQUENCES), grants),
            extensions=tuple(
                Extension(name=row.extname, version=row.extversion, schema=row.nspname)
                for row in sorted(self.rows(queries.EXTENSIONS))
            ),
            others=tuple(sorted({row.identity for row in self.rows(UNMODELLED)})),
            notes=tuple(self._notes(schemas)),
        )

    def _sliced(self, query: str, slices: Sequence[tuple[int, int]]) -> list[Any]:
        """Ask a large question bit by bit, so that no bit takes long."""
        return [row for low, high in slices for row in self.rows(query, low=low, high=high)]

    def _parts(
        self,
        found: Sequence[Any],
        slices: Sequence[tuple[int, int]],
        columns: Sequence[Any],
        grants: Sequence[Any],
    ) -> Parts:
        views = [row.oid for row in found if row.relkind in "vm"]
        sizes = self.rows(queries.SIZES)
        names = {row.oid: (row.nspname, row.relname) for row in found}
        return Parts(
            relations=found,
            columns=columns,
            constraints=self._sliced(queries.CONSTRAINTS, slices),
            indexes=self._sliced(queries.INDEXES, slices),
            triggers=self.rows(queries.TRIGGERS),
            policies=self.rows(queries.POLICIES),
            grants=grants,
            views=[
                row
                for start in range(0, len(views), _VIEWS_AT_ONCE)
                for row in self.rows(queries.VIEWS, oids=views[start : start + _VIEWS_AT_ONCE])
            ],
            rules=self.rows(queries.RULES),
            sizes={row.oid: row.size for row in sizes if row.size is not None},
            empty=emptiness(sizes, names, self.rows),
        )

    def _notes(self, schemas: tuple[str, ...]) -> Iterator[str]:
        for name in self._asked:
            if name not in schemas:
                yield f"the schema {name} does not exist"


def _slices(oids: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Cut all object ids there can be into ranges that hold a bounded number of ``oids``."""
    ends = oids[_RELATIONS_AT_ONCE - 1 : -1 : _RELATIONS_AT_ONCE]
    return tuple(zip((0, *(end + 1 for end in ends)), (*ends, _HIGHEST), strict=True))
