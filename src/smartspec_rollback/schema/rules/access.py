"""Privileges taken away, and rows hidden by row-level security (row 41).

Called by ``compare``. Compiling does not ask for every privilege, and scratch copies may be made as
a superuser: so privileges are compared by what the schemas say, whatever compiled.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Function, Relation, Sequence
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes.guards import grant, grant_on
from smartspec_rollback.schema.fixes.quoting import name
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.access import granted, may, roles, unbound
from smartspec_rollback.schema.workload.running import calling
from smartspec_rollback.schema.workload.using import (
    Used,
    as_caller,
    omitting,
    silence,
    statements_of,
    writing_it,
)

Need = tuple[str, str | None]
"""A privilege, and the column it is needed for; None: any."""


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every privilege the old version's role had and has no more."""
    if unbound(case, new=True) and case.before.catalog.role is not None:
        return
    yield from _schemas(case)
    for old, new in case.pairs():
        if old.extension is None:
            yield from _relation(case, old, new)
    now = {each.signature: each for each in case.after.functions}
    for function in case.before.catalog.functions:
        if (after := now.get(function.signature)) is not None:
            yield from _function(case, function, after)
    sequences = {each.qualified: each for each in case.after.sequences}
    for sequence in case.before.catalog.sequences:
        if (later := sequences.get(sequence.qualified)) is not None:
            yield from _sequence(case, sequence, later)


def needs(relation: Relation, use: Use) -> frozenset[Need]:
    """List the privileges one use of a relation takes."""
    every = tuple(c.name for c in relation.columns)
    read = {*use.reads, *use.returns, *(every if use.star else ())}
    wanted: set[Need] = {("SELECT", each) for each in read}
    if use.inserts:
        given = every if use.inserted is None else use.inserted
        wanted |= {("INSERT", each) for each in given} or {("INSERT", None)}
    wanted |= {("UPDATE", each) for each in use.updated}
    if use.deletes:
        wanted.add(("DELETE", None))
    return frozenset(wanted) or frozenset({("SELECT", None)})


def _schemas(case: Case) -> Iterator[SchemaFinding]:
    """Judge schemas whose objects the role may not touch any more."""
    before = case.before.catalog
    for schema in case.after.closed:
        if schema in before.closed or schema not in before.schemas:
            continue
        used = tuple(
            each
            for relation in before.relations
            if relation.schema == schema
            for each in case.uses(relation.qualified)
        )
        verdict = SchemaVerdict.BREAKING if used else case.unused
        yield found(
            41,
            verdict,
            schema,
            f"The role {case.after.role} may not use the schema {schema} any more"
            + (", and the old version does." if used else "."),
            statements=statements_of(used),
            fix=f"GRANT USAGE ON SCHEMA {name(case.after.kind, schema)} TO "
            f"{name(case.after.kind, case.after.role or 'PUBLIC')};",
        )


