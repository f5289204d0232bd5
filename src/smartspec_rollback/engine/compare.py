"""Compare: judge whether the old version can work on the schema as it is now.

Sequences the layers: reads the new schema, compiles the old version's statements on it, rehearses on
scratch copies where they can be made, and asks for the rows that the rules want to know of. Called
by ``schema compare`` and while a rollback is planned. What fails on the way is told in ``unseen``,
and never makes a comparison safer; only without the new schema there is none at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import Comparison, Inputs, Layer
from smartspec_rollback.domain.migration import AppliedMigration, Effect
from smartspec_rollback.domain.schema_record import Answer, Mark, Question, SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database, Laboratory, Rehearsal


@dataclass(frozen=True)
class Rules:
    """The pure rules of ``schema``."""

    compare: Callable[[Inputs], Comparison]
    questions: Callable[[Inputs], tuple[Question, ...]]
    unread: Callable[[tuple[Effect, ...]], tuple[str, ...]]


@dataclass(frozen=True)
class Compared:
    """What is to be compared.

    ``after`` is the live database, or a schema recorded elsewhere. ``texts`` are statements of the old
    version beside those recorded in ``before``; ``gaps`` what their sources lack. ``migrations`` are
    (name, SQL) of what lies between, ``unread`` says what of them is not. ``since`` is the mark from which writes are told.
    """

    before: SchemaSnapshot
    after: Database | SchemaSnapshot
    texts: tuple[StatementText, ...] = ()
    gaps: tuple[str, ...] = ()
    migrations: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    since: Mark | None = None


@dataclass
class _Seen:
    """What was learnt so far, and what could not be."""

    layers: set[Layer] = field(default_factory=lambda: {Layer.CATALOG})
    unseen: list[str] = field(default_factory=list)

    def lacks(self, layer: Layer, error: ProviderError) -> None:
        """Note that a layer saw nothing."""
        self.layers.discard(layer)
        self.unseen.append(f"{layer}: {error.what}")


def compare(
    what: Compared, *, rules: Rules, laboratory: Laboratory, deadline: Deadline
) -> Comparison:
    """Compare; ProviderError where the new schema cannot be read at all."""
    seen = _Seen()
    catalog, applied = _new_schema(what, deadline)
    statements = _statements(what, laboratory)
    before = replace(what.before, workload=replace(what.before.workload, statements=statements))
    trials = _live_trials(what, statements, seen, deadline)
    rehearsal = _rehearsal(what, before, catalog, laboratory, seen, deadline)
    effects = tuple(
        effect for name, sql in what.migrations for effect in laboratory.effects(sql, name)
    )
    if what.migrations:
        seen.layers.add(Layer.MIGRATIONS)
        seen.unseen += (*what.unread, *rules.unread(effects))
    inputs = Inputs(
        before=before,
        after=catalog,
        trials=trials or rehearsal.after,
        before_trials=rehearsal.before,
        runs=rehearsal.runs,
        effects=effects,
        missing=frozenset() if trials else frozenset(rehearsal.missing_after),
        missing_before=frozenset(rehearsal.missing_before),
        applied=applied,
        gaps=what.gaps,
    )
    answers = _answers(what, rules.questions(inputs), seen, deadline)
    return rules.compare(
        replace(
            inputs, answers=answers, layers=tuple(sorted(seen.layers)), unseen=tuple(seen.unseen)
        )
    )


def _new_schema(
    what: Compared, deadline: Deadline
) -> tuple[Catalog, tuple[AppliedMigration, ...] | None]:
    if isinstance(what.after, SchemaSnapshot):
        return what.after.catalog, what.after.migrations
    catalog = what.after.catalog(deadline=deadline)
    applied = what.after.applied_migrations(what.before.migrations_table, None, deadline=deadline)
    return catalog, applied


def _statements(what: Compared, laboratory: Laboratory) -> tuple[Statement, ...]:
    """Join what was recorded with what is known beside it; the recorded one knows its types."""
    known = {each.id: each for each in what.before.workload.statements}
    new = tuple(text for text in what.texts if text.id not in known)
    for each in laboratory.understand(new, what.before.catalog):
        known.setdefault(each.id, each)
    return tuple(known.values())


def _live_trials(
    what: Compared, statements: tuple[Statement, ...], seen: _Seen, deadline: Deadline
) -> tuple[Trial, ...]:
    if isinstance(what.after, SchemaSnapshot) or not statements:
        return ()
    try:
        trials = what.after.trials(statements, deadline=deadline)
    except ProviderError as error:
        seen.lacks(Layer.WORKLOAD, error)
        return ()
    seen.layers.add(Layer.WORKLOAD)
    seen.unseen += what.after.cannot_see
    return trials


def _rehearsal(
    what: Compared,
    before: SchemaSnapshot,
    catalog: Catalog,
    laboratory: Laboratory,
    seen: _Seen,
    deadline: Deadline,
) -> Rehearsal:
    """Rehearse on scratch copies; without statements there is nothing to rehearse."""
    nothing = Rehearsal(server="none")
    if not before.workload.statements or before.catalog.kind != catalog.kind:
        return nothing
    if (problem := laboratory.available()) is not None:
        seen.unseen.append(f"{Layer.SHADOW}: {problem}")
        return nothing
    scripts = tuple(sql for _, sql in what.migrations)
    try:
        rehearsal = laboratory.rehearse(before, catalog, migrations=scripts, deadline=deadline)
    except ProviderError as error:
        seen.lacks(Layer.SHADOW, error)
        return nothing
    if rehearsal.after:
        seen.layers.add(Layer.WORKLOAD)
    if rehearsal.runs:
        seen.layers.add(Layer.SHADOW)
    seen.unseen += (f"{Layer.SHADOW}: {note}" for note in rehearsal.notes)
    return rehearsal


def _answers(
    what: Compared, questions: tuple[Question, ...], seen: _Seen, deadline: Deadline
) -> tuple[Answer, ...]:
    if isinstance(what.after, SchemaSnapshot) or not questions:
        return ()
    try:
        answers = what.after.answers(questions, since=what.since, deadline=deadline)
    except ProviderError as error:
        seen.lacks(Layer.PROBE, error)
        return ()
    if any(answer.rows is not None for answer in answers):
        seen.layers.add(Layer.PROBE)
    return answers
