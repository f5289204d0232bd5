"""CHECK constraints added and dropped (rows 30 and 34).

Called by ``compare``. Where the old version's constants prove that it satisfies or violates a
simple predicate, that is said; otherwise only the rows there are speak for it, with their bound.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Catalog, Column, Constraint, ConstraintKind, Relation
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.predicate_reader import read
from smartspec_rollback.schema.reading.predicates import (
    Atom,
    Group,
    Predicate,
    Truth,
    conjuncts,
    implies,
    truth,
)
from smartspec_rollback.schema.reading.rows import rows
from smartspec_rollback.schema.reading.sqltypes import Family, type_in
from smartspec_rollback.schema.rules.unwritten import unwritten
from smartspec_rollback.schema.workload.using import (
    Used,
    reading,
    statements_of,
    writing,
)


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge the checks of every table both schemas have."""
    for pair in case.matching.matches:
        if pair.fate not in {Fate.KEPT, Fate.BEHIND_VIEW}:
            continue
        old, new = _checks(pair.old), _checks(pair.new)
        known = tuple(old.values())
        for check, predicate in new.items():
            if predicate not in known:
                yield _added(case, pair, check, predicate, known)
        for check, predicate in old.items():
            if predicate not in new.values():
                yield from _dropped(case, pair, check, predicate, tuple(new.values()))


def _checks(relation: Relation) -> dict[Constraint, Predicate]:
    return {
        each: read(each.predicate or _body(each.definition))
        for each in relation.constraints
        if each.kind is ConstraintKind.CHECK
    }


def _body(definition: str) -> str:
    text = definition.strip()
    text = text.removesuffix("NOT VALID").strip().removesuffix("NO INHERIT").strip()
    return text[len("CHECK") :].strip() if text.upper().startswith("CHECK") else text


def _held(catalog: Catalog, relation: Relation) -> tuple[Predicate, ...]:
    """List what the columns' own types demand of them, as predicates."""
    return tuple(each for c in relation.columns for each in _demanded(catalog, c))


def _demanded(catalog: Catalog, column: Column) -> Iterable[Predicate]:
    if not column.nullable:
        yield Group("not", (Atom(column.name, "is null"),))
    kind = type_in(catalog, column.type)
    if kind.family is Family.TEXT and kind.size is not None:
        yield Atom(f"length({column.name})", "<=", (str(kind.size),))
    if kind.family is Family.ENUM:
        yield Atom(column.name, "in", tuple(sorted(kind.labels)))


def _added(
    case: Case, pair: Match, check: Constraint, predicate: Predicate, known: tuple[Predicate, ...]
) -> SchemaFinding:
    object_ = f"{pair.old.qualified}.{check.name}"
    demand = (fact("the constraint", check.definition),)
    premises = (*known, *_held(case.before.catalog, pair.old))
    if all(any(implies(one, part) for one in premises) for part in conjuncts(predicate)):
        return found(
            30,
            SchemaVerdict.SAFE,
            object_,
            f"The new check {check.name} demands no more than was demanded before.",
            evidence=demand,
        )
    violating, doubtful = _sorted(case, pair, check, predicate)
    if violating:
        return found(
            30,
            SchemaVerdict.BREAKING,
            object_,
            f"The old version writes values that the new check {check.name} refuses.",
            statements=statements_of(violating),
            evidence=demand,
        )
    refused, told = _violated(case, pair, check)
    if refused and (doubtful or _updating(case, pair)):
        return found(
            30,
            SchemaVerdict.BREAKING,
            object_,
            f"Rows violate the new check {check.name}, and the old version writes such rows.",
            statements=statements_of((*doubtful, *_updating(case, pair))),
            evidence=(*demand, *told),
        )
    if doubtful:
        return found(
            30,
            SchemaVerdict.ATTENTION,
            object_,
            f"The old version writes what the new check {check.name} looks at; whether it always "
            "satisfies it is not known.",
            statements=statements_of(doubtful),
            evidence=(*demand, *told, *_bound(pair, check)),
        )
    return unwritten(case, pair, 30, ("check", check.name), demand)


def _sorted(case: Case, pair: Match, check: Constraint, predicate: Predicate) -> tuple[Used, Used]:
    """Sort the writers into those that certainly violate a check, and those that may."""
    violating, doubtful = [], []
    for statement, use in writing(case, pair.old, check.columns):
        possible = rows(statement, use, pair.new, check.columns)
        results = {Truth.UNTOLD} if possible is None else {truth(predicate, r) for r in possible}
        if Truth.NO in results:
            violating.append((statement, use))
        elif Truth.UNTOLD in results:
            doubtful.append((statement, use))
    return tuple(violating), tuple(doubtful)


def _updating(case: Case, pair: Match) -> Used:
    return tuple(each for each in case.touching(pair.old) if each[1].updated)


def _violated(case: Case, pair: Match, check: Constraint) -> tuple[bool, tuple[Evidence, ...]]:
    """Ask how many rows violate a check that was not tried on the rows there are."""
    if check.validated or pair.new.empty:
        return False, ()
    answer = case.ask(_question(pair, check))
    if answer is None:
        return False, (fact("rows", "the check was not tried on them (NOT VALID)"),)
    return bool(answer.rows), (counted("rows that violate it", answer),)


def _question(pair: Match, check: Constraint) -> Question:
    return Question(
        kind=QuestionKind.VIOLATIONS,
        relation=pair.new.qualified,
        columns=check.columns,
        arguments=(check.predicate or _body(check.definition),),
    )


def _bound(pair: Match, check: Constraint) -> tuple[Evidence, ...]:
    count = pair.new.rows
    if not count or not check.validated:
        return ()
    chance = f"{min(1.0, 3 / count):.2g}"
    told = f"all {count} satisfy it: the chance that the next write violates it is below {chance}"
    return (fact("rows", told),)


def _dropped(
    case: Case, pair: Match, check: Constraint, predicate: Predicate, now: tuple[Predicate, ...]
) -> Iterable[SchemaFinding]:
    if any(pair.new.column(name) is None for name in check.columns):
        return
    object_ = f"{pair.old.qualified}.{check.name}"
    demand = (fact("the constraint", check.definition),)
    premises = (*now, *_held(case.after, pair.new))
    if all(any(implies(one, part) for one in premises) for part in conjuncts(predicate)):
        yield found(
            34,
            SchemaVerdict.SAFE,
            object_,
            f"The check {check.name} is gone; what is demanded now includes it.",
            evidence=demand,
            loses="",
        )
        return
    question = _question(pair, check)
    answer = case.ask(question)
    readers = tuple(each for name in check.columns for each in reading(case, pair.old, name))
    told = () if answer is None else (counted("rows that would have violated it", answer),)
    verdict, outcome = SchemaVerdict.SAFE, "nothing that the old version does needs it."
    if answer is not None and answer.rows and readers:
        listed = any(isinstance(p, Atom) and p.operator == "in" for p in conjuncts(predicate))
        verdict = SchemaVerdict.BREAKING if listed else SchemaVerdict.ATTENTION
        outcome = "rows violate it, and the old version reads them."
    elif answer is None and readers and not pair.new.empty:
        verdict = SchemaVerdict.ATTENTION
        outcome = "whether rows violate it since is not known, and the old version reads them."
    yield found(
        34,
        verdict,
        object_,
        f"The check {check.name} is gone; {outcome}",
        statements=statements_of(readers) if verdict is not SchemaVerdict.SAFE else (),
        evidence=(*demand, *told),
        loses="" if answer is not None and answer.rows == 0 else None,
    )
