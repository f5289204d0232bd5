"""Record: keep what a release finds in its database, and what it asks of it, for a later rollback.

Called with ``deployment record`` and ``local deploy``, right after the deployment was recorded.
Read-only on the database; what fails raises a SmartSpecError, which never undoes the deployment.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.schema_record import RecordedSchema
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Statement, StatementText
from smartspec_rollback.engine.snapshot import Taker, Wanted
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database
from smartspec_rollback.ports.store import Store

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
    wanted = Wanted(
        remembered=how.remembered, values=how.values, samples=how.samples, tool=how.migrations_tool
    )
    taker = Taker(how.connect(), wanted, deadline=Deadline.after(how.clock, WITHIN))
    seen = taker.schema(at=how.clock.now())
    if phase is not Phase.AFTER_MIGRATIONS:
        workload = taker.workload(seen.catalog, *_texts(how, deployment))
        seen = taker.with_values(replace(seen, workload=workload))
    recorded = how.store.record_schema(deployment.id, phase, seen, by=by)
    return SchemaRecorded(recorded=recorded, missing=tuple(taker.missing))


def _texts(how: Recording, deployment: Deployment) -> Collected:
    """Read the statements of the release that is live, but for what the server remembers.

    Before migrations the files at hand are the next version's; the live one's were read when it
    was recorded.
    """
    if deployment.phase is Phase.BEFORE_MIGRATIONS:
        return _recorded_before(how.store, deployment)
    texts, gaps = how.texts()
    return texts, gaps if texts or not how.remembered else (*gaps, AT_ITS_START)


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
