"""Which change a refused row is about: constraints, lengths, triggers, partitions.

Called by ``failures``. A constraint the old schema has too is no change: then it is the values.
"""

import re
from collections.abc import Callable, Mapping

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.schema.reading.defaults import fills_itself
from smartspec_rollback.schema.refusals.placing import Cause, Refusal, now_of, retyped


def _old_of(refusal: Refusal, new: Relation) -> Relation | None:
    """Return what a new relation was."""
    for match in refusal.case.matching.matches:
        if match.new.qualified == new.qualified:
            return match.old
    return refusal.case.old.get(new.qualified)


def _guard(refusal: Refusal, row: int, table: str | None, guard: str | None) -> Cause | None:
    """Place a constraint or unique index of the new schema by its name."""
    tables = [refusal.new_relation(table)] if table else []
    tables += [now_of(refusal.case, each) for each in refusal.touched()]
    tables += refusal.case.after.relations if guard else ()
    for new in tables:
        if new is None:
            continue
        held = {c.name: c.definition for c in new.constraints}
        held |= {i.name: i.definition for i in new.indexes if i.name not in held}
        if guard not in held:
            continue
        old = _old_of(refusal, new)
        known = {c.name: c.definition for c in old.constraints} if old else {}
        known |= {i.name: i.definition for i in old.indexes if i.name not in known} if old else {}
        return Cause(
            row,
            f"{(old or new).qualified}.{guard}",
            changed=known.get(guard) != held[guard],
        )
    return None


def _null(refusal: Refusal) -> Cause | None:
    if domain := _domain(refusal):
        return domain
    column, table = refusal.after("column"), refusal.after("relation")
    new = refusal.new_relation(table) if table else None
    old = _old_of(refusal, new) if new is not None else None
    if column is None or new is None or old is None:
        return None
    was, now = old.column(column), new.column(column)
    object_ = f"{old.qualified}.{column}"
    if was is None:
        return Cause(3, object_)
    if not was.nullable and now is not None and fills_itself(was) and not fills_itself(now):
        return Cause(28, object_)
    return Cause(25, object_, changed=was.nullable)


def _domain(refusal: Refusal) -> Cause | None:
    found = re.search(r"\bdomain ([\w.\"$]+)", refusal.message)
    known = refusal.old_type(found[1]) if found else None
    if known is None:
        return None
    now = next((t for t in refusal.case.after.types if t.qualified == known.qualified), None)
    return Cause(45, known.qualified, changed=now is None or now != known)


def _check(refusal: Refusal) -> Cause | None:
    if domain := _domain(refusal):
        return domain
    table = refusal.after("relation")
    if "partition" in refusal.message and table is not None:
        new = refusal.new_relation(table)
        old = _old_of(refusal, new) if new is not None else None
        return Cause(43, (old or new).qualified) if new is not None and (old or new) else None
    return _guard(refusal, 30, table, refusal.after("constraint"))


def _unique(refusal: Refusal) -> Cause | None:
    return _guard(refusal, 31, None, refusal.after("constraint"))


def _foreign(refusal: Refusal) -> Cause | None:
    constraint = refusal.after("constraint")
    if referring := re.search(
        r'constraint "(?:[^"]|"")+" on table "((?:[^"]|"")+)"', refusal.message
    ):
        return _guard(refusal, 5, referring[1].replace('""', '"'), constraint)
    return _guard(refusal, 32, refusal.after("table"), constraint)


def _trigger(refusal: Refusal) -> Cause | None:
    """Place what a function raised: at the first trigger that is not as it was."""
    was = {f.qualified: f.definition for f in refusal.case.before.catalog.functions}
    now = {f.qualified: f.definition for f in refusal.case.after.functions}
    for use in refusal.uses:
        old = refusal.case.old.get(use.relation)
        new = now_of(refusal.case, old) if old is not None else None
        if old is None or new is None:
            continue
        held = {t.name: t for t in old.triggers}
        for trigger in new.triggers:
            same = held.get(trigger.name) == trigger
            function = trigger.function or ""
            if trigger.enabled and not (same and was.get(function) == now.get(function)):
                return Cause(38, f"{old.qualified}.{trigger.name}")
    return None


def _size(refusal: Refusal) -> Cause | None:
    return retyped(refusal.case, refusal.statement)


PLACES: Mapping[str, Callable[[Refusal], Cause | None]] = {
    "23502": _null,
    "23514": _check,
    "23505": _unique,
    "23P01": _unique,
    "23503": _foreign,
    "23001": _foreign,
    "P0001": _trigger,
    "22001": _size,
    "22003": _size,
    "22P03": _size,
}
