"""Recording and comparing schemas, each a recorded snapshot or a live database."""

from dataclasses import dataclass
from pathlib import Path

from smartspec_rollback.comparing.places import Look, database, is_recorded, laboratory, load
from smartspec_rollback.comparing.scripts import going_up
from smartspec_rollback.domain.comparison import Comparison
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.engine import compare as comparing
from smartspec_rollback.engine import snapshot as snapshots
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database, Laboratory
from smartspec_rollback.providers import statements
from smartspec_rollback.schema import compare as schema
from smartspec_rollback.schema.rules import migrations as migration_rules

RULES = comparing.Rules(
    compare=schema.compare, questions=schema.questions, unread=migration_rules.unread
)


@dataclass(frozen=True)
class Sources:
    """Files beside a database: the old version's statements, and the migrations in between."""

    statements: tuple[Path, ...] = ()
    migrations: tuple[Path, ...] = ()


_NOTHING = Sources()


def snapshot(
    place: str, *, clock: Clock, look: Look, sources: Sources, within: float
) -> snapshots.Taken:
    """Record a database as it is now."""
    collected = statements.read(sources.statements)
    wanted = snapshots.Wanted(remembered=look.remembered, values=look.values, samples=look.samples)
    return snapshots.take(
        database(place, clock=clock, look=look),
        wanted,
        texts=collected.texts,
        gaps=collected.gaps,
        at=clock.now(),
        deadline=Deadline.after(clock, within),
    )


def compare(
    before: str, after: str, *, clock: Clock, look: Look, sources: Sources, within: float
) -> Comparison:
    """Compare two schemas, each a recorded snapshot or a live database."""
    if is_recorded(before):
        old = load(before)
    else:
        alone = Sources(statements=sources.statements)
        taken = snapshot(before, clock=clock, look=look, sources=alone, within=within)
        old = taken.snapshot
    new = load(after) if is_recorded(after) else database(after, clock=clock, look=look)
    return judge(old, new, sources=sources, clock=clock, within=within)


def judge(
    before: SchemaSnapshot,
    after: Database | SchemaSnapshot,
    *,
    sources: Sources = _NOTHING,
    clock: Clock,
    within: float,
) -> Comparison:
    """Compare what was recorded with a schema, by every layer that can look."""
    with laboratory(before.catalog.kind) as scratch:
        return judge_in(scratch, before, after, sources=sources, clock=clock, within=within)


def judge_in(
    scratch: Laboratory,
    before: SchemaSnapshot,
    after: Database | SchemaSnapshot,
    *,
    sources: Sources = _NOTHING,
    clock: Clock,
    within: float,
) -> Comparison:
    """Compare as ``judge``, in a laboratory that is used for more than one comparison."""
    collected = statements.read(sources.statements)
    read, unread = going_up(sources.migrations)
    return comparing.compare(
        comparing.Compared(
            before=before,
            after=after,
            texts=collected.texts,
            gaps=collected.gaps,
            migrations=read,
            unread=unread,
            since=before.mark,
        ),
        rules=RULES,
        laboratory=scratch,
        deadline=Deadline.after(clock, within),
    )
