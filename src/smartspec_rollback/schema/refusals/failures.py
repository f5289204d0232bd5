"""Which change of the schema a server's refusal is about.

Called by the rules about trials and runs. Works from SQLSTATE, the names in the message and what
the statement touches; a refusal that cannot be placed is ``statement-fails``, never silence.
"""

import re
from collections.abc import Callable, Mapping

from smartspec_rollback.domain.catalog import Relation, RelationKind, TypeKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import STATEMENT_FAILS
from smartspec_rollback.schema.matching import Fate
from smartspec_rollback.schema.refusals import failing_rows
from smartspec_rollback.schema.refusals.placing import Cause, Refusal, match_of, now_of, retyped

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})
_COLUMN = re.compile(r'\bcolumn (?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^\s"]+))')
_FUNCTION = re.compile(r"\b(?:function|procedure) (?P<name>[\w.\"$]+)\(")
_FATES = {Fate.RENAMED: 9, Fate.MOVED: 11, Fate.BEHIND_VIEW: 10, Fate.VIEW: 10, Fate.KEPT: 8}


def cause(case: Case, statement: Statement, code: str | None, message: str) -> Cause:
    """Find the change behind a refusal."""
    refusal = Refusal(case, statement, code or "", message)
    place = _PLACES.get(refusal.code)
    found = place(refusal) if place is not None else None
    return found or Cause(STATEMENT_FAILS, _subject(refusal))


def _subject(refusal: Refusal) -> str:
    """Name what a refusal nobody can place is about: its first table, or the statement."""
    first = next(refusal.touched(), None)
    return first.qualified if first is not None else f"statement {refusal.statement.id}"


def _column(refusal: Refusal) -> Cause | None:
    match = _COLUMN.search(refusal.message)
    if match is None:
        return None
    named = (match["quoted"] or match["plain"] or "").replace('""', '"')
    bare = named if match["quoted"] else named.rpartition(".")[2]
    table = refusal.after("relation")
    owner = refusal.old_relation(table) if table else _losing(refusal, bare)
    if owner is None or owner.column(bare) is None:
        return None
    if owner.kind in _VIEWS:
        return Cause(36, f"{owner.qualified}.{bare}")
    pair = match_of(refusal.case, owner)
    if pair is not None:
        for was, now in pair.columns.renamed:
            if was.name == bare:
                return Cause(9, f"{owner.qualified}.{bare}", to=now.name)
    return Cause(7, f"{owner.qualified}.{bare}")


def _losing(refusal: Refusal, column: str) -> Relation | None:
    """Find the relation the statement touches that had a column and has it no more."""
    for relation in refusal.touched():
        now = now_of(refusal.case, relation)
        if relation.column(column) is not None and (now is None or now.column(column) is None):
            return relation
    return None


def _table(refusal: Refusal) -> Cause | None:
    named = refusal.after("relation") or refusal.after("table")
    old = refusal.old_relation(named) if named else None
    return _gone(refusal, old) if old is not None else None


def _gone(refusal: Refusal, old: Relation) -> Cause:
    if old.kind in _VIEWS:
        return Cause(36, old.qualified)
    pair = match_of(refusal.case, old)
    if pair is None:
        return Cause(8, old.qualified)
    return Cause(_FATES[pair.fate], old.qualified, to=pair.new.qualified)


def _ambiguous(refusal: Refusal) -> Cause | None:
    column = refusal.names[0] if refusal.names else ""
    for relation in refusal.touched():
        now = now_of(refusal.case, relation)
        added = now.column(column) if now is not None else None
        if added is not None and relation.column(column) is None:
            return Cause(1 if added.nullable else 2, f"{relation.qualified}.{column}")
    return None


def _function(refusal: Refusal) -> Cause | None:
    match = _FUNCTION.search(refusal.message)
    if match is None:  # an operator that does not exist for these types
        return retyped(refusal.case, refusal.statement)
    bare = match["name"].replace('"', "").rpartition(".")[2]
    old = [f for f in refusal.case.before.catalog.functions if f.name == bare]
    signatures = {f.signature for f in refusal.case.after.functions if f.name == bare}
    if lost := [f.signature for f in old if f.signature not in signatures]:
        return Cause(37, lost[0])
    if fresh := sorted(signatures - {f.signature for f in old}):
        return Cause(37, fresh[0])
    return retyped(refusal.case, refusal.statement)


