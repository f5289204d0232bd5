"""Tables cut into partitions, and partitions that are gone (row 43).

Called by ``compare``. Which keys the old version writes is seldom known: a place that was there and
is gone counts as needed by every insert.
"""

from collections.abc import Iterator, Mapping

from smartspec_rollback.domain.catalog import Relation, RelationKind
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reading.bounds import covered, covers_all
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import (
    Used,
    opaque,
    reading,
    silence,
    statements_of,
    still_failing,
    through_views,
    writing,
)

_CODE = "partition-missing"


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every table that is partitioned now, and every partition that was used."""
    for pair in case.matching.matches:
        if pair.new.kind is not RelationKind.PARTITIONED:
            continue
        if pair.old.kind is RelationKind.PARTITIONED and _key(pair.old) == _key(pair.new):
            yield from _gaps(case, pair.old, pair.new)
        else:
            yield _cut(case, pair.old, pair.new)
        yield from _stricter(case, pair.old, pair.new)
    for name, relation in case.old.items():
        if relation.partition_of is not None and name not in case.new:
            yield from _named(case, relation)


def _key(relation: Relation) -> str:
    return " ".join((relation.partition_key or "").split()).lower()


def _parts(relations: Mapping[str, Relation], parent: Relation) -> tuple[Relation, ...]:
    return tuple(r for r in relations.values() if r.partition_of == parent.qualified)


def _writers(case: Case, old: Relation, new: Relation) -> Used:
    """List the uses that put rows somewhere: inserts, and updates of the key."""
    key = words(new.partition_key or "")
    return tuple(
        (statement, use)
        for statement, use in (*case.uses(old.qualified), *through_views(case, old))
        if use.inserts or any(each.lower() in key for each in use.updated)
    )


def _cut(case: Case, old: Relation, new: Relation) -> SchemaFinding:
    """Judge a table that is partitioned now, or by another key."""
    bounds = _bounds(case.new, new)
    evidence = (fact("partitions", ", ".join(bounds[:5]) or "none"),)
    said = f"{old.qualified} is partitioned by {new.partition_key or 'another key'} now"
    if covers_all(bounds):
        return found(
            43,
            SchemaVerdict.SAFE,
            old.qualified,
            f"{said}; every key has a partition.",
            evidence=evidence,
        )
    writers = _writers(case, old, new)
    if not writers:
        return _quiet(case, old, said, evidence)
    return found(
        43,
        SchemaVerdict.ATTENTION if bounds else SchemaVerdict.BREAKING,
        old.qualified,
        f"{said}, and there is no partition for {'some keys' if bounds else 'any key'}.",
        statements=statements_of(writers),
        evidence=evidence,
        fix=fix(_CODE, case, new.qualified),
    )


def _bounds(relations: Mapping[str, Relation], parent: Relation) -> tuple[str, ...]:
    """List the bounds of a table's partitions; one cut again without a part takes nothing."""
    return tuple(
        part.partition_bound
        for part in _parts(relations, parent)
        if part.partition_bound is not None
        and (part.kind is not RelationKind.PARTITIONED or _parts(relations, part))
    )


def _gaps(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    """Judge a partitioned table that has no place any more for keys it had one for."""
    was, now = _bounds(case.old, old), _bounds(case.new, new)
    lost = tuple(each for each in was if not covered(each, now))
    if lost:
        evidence = (fact("no partition any more", ", ".join(lost[:5])),)
        said = f"{old.qualified} has no partition for some keys it had one for"
        if writers := _writers(case, old, new):
            yield found(
                43,
                SchemaVerdict.BREAKING,
                old.qualified,
                f"{said}, and the old version writes there.",
                statements=statements_of(writers),
                evidence=evidence,
                fix=fix(_CODE, case, new.qualified),
            )
        else:
            yield _quiet(case, old, said, evidence)
    gone = [
        part
        for part in _parts(case.old, old)
        if (later := case.new.get(part.qualified)) is None or later.partition_of != new.qualified
    ]
    if gone and not lost:
        yield from _fewer(case, old, gone)


def _stricter(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    """Judge new partitions that demand of rows, or do with them, what the whole does not."""
    usual = _demands(new)
    for part in _parts(case.new, new):
        was = case.old.get(part.qualified)
        if was is not None and was.partition_of == old.qualified:
            continue
        extra = sorted(_demands(part) - usual)
        if extra and (used := writing(case, old, (c.name for c in old.columns))):
            yield found(
                43,
                SchemaVerdict.ATTENTION,
                part.qualified,
                f"The new partition {part.qualified} of {old.qualified} demands more of its rows, "
                "and the old version may write there.",
                statements=statements_of(used),
                evidence=tuple(fact("demand", each) for each in extra[:5]),
            )


def _demands(relation: Relation) -> frozenset[str]:
    """Spell what a table demands of the rows written to it, and what they set off."""
    return frozenset(
        (
            *(f"{each.name} NOT NULL" for each in relation.columns if not each.nullable),
            *(" ".join(each.definition.split()) for each in relation.constraints),
            *(
                f"UNIQUE ({', '.join(each.columns)})"
                for each in relation.indexes
                if each.unique and each.constraint is None
            ),
            *(f"trigger {each.name}" for each in relation.triggers if each.enabled),
        )
    )


def _fewer(case: Case, old: Relation, gone: list[Relation]) -> Iterator[SchemaFinding]:
    """Judge partitions that went though their keys still have a place: their rows may be gone."""
    names = tuple(c.name for c in old.columns)
    readers = {s.id: s for each in names for s, _ in reading(case, old, each)}
    yield found(
        43,
        SchemaVerdict.ATTENTION if readers else silence(case, old)[0],
        old.qualified,
        f"Partitions of {old.qualified} are no longer its own, and perhaps their rows.",
        statements=readers.values(),
        evidence=(fact("partitions", ", ".join(each.qualified for each in gone[:5])),),
        loses="already lost",
    )


def _named(case: Case, partition: Relation) -> Iterator[SchemaFinding]:
    """Judge a partition that the old version calls by its own name."""
    used = case.uses(partition.qualified)
    if failing := still_failing(case, used):
        yield found(
            8,
            SchemaVerdict.BREAKING,
            partition.qualified,
            f"The old version uses the partition {partition.qualified}, which is gone.",
            statements=statements_of(failing),
        )
    elif hidden := opaque(case, partition.name, compiled=False):
        yield found(
            8,
            SchemaVerdict.UNKNOWN,
            partition.qualified,
            f"The partition {partition.qualified} is gone; a statement that could not be "
            "understood names it.",
            statements=hidden,
        )


def _quiet(case: Case, old: Relation, said: str, evidence: tuple[Evidence, ...]) -> SchemaFinding:
    verdict, hidden, why = silence(case, old)
    return found(
        43,
        verdict,
        old.qualified,
        f"{said}; no known statement of the old version inserts there.",
        statements=hidden,
        evidence=(*evidence, *why),
    )
