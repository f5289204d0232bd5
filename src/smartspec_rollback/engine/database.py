"""Database: learn what a plan has to know of the Target's database; called by ``assess.gather``.

Everything is read-only, has one deadline, and fails softly: what cannot be learnt is a Gap that
the checks report as unknown. Whatever goes wrong here never stops a rollback from being planned.
"""

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog, Relation, RelationKind
from smartspec_rollback.domain.database_facts import (
    DatabaseFacts,
    Gap,
    MigrationsSeen,
    Unseen,
    Writes,
)
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.migration import LEDGER_TABLES, Versions
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.schema_record import (
    Answer,
    Mark,
    Question,
    QuestionKind,
    RecordedSchema,
)
from smartspec_rollback.engine.parts import DatabaseParts, Parts
from smartspec_rollback.engine.reading_once import ReadingOnce
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database

T = TypeVar("T")

QUESTIONS = 200
"""How many places the old version does not know are counted; with more, nothing is said."""

_TABLES = (RelationKind.TABLE, RelationKind.PARTITIONED)
_MARKED = (Phase.AFTER_MIGRATIONS, Phase.LIVE)
_TRY_AGAIN = "`smartspec doctor` looks at the database; plan again once it can be looked into"


def look_into(parts: Parts, failed: Deployment, chosen: Release) -> DatabaseFacts | None:
    """Look whether ``chosen`` can work with the database as it is; None where there is none."""
    if parts.database is None:
        return None
    known, gap = _softly(lambda: parts.store.schema_of_release(parts.target, chosen))
    if known is None:
        gap = gap or Gap(
            what=f"nothing was recorded of its database while {chosen.version} was live",
            remedy="`smartspec deployment record` in the pipeline records it, before the "
            f"migrations and once live; until then compare what {chosen.version} needs yourself",
        )
    how = parts.database
    live, away = _softly(lambda: ReadingOnce(how.connect()))
    if live is None:
        away = gap or away
        return _told(DatabaseFacts(comparison_gap=away, writes_gap=away), known)
    look = _Look(parts, how, live)
    versions = Versions(old=chosen.version, new=failed.release.version)
    facts = look.migrations(DatabaseFacts(identity=live.identity), known)
    facts = look.writes(facts, failed, known, gap)
    return _told(look.comparison(facts, versions, known, gap), known)


def _told(facts: DatabaseFacts, known: RecordedSchema | None) -> DatabaseFacts:
    """Add what the old version is known from."""
    if known is None:
        return facts
    return replace(
        facts,
        recorded_at=known.snapshot.at,
        recorded_with=known.deployment_id,
        recorded_phase=known.phase,
    )


class _Look:
    """One look at one database, with one deadline for all of it."""

    def __init__(self, parts: Parts, how: DatabaseParts, live: Database) -> None:
        self._parts = parts
        self._how = how
        self._live = live
        self._deadline = Deadline.after(parts.clock, how.within)

    def migrations(self, facts: DatabaseFacts, known: RecordedSchema | None) -> DatabaseFacts:
        """Read the migrations' tool's own record, and compare it with the one of the old time."""
        table = known.snapshot.migrations_table if known else None
        applied, gap = _softly(
            lambda: self._live.applied_migrations(
                table, self._how.migrations_tool, deadline=self._deadline
            )
        )
        if applied is None:
            return replace(facts, migrations_gap=gap)
        versions = tuple(each.version for each in applied)
        before = known.snapshot.migrations if known else None
        old = versions if before is None else tuple(each.version for each in before)
        seen = MigrationsSeen(
            incomplete=tuple(each.version for each in applied if not each.complete),
            added=tuple(v for v in versions if v not in set(old)),
        )
        return replace(facts, migrations=seen)

    def comparison(
        self,
        facts: DatabaseFacts,
        versions: Versions,
        known: RecordedSchema | None,
        gap: Gap | None,
    ) -> DatabaseFacts:
        """Compare what the old version knew with what is there."""
        if known is None:
            return replace(facts, comparison_gap=gap)
        found, failed = _softly(
            lambda: self._how.compare(known.snapshot, self._live, versions, self._deadline)
        )
        return replace(facts, comparison=found, comparison_gap=failed)

    def writes(
        self,
        facts: DatabaseFacts,
        failed: Deployment,
        known: RecordedSchema | None,
        gap: Gap | None,
    ) -> DatabaseFacts:
        """Count what was written since the failed deployment where the old version cannot see."""
        if known is None:
            return replace(facts, writes_gap=gap)
        marked, fault = _softly(lambda: self._mark(failed))
        if marked is None:
            return replace(facts, writes_gap=fault or _no_mark(failed))
        phase, mark = marked
        found, fault = _softly(lambda: self._unseen(known.snapshot.catalog, phase, mark))
        if found is None:
            return replace(facts, writes_gap=fault)
        return replace(facts, writes=Writes(since=mark.at, phase=phase, objects=found))

    def _mark(self, failed: Deployment) -> tuple[Phase, Mark] | None:
        """Find the point in time from which the failed deployment's writes can be told."""
        recorded = {
            each.phase: each.snapshot.mark for each in self._parts.store.schema_of(failed.id)
        }
        for phase in _MARKED:
            if (mark := recorded.get(phase)) is not None:
                return phase, mark
        return None

    def _unseen(self, before: Catalog, phase: Phase, mark: Mark) -> tuple[Unseen, ...]:
        asked = unknown_to(before, self._live.catalog(deadline=self._deadline))
        if len(asked) > QUESTIONS:
            raise SmartSpecError(
                f"{len(asked)} tables and columns are new, more than can be counted in time",
                remedy="find out yourself what was written to them",
            )
        if not asked:
            return ()
        written = tuple(
            dict.fromkeys(
                Question(kind=QuestionKind.WRITTEN, relation=each.relation) for each in asked
            )
        )
        answers = self._live.answers((*asked, *written), since=mark, deadline=self._deadline)
        since = {each.question.relation: each for each in answers[len(asked) :]}
        after = phase is Phase.AFTER_MIGRATIONS
        return tuple(
            _count(answer, since[answer.question.relation] if after else None)
            for answer in answers[: len(asked)]
        )


