"""Changes that no rule said anything about: the net under all of them.

Called by ``compare``. A difference nobody described must not pass for safe because a rule is
missing, so it is unknown wherever the old version gets to what differs, by whatever way.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import DefinedType, Function, Relation
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import NOT_COMPARABLE
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reach import Kind, parents
from smartspec_rollback.schema.reading.defaults import given
from smartspec_rollback.schema.reading.keys import keys
from smartspec_rollback.schema.reading.references import DEMANDING, demanded
from smartspec_rollback.schema.reading.sqltypes import type_in
from smartspec_rollback.schema.reading.type_changes import change

_SHOWN = 5
_ACCESS = "access-restricted"
"""Who may use an object tells nothing of what it is, but of what guards it."""
_ROWS = "rows-deleted"
"""That nobody misses rows tells nothing of the table they were in."""
_GUARDS = frozenset({"the policy", "its row security"})
_THERE = "whether there is a column"
Part = tuple[str, str, Hashable]
"""A part of a relation: what it is, its own name if it has one, and what makes it the same."""


def leftover(case: Case, findings: Iterable[SchemaFinding]) -> Iterator[SchemaFinding]:
    """Report what both schemas have and is not the same, though no finding names it."""
    every = tuple(findings)
    said = frozenset(
        each.object
        for each in every
        if each.code != _ACCESS and not (each.code == _ROWS and each.verdict is SchemaVerdict.SAFE)
    )
    guarded = frozenset(each.object for each in every if each.code == _ACCESS)
    yield from _relations(case, said, guarded)
    yield from _functions(case, said)
    yield from _types(case, said)
    yield from _others(case)


def _relations(
    case: Case, said: frozenset[str], guarded: frozenset[str]
) -> Iterator[SchemaFinding]:
    for old, new in case.pairs():
        if old.qualified in said:
            continue
        parts = _differing(case, old, new)
        differing = [
            f"{what} {name}".rstrip()
            for what, name, _ in parts - _inherited(case, old, parts)
            if not (_judged(case, old, what) or _told(f"{old.qualified}.{name}", said))
            and not (what in _GUARDS and old.qualified in guarded)
        ]
        if differing:
            yield from _unjudged(
                case, old.qualified, differing, case.reach.to_relation(old.qualified)
            )


def _judged(case: Case, old: Relation, what: str) -> bool:
    """Tell whether a rule looks at every difference of this sort."""
    return what == _THERE and (old.definition is not None or old.qualified in case.matching.names)


def _told(name: str, said: frozenset[str]) -> bool:
    return name in said or any(each.startswith(f"{name}.") for each in said)


def _differing(case: Case, old: Relation, new: Relation) -> frozenset[Part]:
    """List the parts one of two relations has and the other has not."""
    kept = replace(
        old,
        # What demanded something of a column that is gone went with it.
        constraints=tuple(c for c in old.constraints if all(map(new.column, c.columns))),
    )
    before = {(what, same): name for what, name, same in _parts(kept, case.matching.names)}
    after = {(what, same): name for what, name, same in _parts(new, {})}
    either = before | after
    unequal = ((what, either[what, same], same) for what, same in before.keys() ^ after.keys())
    return frozenset((*unequal, *_columns(case, old, new)))


def _inherited(case: Case, old: Relation, parts: frozenset[Part]) -> frozenset[Part]:
    """Take of ``parts`` those that differ in what a relation is a part or a child of as well."""
    if not parents(old):
        return frozenset()
    above = {
        (what, same)
        for before in case.ancestors(old)
        if (after := case.new.get(before.qualified)) is not None
        for what, _, same in _differing(case, before, after)
    }
    return frozenset(
        part
        for part in parts
        # Which parts a table has is judged with the whole.
        if (part[0], part[2]) in above or part[0] == "its place among partitions"
    )


def _columns(case: Case, old: Relation, new: Relation) -> Iterator[Part]:
    """List the columns that differ."""
    view = old.definition is not None
    for name in dict.fromkeys(c.name for c in (*old.columns, *new.columns)):
        was, now = old.column(name), new.column(name)
        if was is None or now is None:
            yield _THERE, name, f"{name} {'gone' if now is None else 'new'}"
            continue
        if (
            (was.nullable, given(was)) != (now.nullable, given(now))
            or (not view and was.own_collation != now.own_collation)
            or change(type_in(case.before.catalog, was.type), type_in(case.after, now.type))
        ):
            yield "the column", name, (name, now.type, now.nullable, given(now))


def _parts(relation: Relation, names: Mapping[str, str]) -> Iterator[Part]:
    """Take what of a relation the old version can notice, spelled so that equals are equal.

    ``names`` are the later names of tables that foreign keys refer to. What an object of the
    relation is called belongs to it only where statements can say that name.
    """
    for constraint in relation.constraints:
        if constraint.kind in DEMANDING:
            yield "the constraint", constraint.name, demanded(constraint, names)
    for key in keys(relation):
        yield "the key", key.name, key.identity
    for trigger in relation.triggers:
        same = (trigger.name, trigger.function, frozenset(trigger.events), trigger.enabled)
        yield "the trigger", trigger.name, (*same, _without(relation, trigger.definition))
    for policy in relation.policies:
        yield "the policy", policy.name, policy
    yield "its kind", "", relation.kind
    yield "its row security", "", (relation.row_security, relation.force_row_security)
    yield "its definition", "", " ".join((relation.definition or "").split())
    yield "its rules", "", frozenset(relation.rules)
    yield "its place among partitions", "", (relation.partition_of, relation.partition_bound)
    yield "its partition key", "", relation.partition_key
    yield "its parents", "", frozenset(relation.inherits)
    yield "its options", "", frozenset(relation.options)


def _without(relation: Relation, definition: str) -> str:
    """Take a trigger's definition without the table it is on: partitions have their parent's."""
    bare = definition.replace('"', "").replace(f"{relation.schema}.", "")
    return " ".join(bare.replace(f" ON {relation.name} ", " ON it ").split())


def _functions(case: Case, said: frozenset[str]) -> Iterator[SchemaFinding]:
    now = {each.signature: each for each in case.after.functions}
    fired = {
        trigger.function
        for relation in case.before.catalog.relations
        for trigger in relation.triggers
        if _told(f"{relation.qualified}.{trigger.name}", said)
    }
    for old in case.run:
        new = now.get(old.signature)
        if new is None or old.signature in said or old.qualified in fired:
            continue  # one that is gone is judged by the rule about functions, every time
        if _does(old) != _does(new):
            statements = case.reach.statements((Kind.FUNCTION, old.signature))
            yield from _unjudged(case, old.signature, ["what it does"], statements)


def _does(function: Function) -> tuple[object, ...]:
    return (
        function.kind,
        function.names,
        function.defaults,
        function.returns,
        function.language,
        function.security_definer,
        " ".join((function.definition or "").split()),
    )


def _types(case: Case, said: frozenset[str]) -> Iterator[SchemaFinding]:
    now = {each.qualified: each for each in case.after.types}
    for old in case.before.catalog.types:
        new = now.get(old.qualified)
        if new is None or old.extension is not None or _told(old.qualified, said):
            continue  # columns of a type that is gone are of another one
        differing = [what for what, value in _type(old).items() if _type(new)[what] != value]
        if differing:
            statements = case.reach.statements((Kind.TYPE, old.qualified))
            yield from _unjudged(case, old.qualified, differing, statements)


def _type(kind: DefinedType) -> Mapping[str, object]:
    """Take what makes a type another one; the labels of enums are judged always."""
    return {
        "its kind": kind.kind,
        "its base": kind.base,
        "whether it takes NULL": kind.nullable,
        "its default": kind.default,
        "its checks": frozenset(kind.checks),
        "its attributes": tuple((a.name, a.type, a.own_collation) for a in kind.attributes),
        "its definition": kind.definition,
    }


def _others(case: Case) -> Iterator[SchemaFinding]:
    """Report operators, casts and the like: no statement says which of them it means."""
    before, after = frozenset(case.before.catalog.others), frozenset(case.after.others)
    differing = [
        *(f"new: {each}" for each in sorted(after - before)),
        *(f"gone: {each}" for each in sorted(before - after)),
    ]
    if differing and (case.statements or not case.enough):
        yield found(
            NOT_COMPARABLE,
            SchemaVerdict.UNKNOWN,
            "schema",
            "Operators, casts or other things that no statement names are not what they were.",
            evidence=tuple(fact("what differs", each) for each in differing[:_SHOWN]),
        )


def _unjudged(
    case: Case, object_: str, differing: list[str], statements: tuple[Statement, ...]
) -> Iterator[SchemaFinding]:
    if statements or not case.enough:
        yield found(
            NOT_COMPARABLE,
            SchemaVerdict.UNKNOWN,
            object_,
            f"{object_} is not what it was, in a way no rule judges.",
            statements=statements,
            evidence=(fact("what differs", ", ".join(sorted(differing)[:_SHOWN])),),
        )
