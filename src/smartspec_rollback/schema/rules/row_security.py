"""Rows hidden or refused by row-level security (row 41).

Called by ``compare``. A policy's expression is never evaluated: ``true`` lets every row through,
any other may hide some.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Policy, Relation
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes.guards import open_policy
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.rules.access import needs
from smartspec_rollback.schema.workload.access import roles, unbound
from smartspec_rollback.schema.workload.using import (
    Used,
    as_caller,
    silence,
    statements_of,
    through_views,
)


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every table whose rows are hidden from the old version in another way than before."""
    for pair in case.matching.matches:
        before, after = _bound(case, pair.old, new=False), _bound(case, pair.new, new=True)
        if after and not before:
            yield _hidden(case, pair.old, pair.new)
        elif before and not after:
            yield _shown(case, pair.old)
        elif before and after and pair.old.policies != pair.new.policies:
            yield from _policies(case, pair.old, pair.new)


def _bound(case: Case, relation: Relation, *, new: bool) -> bool:
    """Tell whether row-level security holds for the old version's role."""
    if not relation.row_security or (
        case.before.catalog.role is not None and unbound(case, new=new)
    ):
        return False
    return relation.force_row_security or relation.owner not in roles(case, new=new)


def _hidden(case: Case, old: Relation, new: Relation) -> SchemaFinding:
    said = f"Row-level security is on for {old.qualified} now"
    used = _used(case, old)
    role = case.before.catalog.role
    limited = tuple(each for each in used if not _all_open(case, old, new, each[1]))
    if not limited:
        if used:
            return found(
                41,
                SchemaVerdict.SAFE,
                old.qualified,
                f"{said}, with policies that let every row through.",
                statements=statements_of(used),
            )
        return _quiet(case, old, said)
    return found(
        41,
        SchemaVerdict.ATTENTION if role is None else SchemaVerdict.BREAKING,
        old.qualified,
        f"{said}, and hides or refuses rows of the old version"
        + (" unless its role is exempt." if role is None else "."),
        statements=statements_of(limited),
        evidence=_evidence(new) or (fact("policies", "none: no row is visible"),),
        fix=open_policy(case.after.kind, new, role) if role is not None else "",
    )


def _shown(case: Case, old: Relation) -> SchemaFinding:
    said = f"Row-level security no longer holds for {old.qualified}"
    used = _used(case, old)
    if not used:
        return _quiet(case, old, said)
    return found(
        41,
        SchemaVerdict.ATTENTION,
        old.qualified,
        f"{said}: the old version sees rows that were hidden from it.",
        statements=statements_of(used),
    )


def _policies(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    said = f"The policies of {old.qualified} are other ones"
    used = _used(case, old)
    limited = tuple(each for each in used if not _all_open(case, old, new, each[1]))
    if not used:
        yield _quiet(case, old, said)
        return
    shut = tuple(
        each
        for each in limited
        if any(
            not _shut(case, old, c, new=False) and _shut(case, new, c, new=True)
            for c in _commands(old, each[1])
        )
    )
    role = case.before.catalog.role
    if shut and role is not None:
        yield found(
            41,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"{said}: no row is left to the old version.",
            statements=statements_of(shut),
            evidence=_evidence(new),
            fix=open_policy(case.after.kind, new, role),
        )
        return
    yield found(
        41,
        SchemaVerdict.ATTENTION if limited else SchemaVerdict.SAFE,
        old.qualified,
        f"{said}; the old version may find other rows.",
        statements=statements_of(limited or used),
        evidence=_evidence(new),
    )


def _used(case: Case, relation: Relation) -> Used:
    return (*case.uses(relation.qualified), *through_views(case, relation))


def _commands(relation: Relation, use: Use) -> frozenset[str]:
    return frozenset(privilege.lower() for privilege, _ in needs(relation, use))


def _all_open(case: Case, old: Relation, new: Relation, use: Use) -> bool:
    return all(_open(case, new, command, new=True) for command in _commands(old, use))


def _open(case: Case, relation: Relation, command: str, *, new: bool) -> bool:
    """Tell whether every row gets through for a command."""
    mine = _of(case, relation, command, new=new)
    return any(p.permissive and _lets_all(p, command) for p in mine) and all(
        p.permissive or _lets_all(p, command) for p in mine
    )


def _shut(case: Case, relation: Relation, command: str, *, new: bool) -> bool:
    return not any(p.permissive for p in _of(case, relation, command, new=new))


def _of(case: Case, relation: Relation, command: str, *, new: bool) -> tuple[Policy, ...]:
    mine = roles(case, new=new) | {"public"}
    return tuple(
        p
        for p in relation.policies
        if p.command.lower() in {command, "all", "*"} and not mine.isdisjoint(p.roles)
    )


def _lets_all(policy: Policy, command: str) -> bool:
    """Tell whether a policy is ``true`` for what a command needs of it."""
    using = policy.using if command != "insert" else "true"
    check = policy.check if policy.check is not None else policy.using
    wanted = (using,) if command in {"select", "delete"} else (using, check)
    return all((each or "").strip("() ").lower() == "true" for each in wanted)


def _evidence(relation: Relation) -> tuple[Evidence, ...]:
    return tuple(
        fact("policy", f"{p.name} for {p.command} to {', '.join(p.roles)}: {p.using or p.check}")
        for p in relation.policies[:5]
    )


def _quiet(case: Case, relation: Relation, said: str) -> SchemaFinding:
    verdict, hidden, why = silence(case, relation, minding=as_caller)
    return found(
        41,
        verdict,
        relation.qualified,
        f"{said}; no known statement of the old version uses it.",
        statements=hidden,
        evidence=why,
    )
