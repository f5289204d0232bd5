"""Puts together what looking into a configured Target's database takes.

Called by ``wiring``: for planning a rollback, for recording a deployment, and for ``doctor``.
Nothing is connected to before it is asked: a secret that is missing costs a finding, never a plan.
"""

from contextlib import suppress
from pathlib import Path

from smartspec_rollback import comparing
from smartspec_rollback.comparing import Between
from smartspec_rollback.config.model import DatabaseConfiguration
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.comparison import Comparison, Layer
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.migration import AppliedMigration, MigrationSet, Versions
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.engine import compare as engine
from smartspec_rollback.engine.parts import DatabaseParts
from smartspec_rollback.engine.record import (
    Collected,
    Recording,
    SchemaRecorded,
    needless,
    record_schema,
)
from smartspec_rollback.errors import ProviderError, SmartSpecError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Beside, Database, Laboratory
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers import migrations, registry, statements

_MAGIC = "*?["
_FILES = 10_000

Applied = tuple[AppliedMigration, ...]


def connect(configured: DatabaseConfiguration, *, clock: Clock) -> Database:
    """Make the provider; ConfigurationError or ProviderError where it cannot be."""
    made: Database = registry.provider("databases", configured.kind)(
        configured.settings, clock=clock
    )
    return made


def beside(live: Database, kind: str) -> Laboratory:
    """Make the laboratory that a database's settings ask for, or else the one of its kind."""
    return live.laboratory_beside() if isinstance(live, Beside) else comparing.laboratory(kind)


def parts(configured: DatabaseConfiguration, *, clock: Clock) -> DatabaseParts:
    """Put together what planning needs."""

    def compare(
        before: SchemaSnapshot, after: Database, versions: Versions, deadline: Deadline, /
    ) -> Comparison:
        now: Applied | None = None
        with suppress(ProviderError):  # without them there are fewer layers, and that is told
            now = after.applied_migrations(
                before.migrations_table, configured.migrations_tool, deadline=deadline
            )
        found = between(configured, versions, before.migrations, now)
        with beside(after, configured.kind) as laboratory:
            return engine.compare(
                engine.Compared(
                    before=before,
                    after=after,
                    migrations=found.scripts,
                    unread=found.unread,
                    notes=found.notes,
                    since=before.mark,
                ),
                rules=comparing.RULES,
                laboratory=laboratory,
                deadline=deadline,
            )

    return DatabaseParts(
        connect=lambda: connect(configured, clock=clock),
        compare=compare,
        migrations_tool=configured.migrations_tool,
        within=configured.look_within,
    )


def recording(configured: DatabaseConfiguration, *, store: Store, clock: Clock) -> Recording:
    """Put together what recording needs."""
    return Recording(
        store=store,
        clock=clock,
        connect=lambda: connect(configured, clock=clock),
        texts=lambda: texts(configured),
        remembered=configured.remembered,
        migrations_tool=configured.migrations_tool,
        values=configured.record_values,
        samples=configured.record_samples,
    )


def record(how: Recording, deployment: Deployment, *, by: Person) -> SchemaRecorded | str:
    """Record what a deployment's database is now, or say why that is not what it had.

    ProviderError or another SmartSpecError where it cannot be looked at.
    """
    return needless(how.store, deployment) or record_schema(how, deployment, by=by)


def texts(configured: DatabaseConfiguration) -> Collected:
    """Read the statements of the committed files, and say what is missing among them."""
    found: dict[Path, None] = {}
    gaps: list[str] = []
    for pattern in configured.statements:
        matching = _matching(pattern)
        found |= dict.fromkeys(matching)
        if not matching:
            gaps.append(f"no file of statements is at `{pattern}`")
    if len(found) > _FILES:
        gaps.append(f"of {len(found)} files of statements, {_FILES} were read")
    collected = statements.read(tuple(found)[:_FILES])
    return collected.texts, (*gaps, *collected.gaps)


def migration_set(configured: DatabaseConfiguration) -> MigrationSet | None:
    """Read the migrations' files; None where no folder is configured."""
    if configured.migrations_path is None:
        return None
    return migrations.read(configured.migrations_tool, configured.migrations_path)


def between(
    configured: DatabaseConfiguration, versions: Versions, then: Applied | None, now: Applied | None
) -> Between:
    """Read the migrations that were applied since ``then``; say what could not be read."""
    path = configured.migrations_path
    if path is None:
        return Between()
    if then is None or now is None:
        silent = f"{Layer.MIGRATIONS}: the database does not say which migrations it has"
        return Between(unread=(silent,))
    try:
        return comparing.between(configured.migrations_tool, path, versions, then, now)
    except SmartSpecError as error:
        return Between(unread=(f"{Layer.MIGRATIONS}: {error.what}",))


def _matching(pattern: Path) -> tuple[Path, ...]:
    """Expand ``*`` and ``**``, below the last folder that is written out."""
    written = pattern.parts
    first = next((i for i, part in enumerate(written) if set(part) & set(_MAGIC)), None)
    if first is None:
        return (pattern,) if pattern.exists() else ()
    folder, rest = Path(*written[:first]), Path(*written[first:])
    return tuple(sorted(each for each in folder.glob(str(rest)) if each.is_file()))
