"""Compare: judge whether the old version can work on the schema as it is now.

Sequences the layers: reads the new schema, compiles the old version's statements on it, rehearses
on scratch copies where they can be made, and asks for the rows that the rules want to know of.
Called by ``schema compare`` and while a rollback is planned. What fails on the way is told in
``unseen``, and never makes a comparison safer; only without the new schema there is none at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread

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
from smartspec_rollback.domain.workload import ColumnProfile, Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database, Laboratory, Profiles, Rehearsal

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
    ``migrations`` are (name, SQL) of what lies between, ``unread`` says what of them is not,
    ``notes`` what else is known of where they come from.
    ``since`` is the mark from which writes are told.
    """

    before: SchemaSnapshot
    after: Database | SchemaSnapshot
    texts: tuple[StatementText, ...] = ()
    gaps: tuple[str, ...] = ()
    migrations: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
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
        self._doubts: list[str] = []

    def compared(self) -> Comparison:
        """Look through every layer, the rows last, since the rules say what to ask of them."""
        what = self._what
        catalog, applied = self._new_schema()
        workload = replace(what.before.workload, statements=self._statements())
        before = replace(what.before, workload=workload)
        live = _LiveTrials(what.after, workload.statements, self._deadline)
        live.begin()
        rehearsal = self._rehearsal(before, catalog)
        trials = self._live_trials(live)
        inputs = Inputs(
            before=before,
            after=catalog,
            trials=trials or rehearsal.after,
            before_trials=_telling(rehearsal.before, workload.statements),
            runs=rehearsal.runs,
            effects=self._effects(),
            missing=frozenset() if trials else frozenset(rehearsal.missing_after),
            missing_before=frozenset(rehearsal.missing_before),
            applied=applied,
            gaps=what.gaps,
            profiles=self._profiles(catalog),
            same_database=before.identity == what.after.identity,
        )
        answers = self._answers(self._rules.questions(inputs))
        seen = replace(
            inputs, answers=answers, layers=tuple(self._layers), unseen=tuple(self._unseen)
        )
        if self._deadline.expired:
            self._doubts.append("the time was up before everything was looked at")
        return _doubted(self._rules.compare(seen), self._doubts)

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
        self._unseen += self._what.notes
        unread = (*self._what.unread, *self._rules.unread(effects))
        self._unseen += unread
        # A migration that nobody could read may have changed any row.
        self._doubts += unread
        return effects

    def _live_trials(self, live: "_LiveTrials") -> tuple[Trial, ...]:
        """Wait for what compiling on the live schema gave."""
        trials = live.end()
        if isinstance(trials, ProviderError):
            self._lacks(Layer.WORKLOAD, trials)
            return ()
        if trials is None:
            return ()
        self._layers.add(Layer.WORKLOAD)
        self._unseen += live.cannot_see
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

    def _profiles(self, catalog: Catalog) -> tuple[ColumnProfile, ...]:
        """Take figures about the values now, where they were recorded then."""
        after = self._what.after
        if isinstance(after, SchemaSnapshot):
            return after.profiles
        if not self._what.before.profiles or not isinstance(after, Profiles):
            return ()
        try:
            return after.profiles(catalog, deadline=self._deadline)
        except ProviderError as error:
            self._lacks(Layer.PROBE, error)
            return ()

    def _answers(self, questions: tuple[Question, ...]) -> tuple[Answer, ...]:
        after = self._what.after
        if isinstance(after, SchemaSnapshot) or not questions:
            return ()
        try:
            answers = after.answers(questions, since=self._what.since, deadline=self._deadline)
        except ProviderError as error:
            self._lacks(Layer.PROBE, error)
            return tuple(Answer(question=each, rows=None, reason=error.what) for each in questions)
        if any(answer.rows is not None for answer in answers):
            self._layers.add(Layer.PROBE)
        return answers

    def _lacks(self, layer: Layer, error: ProviderError) -> None:
        """Note that a layer failed: what it would have found is not known."""
        told = f"{layer}: {error.what}"
        self._unseen.append(told)
        self._doubts.append(told)


class _LiveTrials:
    """Compiles statements on the live schema, in a thread of its own.

    Meanwhile others work with the scratch server: each waits for another server than the other.
    Whoever gives up meanwhile, leaves it alone: it is bounded by the deadline, and read-only.
    """

    def __init__(
        self,
        after: Database | SchemaSnapshot,
        statements: tuple[Statement, ...],
        deadline: Deadline,
    ) -> None:
        """Prepare; there is nothing to do without a live database, or without statements."""
        self._database = None if isinstance(after, SchemaSnapshot) or not statements else after
        self._statements = statements
        self._deadline = deadline
        self._found: tuple[Trial, ...] | Exception | None = None
        self._thread = Thread(target=self._work, name="live-trials", daemon=True)

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """Say what the live database cannot be asked."""
        return () if self._database is None else self._database.cannot_see

    def begin(self) -> None:
        """Start compiling."""
        if self._database is not None:
            self._thread.start()

    def end(self) -> tuple[Trial, ...] | ProviderError | None:
        """Wait; None where nothing was to be done. Raises what is no ProviderError."""
        if self._database is not None:
            self._thread.join()
        if isinstance(self._found, Exception) and not isinstance(self._found, ProviderError):
            raise self._found
        return self._found

    def _work(self) -> None:
        if self._database is None:
            return
        try:
            self._found = self._database.trials(self._statements, deadline=self._deadline)
        except Exception as error:  # noqa: BLE001 - it is raised again by ``end``, in the thread of who asked
            self._found = error


def _telling(trials: Sequence[Trial], statements: Sequence[Statement]) -> tuple[Trial, ...]:
    """Leave out refusals of texts that their source calls unusable.

    That the beginning of a statement does not work tells nothing of the whole.
    """
    unusable = {each.id for each in statements if each.problem and each.worked is None}
    return tuple(t for t in trials if t.worked is not False or t.statement not in unusable)


def _doubted(compared: Comparison, doubts: Sequence[str]) -> Comparison:
    """Call nothing safe that was not looked at as it should have been."""
    if not doubts or compared.verdict is not SchemaVerdict.SAFE:
        return compared
    finding = SchemaFinding(
        code=_NOT_COMPARABLE,
        verdict=SchemaVerdict.UNKNOWN,
        object="comparison",
        summary=f"Nothing harmful was found, but not everything could be looked at: {doubts[0]}",
        layer=Layer.CATALOG,
        layers=(Layer.CATALOG,),
        evidence=tuple(
            Evidence(fact="not looked at", value=each, source=Layer.CATALOG)
            for each in doubts[:_SHOWN]
        ),
    )
    return replace(
        compared,
        verdict=SchemaVerdict.UNKNOWN,
        reason=f"It cannot be told whether the old version works: {finding.summary}",
        findings=(finding, *compared.findings),
    )
