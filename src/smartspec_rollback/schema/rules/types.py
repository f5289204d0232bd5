"""Columns whose type is another one (rows 13 to 21, and 45 where a domain was put on one).

Called by ``compare``. What a change of type does is told by ``type_changes``; here it is weighed by
who reads and who writes the column. That a statement still compiles says nothing about its values.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Catalog, Column, DefinedType, TypeKind
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Answer, Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import ColumnProfile
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.literals import written
from smartspec_rollback.schema.reading.sqltypes import Family, SqlType, type_in
from smartspec_rollback.schema.reading.type_changes import Harm, TypeChange, bounds, change
from smartspec_rollback.schema.workload.using import Used, giving, reading, silence, statements_of

_ENUM_TO_TEXT = 21
_WIDER = 15


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge every column whose type is spelled in another way."""
    for pair in case.matching.matches:
        if pair.fate not in {Fate.KEPT, Fate.BEHIND_VIEW}:
            continue
        for old, new in pair.columns.kept:
            if old.type == new.type:
                continue
            yield from _retyped(case, pair, old, new)
            yield from _constrained(case, pair, old, new)


def _retyped(case: Case, pair: Match, old: Column, new: Column) -> Iterable[SchemaFinding]:
    was, now = type_in(case.before.catalog, old.type), type_in(case.after, new.type)
    what = change(was, now)
    if what is None:
        return
    weighed = _Weighed(case, pair, old, new)
    answer = _answer(case, pair, old, what, was)
    verdict = weighed.verdict(what, answer, now)
    evidence = [fact("type", f"{old.type} → {new.type}"), *weighed.evidence]
    if answer is not None:
        evidence.append(counted("rows the old version cannot represent", answer))
    loses = "" if answer is not None and answer.rows == 0 else None
    yield found(
        what.row,
        verdict,
        weighed.object,
        f"{weighed.object} was {old.type} and is {new.type} now ({what.why})"
        + _consequence(verdict, weighed),
        statements=weighed.shown,
        evidence=tuple(evidence),
        loses="" if what.harm is Harm.NOBODY else loses,
    )


def _consequence(verdict: SchemaVerdict, weighed: "_Weighed") -> str:
    used = weighed.readers or weighed.writers
    match verdict:
        case SchemaVerdict.BREAKING:
            return ", and the old version uses it."
        case SchemaVerdict.ATTENTION:
            return "; the old version uses it."
        case SchemaVerdict.SAFE:
            return "; that does not concern the old version." if used else "; it is not used."
        case SchemaVerdict.UNKNOWN:
            return "; whether the old version uses it is not known."


