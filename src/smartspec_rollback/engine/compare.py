"""Compare: judge whether the old version can work on the schema as it is now.

Sequences the layers: reads the new schema, compiles the old version's statements on it, rehearses
on scratch copies where they can be made, and asks for the rows that the rules want to know of.
Called by ``schema compare`` and while a rollback is planned. What fails on the way is told in
``unseen``, and never makes a comparison safer; only without the new schema there is none at all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import (
    Comparison,
    Inputs,
    Layer,
    SchemaFinding,
    SchemaVerdict,
)
from smartspec_rollback.domain.migration import AppliedMigration, Effect
from smartspec_rollback.domain.schema_record import Answer, Mark, Question, SchemaSnapshot
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database, Laboratory, Rehearsal

_NOT_COMPARABLE = "not-comparable"
_SHOWN = 5


@dataclass(frozen=True)
class Rules:
    """The pure rules of ``schema``."""

    compare: Callable[[Inputs], Comparison]
    questions: Callable[[Inputs], tuple[Question, ...]]
    unread: Callable[[tuple[Effect, ...]], tuple[str, ...]]


@dataclass(frozen=True)
class Compared:
    """What is to be compared.

    ``after`` is the live database, or a schema recorded elsewhere. ``texts`` are statements of the
    old version beside those recorded in ``before``; ``gaps`` what their sources lack.
    ``migrations`` are (name, SQL) of what lies between, ``unread`` says what of them is not.
    ``since`` is the mark from which writes are told.
    """

    before: SchemaSnapshot
    after: Database | SchemaSnapshot
    texts: tuple[StatementText, ...] = ()
    gaps: tuple[str, ...] = ()
    migrations: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    since: Mark | None = None


def compare(
    what: Compared, *, rules: Rules, laboratory: Laboratory, deadline: Deadline
) -> Comparison:
    """Compare; ProviderError where the new schema cannot be read at all."""
    return _Comparing(what, rules, laboratory, deadline).compared()


class _Comparing:
    """One comparison: the layers that saw something, and what could not be seen."""

    def __init__(
        self, what: Compared, rules: Rules, laboratory: Laboratory, deadline: Deadline
    ) -> None:
        self._what = what
        self._rules = rules
        self._laboratory = laboratory
        self._deadline = deadline
        self._layers = {Layer.CATALOG}
        self._unseen: list[str] = []
        self._unread: tuple[str, ...] = ()

    def compared(self) -> Comparison:
        """Look through every layer, the rows last, since the rules say what to ask of them."""
        what = self._what
        catalog, applied = self._new_schema()
        workload = replace(what.before.workload, statements=self._statements())
        before = replace(what.before, workload=workload)
        trials = self._live_trials(workload.statements)
        rehearsal = self._rehearsal(before, catalog)
        inputs = Inputs(
            before=before,
            after=catalog,
            trials=trials or rehearsal.after,
            before_trials=rehearsal.before,
            runs=rehearsal.runs,
            effects=self._effects(),
            missing=frozenset() if trials else frozenset(rehearsal.missing_after),
            missing_before=frozenset(rehearsal.missing_before),
            applied=applied,
            gaps=what.gaps,
        )
        answers = self._answers(self._rules.questions(inputs))
        seen = replace(
            inputs, answers=answers, layers=tuple(self._layers), unseen=tuple(self._unseen)
        )
        return _doubted(self._rules.compare(seen), self._unread)

    def _new_schema(self) -> tuple[Catalog, tuple[AppliedMigration, ...] | None]:
        after = self._what.after
        if isinstance(after, SchemaSnapshot):
            return after.catalog, after.migrations
        catalog = after.catalog(deadline=self._deadline)
        table = self._what.before.migrations_table
        try:
            return catalog, after.applied_migrations(table, None, deadline=self._deadline)
        except ProviderError as error:
            self._lacks(Layer.MIGRATIONS, error)
            return catalog, None

    def _statements(self) -> tuple[Statement, ...]:
        """Join what was recorded with what is known beside it; the recorded has its types."""
        recorded = self._what.before.workload.statements
        known = {each.id for each in recorded}
        new = tuple(text for text in self._what.texts if text.id not in known)
        found = self._laboratory.understand(new, self._what.before.catalog)
        return (*recorded, *{each.id: each for each in found}.values())

    def _effects(self) -> tuple[Effect, ...]:
        if self._what.migrations:
            self._layers.add(Layer.MIGRATIONS)
        effects = tuple(
            effect
            for name, sql in self._what.migrations
            for effect in self._laboratory.effects(sql, name)
        )
        self._unread = (*self._what.unread, *self._rules.unread(effects))
        self._unseen += self._unread
        return effects

    def _live_trials(self, statements: tuple[Statement, ...]) -> tuple[Trial, ...]:
        after = self._what.after
        if isinstance(after, SchemaSnapshot) or not statements:
            return ()
        try:
            trials = after.trials(statements, deadline=self._deadline)
        except ProviderError as error:
            self._lacks(Layer.WORKLOAD, error)
            return ()
        self._layers.add(Layer.WORKLOAD)
        self._unseen += after.cannot_see
        return trials

    def _rehearsal(self, before: SchemaSnapshot, catalog: Catalog) -> Rehearsal:
        """Rehearse on scratch copies; without statements there is nothing to rehearse."""
        nothing = Rehearsal(server="none")
        if not before.workload.statements or before.catalog.kind != catalog.kind:
            return nothing
        if (problem := self._laboratory.available()) is not None:
            self._unseen.append(f"{Layer.SHADOW}: {problem}")
            return nothing
        if self._deadline.expired:
            self._unseen.append(f"{Layer.SHADOW}: not looked at: the time was up")
            return nothing
        scripts = tuple(sql for _, sql in self._what.migrations)
        try:
            rehearsal = self._laboratory.rehearse(
                before, catalog, migrations=scripts, deadline=self._deadline
            )
        except ProviderError as error:
            self._lacks(Layer.SHADOW, error)
            return nothing
        if rehearsal.after:
            self._layers.add(Layer.WORKLOAD)
        if rehearsal.runs:
            self._layers.add(Layer.SHADOW)
        self._unseen += (f"{Layer.SHADOW}: {note}" for note in rehearsal.notes)
        return rehearsal

    def _answers(self, questions: tuple[Question, ...]) -> tuple[Answer, ...]:
        after = self._what.after
        if isinstance(after, SchemaSnapshot) or not questions:
            return ()
        try:
            answers = after.answers(questions, since=self._what.since, deadline=self._deadline)
        except ProviderError as error:
            self._lacks(Layer.PROBE, error)
            return ()
        if any(answer.rows is not None for answer in answers):
            self._layers.add(Layer.PROBE)
        return answers

    def _lacks(self, layer: Layer, error: ProviderError) -> None:
        """Note that a layer saw nothing."""
        self._unseen.append(f"{layer}: {error.what}")


def _doubted(compared: Comparison, unread: tuple[str, ...]) -> Comparison:
    """Call nothing safe after a migration that nobody could read: it may have changed any row."""
    if not unread or compared.verdict is not SchemaVerdict.SAFE:
        return compared
    finding = SchemaFinding(
        code=_NOT_COMPARABLE,
        verdict=SchemaVerdict.UNKNOWN,
        object="migrations",
        summary="What the migrations did to rows could not be read wholly.",
        layer=Layer.MIGRATIONS,
        layers=(Layer.MIGRATIONS,),
        evidence=tuple(
            Evidence(fact="not read", value=each, source=Layer.MIGRATIONS)
            for each in unread[:_SHOWN]
        ),
    )
    return replace(
        compared,
        verdict=SchemaVerdict.UNKNOWN,
        reason=f"It cannot be told whether the old version works: {finding.summary}",
        findings=(finding, *compared.findings),
    )
