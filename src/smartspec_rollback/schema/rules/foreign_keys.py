"""Foreign keys added, dropped, or with another action (rows 5, 32, 34).

Called by ``compare``. A foreign key binds two sides: who writes the referring rows, and who deletes
those referred to.
"""

from collections.abc import Iterable, Mapping

from smartspec_rollback.domain.catalog import Constraint, ConstraintKind, Relation
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.defaults import fills_itself
from smartspec_rollback.schema.reading.literals import written
from smartspec_rollback.schema.rules.deletes import Deletes
from smartspec_rollback.schema.rules.unwritten import unwritten
from smartspec_rollback.schema.workload.using import statements_of, writing

_FOLLOWING = frozenset({"cascade", "set null", "set default"})
_Identity = tuple[tuple[str, ...], str | None, tuple[str, ...]]


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge the foreign keys of every table, new tables included."""
    deletes = Deletes(case)
    names = case.matching.names
    for pair in case.matching.matches:
        old = {_identity(each, names): each for each in _keys(pair.old)}
        new = {_identity(each, {}): each for each in _keys(pair.new)}
        for identity, key in new.items():
            before = old.get(identity)
            if before is None and pair.fate in {Fate.KEPT, Fate.BEHIND_VIEW}:
                yield _added(case, pair, key)
            if before is None or before.on_delete != key.on_delete:
                yield from deletes.judge(pair.new, key, pair, before)
        for identity, key in old.items():
            if identity not in new and pair.fate in {Fate.KEPT, Fate.BEHIND_VIEW}:
                yield from _dropped(case, pair, key, names)
    for relation in case.matching.added:
        for key in _keys(relation):
            yield from deletes.judge(relation, key, None, None)


def _keys(relation: Relation) -> tuple[Constraint, ...]:
    return tuple(c for c in relation.constraints if c.kind is ConstraintKind.FOREIGN_KEY)


def _identity(key: Constraint, names: Mapping[str, str]) -> _Identity:
    """Tell what makes a foreign key the same one, whatever it is called and does on deletes."""
    target = names.get(key.references or "", key.references)
    return key.columns, target, key.referenced_columns


def _added(case: Case, pair: Match, key: Constraint) -> SchemaFinding:
    object_ = f"{pair.old.qualified}.{key.name}"
    writers = tuple(
        (statement, use)
        for statement, use in writing(case, pair.old, key.columns)
        if not _null(statement, use, pair, key)
    )
    of = (fact("the constraint", key.definition),)
    if writers:
        orphans, told = _orphans(case, pair, key)
        return found(
            32,
            SchemaVerdict.BREAKING if orphans else SchemaVerdict.ATTENTION,
            object_,
            f"The new foreign key {key.name} refuses values that {key.references} does not have, "
            f"and the old version writes {', '.join(key.columns)}.",
            statements=statements_of(writers),
            evidence=(*of, *told, *_bound(pair, key)),
        )
    return unwritten(case, pair, 32, ("foreign key", key.name), of)


def _null(statement: Statement, use: Use, pair: Match, key: Constraint) -> bool:
    """Tell whether a statement leaves a column of the key NULL, so that it refers to nothing."""
    for name in key.columns:
        values = written(statement, use, name)
        column = pair.new.column(name)
        if values == (None,):
            return True
        left_out = use.inserts and use.inserted is not None and name not in use.inserted
        if left_out and name not in use.updated and column is not None and not fills_itself(column):
            return True
    return False


def _orphans(case: Case, pair: Match, key: Constraint) -> tuple[bool, tuple[Evidence, ...]]:
    """Ask how many rows violate a key that was not tried on the rows there are."""
    if key.validated or pair.new.empty or key.references is None:
        return False, ()
    answer = case.ask(_question(pair, key, key.references))
    if answer is None:
        return False, (fact("rows", "the key was not tried on them (NOT VALID)"),)
    return bool(answer.rows), (counted("rows that violate it", answer),)


def _question(pair: Match, key: Constraint, target: str) -> Question:
    return Question(
        kind=QuestionKind.ORPHANS,
        relation=pair.new.qualified,
        columns=key.columns,
        arguments=(target, *key.referenced_columns),
    )


def _bound(pair: Match, key: Constraint) -> tuple[Evidence, ...]:
    count = pair.new.rows
    if not count or not key.validated:
        return ()
    chance = f"{min(1.0, 3 / count):.2g}"
    told = f"all {count} satisfy it: the chance that the next write violates it is below {chance}"
    return (fact("rows", told),)


def _dropped(
    case: Case, pair: Match, key: Constraint, names: Mapping[str, str]
) -> Iterable[SchemaFinding]:
    """Judge a foreign key that is gone: orphans, and deletes that no longer follow."""
    target = names.get(key.references or "", key.references or "")
    if any(pair.new.column(name) is None for name in key.columns):
        return
    object_ = f"{pair.old.qualified}.{key.name}"
    of = (fact("the constraint", key.definition),)
    followed = (
        tuple(each for each in case.uses(key.references or "") if each[1].deletes)
        if key.on_delete in _FOLLOWING
        else ()
    )
    if followed:
        yield found(
            34,
            SchemaVerdict.ATTENTION,
            object_,
            f"The foreign key {key.name} is gone: rows of {pair.old.qualified} stay when the old "
            f"version deletes what they refer to.",
            statements=statements_of(followed),
            evidence=of,
        )
        return
    question = _question(pair, key, target)
    asked = target in case.new and not pair.new.empty and bool(key.referenced_columns)
    answer = case.ask(question) if asked else None
    used = case.uses(pair.old.qualified)
    verdict, outcome = SchemaVerdict.SAFE, "nothing that the old version does needs it."
    if answer is not None and answer.rows and used:
        verdict, outcome = SchemaVerdict.ATTENTION, "rows refer to nothing now."
    elif answer is None and question in case.answers and used:
        verdict = SchemaVerdict.ATTENTION
        outcome = f"whether rows violate it is not known ({case.answers[question].reason})."
    told = () if answer is None else (counted("rows that would have violated it", answer),)
    yield found(
        34,
        verdict,
        object_,
        f"The foreign key {key.name} is gone; {outcome}",
        statements=statements_of(used) if verdict is not SchemaVerdict.SAFE else (),
        evidence=(*of, *told),
        loses="" if answer is not None and answer.rows == 0 else None,
    )
