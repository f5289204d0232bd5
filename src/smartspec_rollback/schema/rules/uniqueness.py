"""Keys added, dropped or renamed: UNIQUE, EXCLUDE, primary keys, unique indexes (31, 33, 44).

Called by ``compare``. A key that ON CONFLICT names is needed to compile; every other is about
values.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import NULLS_ALIKE, Question, QuestionKind
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.defaults import varies
from smartspec_rollback.schema.reading.keys import Key, keys
from smartspec_rollback.schema.reading.predicates import Truth, truth
from smartspec_rollback.schema.reading.rows import rows
from smartspec_rollback.schema.rules.unwritten import unwritten
from smartspec_rollback.schema.workload.using import (
    Used,
    silence,
    statements_of,
    still_failing,
    writing,
)


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge the keys of every table both schemas have."""
    for pair in case.matching.matches:
        if pair.fate not in {Fate.KEPT, Fate.BEHIND_VIEW}:
            continue
        old, new = keys(pair.old), keys(pair.new)
        before, after = {k.identity for k in old}, {k.identity for k in new}
        yield from _deferring(case, pair, old, new)
        for key in new:
            if key.identity not in before:
                yield _added(case, pair, key, old)
        for key in old:
            if key.identity not in after:
                yield from _dropped(case, pair, key, new)
            else:
                yield from _renamed(case, pair, key, new)


def _added(case: Case, pair: Match, key: Key, old: tuple[Key, ...]) -> SchemaFinding:
    object_ = f"{pair.old.qualified}.{key.name}"
    code = 44 if key.primary and any(each.primary for each in old) else 31
    of = (fact("the key", key.text),)
    if (already := next((k for k in old if k.keeps_apart(key)), None)) is not None:
        return found(
            code,
            SchemaVerdict.SAFE,
            object_,
            f"The new key {key.name} refuses nothing that {already.name} did not refuse before.",
            evidence=of,
            loses="",
        )
    writers = tuple(
        each
        for each in writing(case, pair.old, key.columns or [c.name for c in pair.old.columns])
        if not _apart(each[0], each[1], pair, key)
    )
    colliding = tuple(each for each in writers if _always_same(each[1], pair, key))
    if colliding:
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"Every row the old version inserts has the same value in the new key {key.name}.",
            statements=statements_of(colliding),
            evidence=of,
        )
    if writers:
        return found(
            code,
            SchemaVerdict.ATTENTION,
            object_,
            f"The new key {key.name} refuses rows that are alike in {', '.join(key.columns)}; the "
            "old version did not have to avoid them.",
            statements=statements_of(writers),
            evidence=of,
        )
    return unwritten(case, pair, code, ("key", key.name), of)


def _apart(statement: Statement, use: Use, pair: Match, key: Key) -> bool:
    """Tell whether the rows a statement writes can collide with no other in ``key``."""
    left_out = [
        column
        for name in key.columns
        if use.inserts
        and use.inserted is not None
        and name not in use.inserted
        and (column := pair.new.column(name)) is not None
    ]
    if set(key.columns) & set(use.updated):
        left_out = []
    if any(varies(column) for column in left_out):
        return True
    condition = key.condition
    wanted = tuple(c.name for c in pair.new.columns)
    possible = rows(statement, use, pair.new, wanted)
    if possible is None:
        return False
    found_rows = tuple(possible)
    if condition is not None and all(
        truth(condition, row) in {Truth.NO, Truth.NULL} for row in found_rows
    ):
        return True
    return not key.nulls_equal and all(
        any(name in row and row[name] is None for name in key.columns) for row in found_rows
    )


def _always_same(use: Use, pair: Match, key: Key) -> bool:
    """Tell whether an insert leaves the whole key to defaults, which are constants."""
    if not key.plain or use.arbiter is not None or use.inserted is None or not use.inserts:
        return False
    return all(
        name not in use.inserted
        and (column := pair.new.column(name)) is not None
        and not varies(column)
        for name in key.columns
    )


def _needing(case: Case, pair: Match, key: Key) -> Used:
    """List the statements whose ON CONFLICT names ``key``."""
    return tuple(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if use.arbiter is not None
        and (
            use.arbiter == (key.name,)
            if use.arbiter_constraint
            else tuple(sorted(use.arbiter)) == key.columns
        )
    )


