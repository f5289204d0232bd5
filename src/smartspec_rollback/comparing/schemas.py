"""Recording and comparing schemas, each a recorded snapshot or a live database."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from smartspec_rollback.comparing.places import (
    Look,
    database,
    is_recorded,
    laboratory,
    laboratory_on,
    load,
)
from smartspec_rollback.comparing.scripts import going_up
from smartspec_rollback.domain.comparison import Comparison
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.engine import compare as comparing
from smartspec_rollback.engine import snapshot as snapshots
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database, Laboratory, OnShadow
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
    before: str,
    after: str,
    *,
    clock: Clock,
    look: Look,
    sources: Sources,
    within: float,
    shadow: str | None = None,
) -> Comparison:
    """Compare two schemas, each a recorded snapshot or a live database.

    Copies are made on the server of ``shadow``, named like a database; UsageError where that may
    be the server of a database compared.
    """
    if is_recorded(before):
        old = load(before)
    else:
        alone = Sources(statements=sources.statements)
        taken = snapshot(before, clock=clock, look=look, sources=alone, within=within)
        old = taken.snapshot
    new = load(after) if is_recorded(after) else database(after, clock=clock, look=look)
    if shadow is None:
        return judge(old, new, sources=sources, clock=clock, within=within)
    apart = (
        ("--before", old if is_recorded(before) else before),
        ("--after", new if isinstance(new, SchemaSnapshot) else after),
    )
    with laboratory_on(shadow, old.catalog.kind, apart=apart, clock=clock) as scratch:
        _refuse(scratch, Deadline.after(clock, within))
        return judge_in(scratch, old, new, sources=sources, clock=clock, within=within)


def _refuse(scratch: Laboratory, deadline: Deadline) -> None:
    """Let a shadow that may be production end it all; one that cannot be used is told later."""
    if isinstance(scratch, OnShadow):
        with suppress(ProviderError):
            scratch.shadow(deadline=deadline)


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