def unknown_to(before: Catalog, after: Catalog) -> tuple[Question, ...]:
    """Ask how much there is in every table and column that the old schema does not have."""
    old = {relation.qualified: relation for relation in before.relations}
    asked: list[Question] = []
    for relation in after.relations:
        if relation.kind not in _TABLES or relation.extension or relation.partition_of:
            continue
        if {relation.name, relation.qualified} & LEDGER_TABLES:
            continue
        known = old.get(relation.qualified)
        if known is None:
            asked.append(Question(kind=QuestionKind.ROWS, relation=relation.qualified))
        else:
            asked.extend(_new_columns(known, relation))
    return tuple(asked)


def _new_columns(old: Relation, new: Relation) -> tuple[Question, ...]:
    """Ask about the columns that hold something of their own: a computed one loses nothing."""
    return tuple(
        Question(
            kind=QuestionKind.SET,
            relation=new.qualified,
            columns=(column.name,),
            arguments=() if column.default is None else (column.default,),
        )
        for column in new.columns
        if old.column(column.name) is None and column.generated is None
    )


def _count(held: Answer, written: Answer | None) -> Unseen:
    """Say how many rows hold something there that was written since; never fewer than there are.

    What a migration filled in by itself is not somebody's work: no more rows count than were
    written since, where that is known.
    """
    question = held.question
    name = ".".join((question.relation, *question.columns))
    new = written.rows if written is not None and written.exact else None
    if held.rows is None and new == 0:
        return Unseen(object=name, rows=0, how=written.how if written else "")
    if held.rows is None:
        return Unseen(object=name, rows=None, reason=held.reason or "it could not be counted")
    fewer = new is not None and new < held.rows and question.kind is QuestionKind.SET
    rows = new if fewer and new is not None else held.rows
    return Unseen(object=name, rows=rows, exact=held.exact and not (fewer and rows), how=held.how)


def _no_mark(failed: Deployment) -> Gap:
    return Gap(
        what=f"nothing was recorded of the database with {failed.id}",
        remedy="`smartspec deployment record --phase after-migrations` in the pipeline marks the "
        f"moment; until then find out yourself what {failed.release.version} wrote",
    )


def _softly(ask: Callable[[], T]) -> tuple[T | None, Gap | None]:
    """Ask, and turn whatever goes wrong into a Gap."""
    try:
        return ask(), None
    except SmartSpecError as error:
        return None, Gap(what=error.what, remedy=error.remedy or _TRY_AGAIN)
    except Exception as error:  # noqa: BLE001 - a fault in looking must never stop a rollback
        what = f"unexpected {type(error).__name__} while looking into it: {error}"
        return None, Gap(what=what, remedy="please report it; compare the schema yourself")
