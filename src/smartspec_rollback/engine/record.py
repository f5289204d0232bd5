"""Record: keep what a release finds in its database, and what it asks of it, for a later rollback.

Called with ``deployment record`` and ``local deploy``, right after the deployment was recorded, and
by ``schema snapshot``. Read-only on the database; what fails raises a SmartSpecError, which never
undoes the deployment.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.schema_record import RecordedSchema, SchemaSnapshot
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Statement, StatementText, Workload
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database, Profiles
from smartspec_rollback.ports.store import Store

T = TypeVar("T")
Collected = tuple[tuple[StatementText, ...], tuple[str, ...]]
"""Statements, and what is known to be missing among them."""

WITHIN = 20.0
"""Seconds that recording a database may take."""

AT_ITS_START = (
    "recorded as the release went live, from what the server remembered: statements it sent first "
    "since then are not known"
)
_NOTHING: Collected = ((), ())


@dataclass(frozen=True)
class Recording:
    """What recording a Target's database takes.

    ``remembered``: read the statements the server itself remembers too. ``texts`` reads those of
    the committed files of the version that is checked out. ``values`` and ``samples`` switch on
    what may hold personal data.
    """

    store: Store
    clock: Clock
    connect: Callable[[], Database]
    texts: Callable[[], Collected]
    remembered: bool = True
    migrations_tool: str | None = None
    values: bool = False
    samples: int = 0


class SchemaRecorded(Value):
    """What came of recording: the record, and what is missing in it, in words."""

    recorded: RecordedSchema
    missing: tuple[str, ...]


def needless(store: Store, deployment: Deployment) -> str | None:
    """Say why the database as it is now is not what to record with this phase; None if it is.

    A phase that is said again later must not take a newer schema for an older one.
    """
    entry = store.deployment(deployment.id)
    if entry is not None and entry.deployment.phase is not deployment.phase:
        return f"{deployment.id} has come further than {deployment.phase}"
    newest = store.deployments(deployment.target, limit=1)
    if newest and newest[0].deployment.id != deployment.id:
        return f"{newest[0].deployment.id} is newer than {deployment.id}"
    recorded = {each.phase for each in store.schema_of(deployment.id)}
    if deployment.phase is not Phase.LIVE and deployment.phase in recorded:
        return f"it was recorded {deployment.phase} before"
    return None


def record_schema(how: Recording, deployment: Deployment, *, by: Person) -> SchemaRecorded:
    """Look at the database, and keep what was seen with a phase of a recorded deployment.

    ProviderError or another SmartSpecError where it cannot be looked at; nothing is kept then.
    After migrations only the schema and the mark are: statements belong to a release that runs.
    """
    phase = deployment.phase
    texts, gaps = _texts(how, deployment)
    look = _Look(how.connect(), Deadline.after(how.clock, WITHIN))
    remembered = how.remembered and phase is not Phase.AFTER_MIGRATIONS
    if remembered and phase is Phase.LIVE and not texts:
        gaps = (*gaps, AT_ITS_START)
    seen = look.snapshot(
        texts, gaps, remembered=remembered, tool=how.migrations_tool, at=how.clock.now()
    )
    if phase is not Phase.AFTER_MIGRATIONS:
        seen = look.with_values(seen, values=how.values, samples=how.samples)
    recorded = how.store.record_schema(deployment.id, phase, seen, by=by)
    return SchemaRecorded(recorded=recorded, missing=tuple(look.missing))


def snapshot(
    database: Database,
    *,
    texts: tuple[StatementText, ...],
    gaps: tuple[str, ...] = (),
    remembered: bool,
    values: bool,
    samples: int,
    at: datetime,
    deadline: Deadline,
) -> SchemaSnapshot:
    """Look at a database once; ProviderError where not even its schema can be read."""
    look = _Look(database, deadline)
    seen = look.snapshot(texts, gaps, remembered=remembered, tool=None, at=at)
    return look.with_values(seen, values=values, samples=samples)


def _texts(how: Recording, deployment: Deployment) -> Collected:
    """Read the statements of the release that is live, but for what the server remembers.

    Before migrations the files at hand are the next version's; the live one's were read when it
    was recorded.
    """
    match deployment.phase:
        case Phase.LIVE:
            return how.texts()
        case Phase.AFTER_MIGRATIONS:
            return _NOTHING
        case Phase.BEFORE_MIGRATIONS:
            return _recorded_before(how.store, deployment)


def _recorded_before(store: Store, deployment: Deployment) -> Collected:
    """Take the statements recorded with the release that is live."""
    live = store.live(deployment.target)
    if live is None or live.deployment.id == deployment.id:
        return _NOTHING
    known = store.schema_of_release(deployment.target, live.deployment.release)
    if known is None:
        return _NOTHING
    workload = known.snapshot.workload
    gaps = tuple(gap for gap in workload.gaps if gap != AT_ITS_START)
    return tuple(map(_text_of, workload.statements)), gaps


def _text_of(statement: Statement) -> StatementText:
    """Take a recorded statement for its text, so that it is described anew."""
    return StatementText(text=statement.text, source=statement.source, calls=statement.calls)


@dataclass
class _Look:
    """One look at a database; what is worth less than the schema itself may be ``missing``."""

    database: Database
    deadline: Deadline
    missing: list[str] = field(default_factory=list)

    def snapshot(
        self,
        texts: tuple[StatementText, ...],
        gaps: tuple[str, ...],
        *,
        remembered: bool,
        tool: str | None,
        at: datetime,
    ) -> SchemaSnapshot:
        """Look. The mark comes first: whatever is written from here on is later than it."""
        database, deadline = self.database, self.deadline
        mark = self._maybe("the mark of later writes", lambda: database.mark(deadline=deadline))
        catalog = database.catalog(deadline=deadline)
        applied = self._maybe(
            "the applied migrations",
            lambda: database.applied_migrations(None, tool, deadline=deadline),
        )
        if remembered:
            more, lacking = self._remembered()
            texts, gaps = (*texts, *more), (*gaps, *lacking)
        return SchemaSnapshot(
            at=at,
            identity=database.identity,
            catalog=catalog,
            workload=Workload(
                statements=self._described(_merged(texts), catalog),
                gaps=tuple(dict.fromkeys(gaps)),
            ),
            migrations=applied,
            mark=mark,
        )

    def _remembered(self) -> Collected:
        what = "the statements the server remembers"
        found = self._maybe(what, lambda: self.database.statements(deadline=self.deadline))
        return ((), (self.missing[-1],)) if found is None else found

    def _described(
        self, texts: tuple[StatementText, ...], catalog: Catalog
    ) -> tuple[Statement, ...]:
        if not texts:
            return ()
        return self.database.describe(texts, catalog, deadline=self.deadline)

    def with_values(self, seen: SchemaSnapshot, *, values: bool, samples: int) -> SchemaSnapshot:
        """Add figures and rows, where that is switched on."""
        database, catalog, deadline = self.database, seen.catalog, self.deadline
        if not values and not samples:
            return seen
        if not isinstance(database, Profiles):
            self.missing.append(f"values: {database.name} has no figures about them")
            return seen
        profiles = rows = None
        if values:
            profiles = self._maybe(
                "figures about values", lambda: database.profiles(catalog, deadline=deadline)
            )
        if samples:
            rows = self._maybe(
                "samples of rows",
                lambda: database.samples(catalog, rows=samples, deadline=deadline),
            )
        return replace(seen, profiles=profiles or (), samples=rows or ())

    def _maybe(self, what: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except ProviderError as error:
            self.missing.append(f"{what}: {error.what}")
            return None


def _merged(texts: Iterable[StatementText]) -> tuple[StatementText, ...]:
    """Keep one of each statement: the first said, with the newest count of calls."""
    found: dict[str, StatementText] = {}
    for text in texts:
        known = found.setdefault(text.id, text)
        if text.calls is not None:
            found[text.id] = replace(known, calls=text.calls)
    return tuple(found.values())
