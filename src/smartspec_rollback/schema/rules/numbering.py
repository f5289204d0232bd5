"""Sequences that columns now take numbers from: perhaps closed (row 41), perhaps starting anew.

Called by ``compare``. Privileges on sequences that were used before are judged in ``access``; the
sequence of an identity column needs none. Where a new sequence stands is in no catalog.
"""

import re
from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, Sequence
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import SEQUENCE_CHANGED
from smartspec_rollback.schema.fixes.guards import grant_on
from smartspec_rollback.schema.fixes.quoting import name
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.workload.access import granted, roles, unbound
from smartspec_rollback.schema.workload.using import inserting, omitting, statements_of

_START = re.compile(r"\bSTART WITH (?P<at>\d+) INCREMENT BY [1-9]")
_LOWEST = -(2**63)
_NEXTVAL = re.compile(r"\bnextval\('(?P<name>(?:[^']|'')+)'", re.IGNORECASE)


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge every column that takes its numbers from a sequence it did not before."""
    for pair in case.matching.matches:
        if pair.fate is Fate.KEPT and not pair.new.empty:
            yield from _anew(case, pair)
    if case.before.catalog.role is None or unbound(case, new=True):
        return
    for pair in case.matching.matches:
        if pair.fate not in {Fate.KEPT, Fate.BEHIND_VIEW}:
            continue
        for column in pair.new.columns:
            sequence = _taken(case.after, column)
            old = pair.old.column(column.name)
            before = _taken(case.before.catalog, old) if old is not None else None
            if sequence is not None and (before is None or before.qualified != sequence.qualified):
                yield from _judged(case, pair, column, sequence, known=old is not None)


def _anew(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Report columns with rows whose numbers now come from a sequence that may start again."""
    for old, new in pair.columns.kept:
        was = _source(case.before.catalog, pair.old, old)
        now = _source(case.after, pair.new, new)
        if was is None or now is None:
            continue
        same = was.qualified == now.qualified and was.identity == now.identity
        if same or _beyond(case, pair, old, now):
            continue
        if leaving := omitting(case, pair.old, old.name):
            yield found(
                SEQUENCE_CHANGED,
                SchemaVerdict.ATTENTION,
                f"{pair.old.qualified}.{old.name}",
                f"{pair.old.qualified}.{old.name} takes its numbers from another sequence now; "
                "whether it goes on where the old one was is not known.",
                statements=statements_of(leaving),
                evidence=(fact("sequence", f"{was.qualified} became {now.qualified}"),),
            )


def _beyond(case: Case, pair: Match, column: Column, sequence: Sequence) -> bool:
    """Tell whether a sequence starts where no row has come to yet."""
    start = _START.search(sequence.definition)
    if start is None:
        return False
    answer = case.ask(
        Question(
            kind=QuestionKind.OUTSIDE,
            relation=pair.new.qualified,
            columns=(column.name,),
            arguments=(str(_LOWEST), str(int(start["at"]) - 1)),
        )
    )
    return answer is not None and answer.rows == 0 and answer.exact


def _source(catalog: Catalog, relation: Relation, column: Column) -> Sequence | None:
    """Find the sequence behind an identity or a default."""
    if column.identity is None:
        return _taken(catalog, column)
    place = f"{relation.qualified}.{column.name}"
    return next((s for s in catalog.sequences if s.identity and s.owned_by == place), None)


def _taken(catalog: Catalog, column: Column) -> Sequence | None:
    named = _NEXTVAL.search(column.default or "")
    if named is None:
        return None
    schema, _, bare = named["name"].replace('"', "").rpartition(".")
    wanted = (schema,) if schema else catalog.search_path
    return next((s for s in catalog.sequences if s.name == bare and s.schema in wanted), None)


def _judged(
    case: Case, pair: Match, column: Column, sequence: Sequence, *, known: bool
) -> Iterable[SchemaFinding]:
    mine = roles(case, new=True)
    if any(granted(sequence.grants, each, mine) for each in ("USAGE", "UPDATE")):
        return
    leaving = omitting(case, pair.old, column.name) if known else inserting(case, pair.old)
    if leaving:
        yield found(
            41,
            SchemaVerdict.BREAKING,
            sequence.qualified,
            f"Inserts of the old version take a number from {sequence.qualified}, which its role "
            "may not use.",
            statements=statements_of(leaving),
            evidence=(fact("default", f"{column.name} {column.default}"),),
            fix=_grant(case, sequence),
        )


def _grant(case: Case, sequence: Sequence) -> str:
    kind = case.after.kind
    spelled = f"{name(kind, sequence.schema)}.{name(kind, sequence.name)}"
    return grant_on(kind, "SEQUENCE", spelled, "usage", case.before.catalog.role or "public")
