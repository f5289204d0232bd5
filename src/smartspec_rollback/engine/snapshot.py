"""Snapshot: take down a database's schema with what an application asks of it.

Called by ``record`` and ``schema snapshot``. Read-only on the database. What is worth less than the
schema may be missing, and is named; without the schema there is no snapshot.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Statement, StatementText, Workload
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database, Profiles

T = TypeVar("T")


class Wanted(Value):
    """What to take down beside the schema.

    ``remembered``: the statements the server itself remembers. ``values`` and ``samples`` (rows of
    each table) switch on what may hold personal data. ``tool`` keeps the migrations' record.
    """

    remembered: bool = True
    values: bool = False
    samples: int = 0
    tool: str | None = None


class Taker:
    """One look at a database; ``missing`` says in words what was not seen."""

    def __init__(self, database: Database, wanted: Wanted, *, deadline: Deadline) -> None:
        """Look as ``wanted``, until the deadline."""
        self._database = database
        self._wanted = wanted
        self._deadline = deadline
        self.missing: list[str] = []

    def schema(self, *, at: datetime) -> SchemaSnapshot:
        """Take down the schema alone. The mark comes first: what is written later is after it."""
        database, deadline = self._database, self._deadline
        mark = self._maybe("the mark of later writes", lambda: database.mark(deadline=deadline))
        catalog = database.catalog(deadline=deadline)
        applied = self._maybe(
            "the applied migrations",
            lambda: database.applied_migrations(None, self._wanted.tool, deadline=deadline),
        )
        return SchemaSnapshot(
            at=at, identity=database.identity, catalog=catalog, mark=mark, migrations=applied
        )

    def workload(
        self, catalog: Catalog, texts: tuple[StatementText, ...], gaps: tuple[str, ...]
    ) -> Workload:
        """Describe the statements given, and those the server remembers where that is wanted."""
        held, unknown = list(texts), list(gaps)
        if self._wanted.remembered:
            found = self._maybe(
                "the statements the server remembers",
                lambda: self._database.statements(deadline=self._deadline),
            )
            if found is None:
                unknown.append(self.missing[-1])
            elif found[0] or not held:
                held += found[0]
                unknown += found[1]
            else:
                # The files hold the statements; a server that remembers none takes nothing away.
                self.missing += found[1]
        described = self._described(merged(held), catalog)
        return Workload(statements=described, gaps=tuple(dict.fromkeys(unknown)))

    def with_values(self, snapshot: SchemaSnapshot) -> SchemaSnapshot:
        """Add figures and rows, where that is wanted."""
        wanted, database, catalog = self._wanted, self._database, snapshot.catalog
        if not (wanted.values or wanted.samples):
            return snapshot
        if not isinstance(database, Profiles):
            self.missing.append(f"values: {database.name} has no figures about them")
            return snapshot
        profiles = samples = None
        if wanted.values:
            profiles = self._maybe(
                "figures about values", lambda: database.profiles(catalog, deadline=self._deadline)
            )
        if wanted.samples:
            samples = self._maybe(
                "samples of rows",
                lambda: database.samples(catalog, rows=wanted.samples, deadline=self._deadline),
            )
        return replace(snapshot, profiles=profiles or (), samples=samples or ())

    def _described(
        self, texts: tuple[StatementText, ...], catalog: Catalog
    ) -> tuple[Statement, ...]:
        if not texts:
            return ()
        return self._database.describe(texts, catalog, deadline=self._deadline)

    def _maybe(self, what: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except ProviderError as error:
            self.missing.append(f"{what}: {error.what}")
            return None


class Taken(Value):
    """A snapshot, and what is missing in it, in words."""

    snapshot: SchemaSnapshot
    missing: tuple[str, ...]


def take(
    database: Database,
    wanted: Wanted,
    *,
    texts: tuple[StatementText, ...],
    gaps: tuple[str, ...],
    at: datetime,
    deadline: Deadline,
) -> Taken:
    """Take down everything at once; ProviderError where the schema cannot be read."""
    taker = Taker(database, wanted, deadline=deadline)
    schema = taker.schema(at=at)
    with_statements = replace(schema, workload=taker.workload(schema.catalog, texts, gaps))
    return Taken(snapshot=taker.with_values(with_statements), missing=tuple(taker.missing))


def merged(texts: Iterable[StatementText]) -> tuple[StatementText, ...]:
    """Keep one of each statement: the first said, with the newest count of calls."""
    found: dict[str, StatementText] = {}
    for text in texts:
        known = found.setdefault(text.id, text)
        if text.calls is not None:
            found[text.id] = replace(known, calls=text.calls)
    return tuple(found.values())