def _relation(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    if not old.grants and not new.grants and old.owner == new.owner:
        return
    if case.before.catalog.role is None:
        yield from _somebody(case, old, new)
        return
    lost: dict[Need, Used] = {}
    for each, wanted in (
        *((each, needs(old, each[1])) for each in case.uses(old.qualified)),
        *((each, _beneath(each[1])) for each in _as_themselves(case, old)),
    ):
        for privilege, column in wanted:
            if column is not None and new.column(column) is None:
                continue
            if _lost(case, old, new, privilege, column):
                lost[privilege, column] = (*lost.get((privilege, column), ()), each)
    if lost:
        yield _locked_out(case, new, lost)
    elif any(_lost(case, old, new, each, None) for each in _PRIVILEGES):
        reads = _lost(case, old, new, "SELECT", None)
        minding = as_caller if reads else _writing_as_caller
        verdict, hidden, why = silence(case, old, minding=minding)
        yield found(
            41,
            verdict,
            old.qualified,
            f"Privileges on {old.qualified} were taken from the old version's role; no known "
            "statement needs them.",
            statements=hidden,
            evidence=why,
        )


def _as_themselves(case: Case, relation: Relation) -> Used:
    """List the uses of views that ask for the caller's own privileges on ``relation``."""
    return tuple(
        each
        for view in case.views_over.get(relation.qualified, ())
        if any(option.lower() in _INVOKER for option in view.options)
        for each in case.uses(view.qualified)
    )


def _beneath(use: Use) -> frozenset[Need]:
    """List what a use of such a view takes on its tables, whichever columns these are."""
    asked = {
        "SELECT": bool(use.reads or use.returns or use.star) or not use.writes,
        "INSERT": use.inserts,
        "UPDATE": bool(use.updated),
        "DELETE": use.deletes,
    }
    return frozenset((privilege, None) for privilege, needed in asked.items() if needed)


_INVOKER = frozenset(f"security_invoker={yes}" for yes in ("true", "on", "yes", "1"))
_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")


def _lost(case: Case, old: Relation, new: Relation, privilege: str, column: str | None) -> bool:
    had = may(case, old, privilege, column, new=False)
    return had and not may(case, new, privilege, column, new=True)


def _locked_out(case: Case, new: Relation, lost: dict[Need, Used]) -> SchemaFinding:
    role = case.before.catalog.role or "public"
    privileges = sorted({privilege for privilege, _ in lost})
    return found(
        41,
        SchemaVerdict.BREAKING,
        new.qualified,
        f"The role {role} of the old version may no longer {', '.join(privileges)} on "
        f"{new.qualified}.",
        statements=statements_of(each for used in lost.values() for each in used),
        evidence=(fact("owner", new.owner or "not recorded"),),
        fix="\n".join(grant(case.after.kind, new, each, role) for each in privileges),
    )


def _writing_as_caller(function: Function, relation: Relation) -> bool:
    return as_caller(function, relation) and writing_it(function, relation)


def _somebody(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    """Judge privileges that went where the application's role is not known."""
    held = {(g.grantee, g.privilege, g.column) for g in old.grants}
    gone = sorted(held - {(g.grantee, g.privilege, g.column) for g in new.grants})
    if not gone:
        return
    used = case.uses(old.qualified)
    yield found(
        41,
        SchemaVerdict.ATTENTION if used else silence(case, old)[0],
        old.qualified,
        f"Privileges on {old.qualified} were taken away; as which role the old version connects "
        "was not recorded.",
        statements=statements_of(used),
        evidence=tuple(fact("taken away", f"{p} from {who}") for who, p, _ in gone[:5]),
    )


def _function(case: Case, old: Function, new: Function) -> Iterator[SchemaFinding]:
    if not old.grants or case.before.catalog.role is None:
        return
    had = granted(old.grants, "EXECUTE", roles(case, new=False))
    if not had or granted(new.grants, "EXECUTE", roles(case, new=True)):
        return
    role = case.before.catalog.role
    callers = calling(case, old)
    kind = case.after.kind
    spelled = f"{name(kind, new.schema)}.{name(kind, new.name)}({', '.join(new.arguments)})"
    what = "PROCEDURE" if new.kind == "procedure" else "FUNCTION"
    yield found(
        41,
        SchemaVerdict.BREAKING if callers else case.unused,
        new.signature,
        f"The role {role} of the old version may no longer call {new.signature}.",
        statements=callers,
        fix=grant_on(kind, what, spelled, "execute", role) if callers else "",
    )


def _sequence(case: Case, old: Sequence, new: Sequence) -> Iterator[SchemaFinding]:
    """Judge a sequence that a default takes numbers from; an identity's needs no privilege."""
    if not old.grants or new.identity or case.before.catalog.role is None:
        return
    had = _usable(case, old, new=False)
    if not had or _usable(case, new, new=True):
        return
    omitted = (
        each
        for relation in case.before.catalog.relations
        for column in relation.columns
        if old.name in (column.default or "")
        for each in omitting(case, relation, column.name)
    )
    naming = (s for s in case.statements if old.name.lower() in words(s.text))
    used = (*statements_of(omitted), *naming)
    kind, role = case.after.kind, case.before.catalog.role
    spelled = f"{name(kind, new.schema)}.{name(kind, new.name)}"
    yield found(
        41,
        SchemaVerdict.BREAKING if used else case.unused,
        new.qualified,
        f"The role {role} of the old version may no longer take numbers from {new.qualified}.",
        statements=used,
        fix=grant_on(kind, "SEQUENCE", spelled, "usage", role) if used else "",
    )


def _usable(case: Case, sequence: Sequence, *, new: bool) -> bool:
    mine = roles(case, new=new)
    return unbound(case, new=new) or any(
        granted(sequence.grants, each, mine) for each in ("USAGE", "UPDATE")
    )