def _dropped(case: Case, pair: Match, key: Key, new: tuple[Key, ...]) -> Iterable[SchemaFinding]:
    object_ = f"{pair.old.qualified}.{key.name}"
    code = 44 if key.primary else 33
    needing = still_failing(case, _needing(case, pair, key))
    if any(each.plain and each.columns == key.columns for each in new):
        needing = tuple(each for each in needing if each[1].arbiter_constraint)
    if needing:
        yield found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"The key {key.name} is gone, and ON CONFLICT of the old version needs it.",
            statements=statements_of(needing),
        )
        return
    if any(pair.new.column(name) is None for name in key.columns):
        return
    if any(each.keeps_apart(key) for each in new):
        yield found(
            code,
            SchemaVerdict.SAFE,
            object_,
            f"The key {key.name} is gone; another one keeps its rows apart.",
            loses="",
        )
        return
    yield _loosened(case, pair, key, code)


def _deferring(
    case: Case, pair: Match, old: tuple[Key, ...], new: tuple[Key, ...]
) -> Iterable[SchemaFinding]:
    """Judge keys checked at another time: ON CONFLICT compiles, yet takes no deferrable key."""
    for key in old:
        alike = [each for each in new if each.identity == key.identity]
        if not alike or any(each.deferrable == key.deferrable for each in alike):
            continue
        object_ = f"{pair.old.qualified}.{key.name}"
        code = 44 if key.primary else 33
        if key.deferrable:
            said, verdict = "is checked row by row now", SchemaVerdict.ATTENTION
            moving = case.touching(pair.old)
            used = tuple(each for each in moving if set(key.columns) & set(each[1].updated))
        else:
            said, verdict = "is deferrable now", SchemaVerdict.BREAKING
            used = _needing(case, pair, key)
        if used:
            yield found(
                code,
                verdict,
                object_,
                f"The key {key.name} {said}, which statements of the old version cannot do with.",
                statements=statements_of(used),
                loses="",
            )


def _loosened(case: Case, pair: Match, key: Key, code: int) -> SchemaFinding:
    """Judge a key that nothing stands for any more, by the duplicates there are."""
    object_ = f"{pair.old.qualified}.{key.name}"
    question = Question(
        kind=QuestionKind.DUPLICATES,
        relation=pair.new.qualified,
        columns=key.columns,
        arguments=(NULLS_ALIKE,) if key.nulls_equal else (),
    )
    # Of a partial key all rows are counted: without duplicates among them, it has none either.
    answer = case.ask(question) if key.countable and not pair.new.empty else None
    looking = tuple(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if key.columns and set(key.columns) <= {*use.reads, *use.returns}
    )
    verdict, outcome = SchemaVerdict.SAFE, "the old version does not rely on it."
    if answer is not None and answer.rows and case.uses(pair.old.qualified):
        verdict, outcome = SchemaVerdict.ATTENTION, "there are duplicates that it never met."
    elif answer is None and not pair.new.empty and looking and not key.primary:
        verdict = SchemaVerdict.ATTENTION
        outcome = "the old version looks rows up by it, and may find several."
    elif answer is None and not looking:
        verdict = SchemaVerdict.SAFE if key.primary else silence(case, pair.old)[0]
        if verdict is SchemaVerdict.UNKNOWN:
            outcome = "whether the old version relies on it is not known."
    return found(
        code,
        verdict,
        object_,
        f"The key {key.name} is gone; {outcome}",
        statements=statements_of(looking) if verdict is not SchemaVerdict.SAFE else (),
        evidence=() if answer is None else (counted("duplicates", answer),),
        loses="" if answer is not None and answer.rows == 0 else None,
    )


def _renamed(case: Case, pair: Match, key: Key, new: tuple[Key, ...]) -> Iterable[SchemaFinding]:
    """Report a key with another name only where ON CONFLICT ON CONSTRAINT says the old one."""
    if any(each.name == key.name for each in new):
        return
    needing = tuple(e for e in _needing(case, pair, key) if e[1].arbiter_constraint)
    if failing := still_failing(case, needing):
        yield found(
            44 if key.primary else 33,
            SchemaVerdict.BREAKING,
            f"{pair.old.qualified}.{key.name}",
            f"The constraint {key.name} has another name now, and ON CONFLICT of the old version "
            "says the old one.",
            statements=statements_of(failing),
            loses="",
        )
