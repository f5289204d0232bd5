"""Changes that no rule said anything about: the net under all of them.

Called by ``compare``. A difference nobody described must not pass for safe because a rule is
missing, so it is unknown wherever the old version may care.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import ConstraintKind, Relation
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.changes import change
from smartspec_rollback.schema.codes import NOT_COMPARABLE
from smartspec_rollback.schema.defaults import given
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.keys import keys
from smartspec_rollback.schema.predicate_reader import read
from smartspec_rollback.schema.sqltypes import type_in
from smartspec_rollback.schema.using import statements_of, through_views

_DEMANDING = frozenset({ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY})


def leftover(case: Case, findings: Iterable[SchemaFinding]) -> Iterable[SchemaFinding]:
    """Report the relations both schemas have that differ though no finding names them."""
    named = {part for each in findings for part in _prefixes(each.object)}
    for old, new in case.pairs():
        if old.qualified in named:
            continue
        before, after = _aspects(old), _aspects(new)
        differing = [name for name, value in before.items() if after[name] != value]
        if not _same_columns(case, old, new):
            differing.append("its columns")
        used = statements_of((*case.uses(old.qualified), *through_views(case, old)))
        if differing and (used or not case.enough):
            yield found(
                NOT_COMPARABLE,
                SchemaVerdict.UNKNOWN,
                old.qualified,
                f"{old.qualified} is not what it was, in a way no rule judges.",
                statements=used,
                evidence=(fact("what differs", ", ".join(differing)),),
            )


def _same_columns(case: Case, old: Relation, new: Relation) -> bool:
    if {c.name for c in old.columns} != {c.name for c in new.columns}:
        return False
    view = old.definition is not None
    return all(
        (now := new.column(was.name)) is not None
        and (was.nullable, given(was)) == (now.nullable, given(now))
        and (view or was.own_collation == now.own_collation)
        and change(type_in(case.before.catalog, was.type), type_in(case.after, now.type)) is None
        for was in old.columns
    )


def _prefixes(name: str) -> Iterable[str]:
    """List an object's name and those of what it is part of."""
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _aspects(relation: Relation) -> dict[str, object]:
    """Take what of a relation the old version can notice, spelled so that equals are equal."""
    return {
        "its kind": relation.kind,
        "its constraints": frozenset(
            (c.kind, c.columns, read(c.predicate or c.definition))
            for c in relation.constraints
            if c.kind in _DEMANDING
        ),
        "its keys": frozenset(key.identity for key in keys(relation)),
        "its triggers": frozenset((t.name, t.definition, t.enabled) for t in relation.triggers),
        "its policies": frozenset(relation.policies),
        "its row security": (relation.row_security, relation.force_row_security),
        "its definition": " ".join((relation.definition or "").split()),
        "its rules": frozenset(relation.rules),
        "its partitioning": (relation.partition_of, relation.partition_bound),
        "its partition key": relation.partition_key,
        "its parents": relation.inherits,
        "its options": relation.options,
    }