def _arbiter(refusal: Refusal) -> Cause | None:
    for use in refusal.uses:
        old = refusal.case.old.get(use.relation)
        if old is None or use.arbiter is None:
            continue
        wanted = set(use.arbiter)
        for key in old.constraints:
            if (key.name in wanted) if use.arbiter_constraint else (set(key.columns) == wanted):
                primary = set(old.primary_key) == set(key.columns)
                return Cause(44 if primary else 33, f"{old.qualified}.{key.name}")
        for index in old.indexes:
            if index.unique and set(index.columns) == wanted:
                return Cause(33, f"{old.qualified}.{index.name}")
        return Cause(33, old.qualified)
    return None


def _privilege(refusal: Refusal) -> Cause | None:
    match = re.search(
        r"(?:denied for \w+(?: \w+)?|policy .*for table) \"?([\w.$]+)", refusal.message
    )
    if match is not None:
        found = refusal.old_relation(match[1]) or refusal.new_relation(match[1])
        if found is not None:
            return Cause(41, found.qualified)
        return Cause(41, match[1])
    return Cause(41, _subject(refusal))


def _computed(refusal: Refusal) -> Cause | None:
    column = refusal.names[0] if refusal.names else ""
    for relation in refusal.touched():
        now = now_of(refusal.case, relation)
        found = now.column(column) if now is not None else None
        if found is not None and found.generated is not None:
            return Cause(39, f"{relation.qualified}.{column}")
        if found is not None and found.identity == "always":
            return Cause(40, f"{relation.qualified}.{column}")
    return None


def _type(refusal: Refusal) -> Cause | None:
    enum = re.search(r"\benum ([^:]+):", refusal.message)
    if enum is not None and (known := refusal.old_type(enum[1].strip())) is not None:
        return Cause(24, known.qualified)
    return retyped(refusal.case, refusal.statement)


def _named_type(refusal: Refusal) -> Cause | None:
    if refusal.after("constraint") is not None:
        return _arbiter(refusal)
    named = refusal.after("type")
    known = refusal.old_type(named) if named else None
    if known is None:
        return None
    rows = {TypeKind.ENUM: 24, TypeKind.DOMAIN: 45}
    return Cause(rows.get(known.kind, 17), known.qualified)


def _view(refusal: Refusal) -> Cause | None:
    named = refusal.after("view") or next(iter(refusal.names), "")
    old = refusal.old_relation(named) if named else None
    if old is None:
        return None
    return Cause(36 if old.kind in _VIEWS else 10, old.qualified)


def _schema(refusal: Refusal) -> Cause | None:
    named = refusal.after("schema")
    for relation in refusal.touched():
        if relation.schema == named:
            return _gone(refusal, relation)
    return None


def _positions(refusal: Refusal) -> Cause | None:
    """Place "INSERT has more expressions than target columns"."""
    for use in refusal.uses:
        old = refusal.case.old.get(use.relation)
        now = now_of(refusal.case, old) if old is not None else None
        if old is None or now is None or not use.inserts or use.inserted is not None:
            continue
        lost = [c.name for c in old.columns if now.column(c.name) is None]
        return Cause(7, f"{old.qualified}.{lost[0]}") if lost else None
    return None


_PLACES: Mapping[str, Callable[[Refusal], Cause | None]] = {
    "42703": _column,
    "42P01": _table,
    "42702": _ambiguous,
    "42883": _function,
    "42725": _function,
    "42P10": _arbiter,
    "42501": _privilege,
    "428C9": _computed,
    "42804": _type,
    "42846": _type,
    "22P02": _type,
    "42704": _named_type,
    "42809": _view,
    "55000": _view,
    "44000": _view,
    "3F000": _schema,
    "42601": _positions,
    **failing_rows.PLACES,
}