class _Weighed:
    """One changed column with who reads and writes it."""

    def __init__(self, case: Case, pair: Match, old: Column, new: Column) -> None:
        self.object = f"{pair.old.qualified}.{old.name}"
        self.readers: Used = reading(case, pair.old, old.name)
        self.writers: Used = giving(case, pair.old, old.name)
        self.old, self.new = old, new
        self.profile = _profile(case, pair, old)
        self._never_filled = case.never_filled(pair.old)
        self._silence = silence(case, pair.old, old)
        self.shown = statements_of((*self.readers, *self.writers)) or self._silence[1]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Say why nobody is thought to use it, where that is so."""
        return () if self.readers or self.writers else self._silence[2]

    def verdict(self, what: TypeChange, answer: Answer | None, now: SqlType) -> SchemaVerdict:
        """Weigh a change of type."""
        breaking, attention = SchemaVerdict.BREAKING, SchemaVerdict.ATTENTION
        harm = self._harm(what)
        if harm is Harm.NOBODY:
            return SchemaVerdict.SAFE
        outside = answer is not None and bool(answer.rows)
        if harm is Harm.LARGE_VALUES and not outside:
            return SchemaVerdict.SAFE
        if not self.readers and not self.writers:
            return self._silence[0]
        if outside and self.readers:
            return breaking
        match harm:
            case Harm.LARGE_VALUES | Harm.READERS_PERHAPS:
                return attention if self.readers else self._silence[0]
            case Harm.WRITERS_PERHAPS:
                return self._too_long(now) if self.writers else self._silence[0]
            case Harm.ALL_PERHAPS | Harm.FINE_DIGITS:
                return attention
            case Harm.READERS:
                return breaking if self.readers else attention
            case Harm.EVERYBODY:
                to_text = now.family is Family.TEXT
                return attention if to_text and not self.readers else breaking

    def _harm(self, what: TypeChange) -> Harm:
        """Tell whom it harms: digits nobody means concern nobody where no value has any."""
        fine = what.harm is Harm.FINE_DIGITS and self._never_filled
        return Harm.NOBODY if fine else what.harm

    def _too_long(self, now: SqlType) -> SchemaVerdict:
        """Judge writers of a column that takes less than it did."""
        limit = now.size
        if limit is None or now.family is not Family.TEXT:
            return SchemaVerdict.ATTENTION
        if self.profile is not None and (self.profile.longest or 0) > limit:
            return SchemaVerdict.BREAKING
        values = [written(statement, use, self.old.name) for statement, use in self.writers]
        known = [value for each in values for value in each or ()]
        if any(value is not None and len(value) > limit for value in known):
            return SchemaVerdict.BREAKING
        return SchemaVerdict.ATTENTION if None in values else SchemaVerdict.SAFE


def _profile(case: Case, pair: Match, column: Column) -> ColumnProfile | None:
    wanted = (pair.old.qualified, column.name)
    return next((p for p in case.before.profiles if (p.relation, p.column) == wanted), None)


def _answer(
    case: Case, pair: Match, column: Column, what: TypeChange, was: SqlType
) -> Answer | None:
    """Ask how many rows hold what the old type could not."""
    arguments: tuple[str, ...]
    if what.harm is Harm.LARGE_VALUES and was.family is Family.TEXT and was.size is not None:
        kind, arguments = QuestionKind.LONGER, (str(was.size),)
    elif what.row == _WIDER:
        low, high = bounds(was)
        kind, arguments = QuestionKind.OUTSIDE, (str(low), str(high))
    elif what.row == _ENUM_TO_TEXT:
        kind, arguments = QuestionKind.OTHER_LABELS, was.labels
    else:
        return None
    if pair.new.empty:
        return None
    return case.ask(
        Question(
            kind=kind, relation=pair.new.qualified, columns=(column.name,), arguments=arguments
        )
    )


def _constrained(case: Case, pair: Match, old: Column, new: Column) -> Iterable[SchemaFinding]:
    """Judge a domain whose constraints the column did not have before."""
    before = _domain(case.before.catalog, old.type)
    after = _domain(case.after, new.type)
    if after is None or not (after.checks or not after.nullable):
        return
    if before is not None and set(after.checks) <= set(before.checks):
        return
    object_ = f"{pair.old.qualified}.{old.name}"
    writers = giving(case, pair.old, old.name)
    verdict, hidden, evidence = silence(case, pair.old, old)
    yield found(
        45,
        SchemaVerdict.ATTENTION if writers else verdict,
        object_,
        f"{object_} takes only what the domain {new.type} allows now"
        + ("; the old version writes it." if writers else "; no known statement writes it."),
        statements=statements_of(writers) or hidden,
        evidence=(
            *(fact("the domain demands", check) for check in after.checks),
            *(() if writers else evidence),
            *_all_fit(pair),
        ),
    )


def _all_fit(pair: Match) -> tuple[Evidence, ...]:
    rows = pair.new.rows
    if not rows:
        return ()
    bound = f"all {rows} rows fit: the chance that the next write does not is below {3 / rows:.2g}"
    return (fact("rows", bound, Layer.CATALOG),)


def _domain(catalog: Catalog, spelled: str) -> DefinedType | None:
    for each in catalog.types:
        if each.kind is TypeKind.DOMAIN and each.qualified == spelled.replace('"', ""):
            return each
    return None
