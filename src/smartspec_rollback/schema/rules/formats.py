"""Values that are written in another form than the old version knew (row 47).

Called by ``compare``. Statically that cannot be seen: it takes figures recorded of both schemas'
rows, which somebody has to switch on.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import ColumnProfile
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.sqltypes import Family, type_in
from smartspec_rollback.schema.workload.using import reading, statements_of

_SHAPES = {"{": "an object", "[": "an array", '"': "a string"}
_NAMED = 5


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Compare the forms of the JSON values of every column both schemas have."""
    before = {(each.relation, each.column): each for each in case.before.profiles}
    for pair in case.matching.matches:
        if pair.fate is not Fate.KEPT:
            continue
        for old, new in pair.columns.kept:
            was = before.get((pair.old.qualified, old.name))
            now = case.profiles.get((pair.new.qualified, new.name))
            kind = type_in(case.before.catalog, old.type).family
            if was is not None and now is not None and kind in {Family.JSON, Family.JSONB}:
                yield from _json(case, pair, was, now)


def _json(
    case: Case, pair: Match, was: ColumnProfile, now: ColumnProfile
) -> Iterable[SchemaFinding]:
    gone, fresh = set(was.keys) - set(now.keys), set(now.keys) - set(was.keys)
    shapes = _shapes(now) - _shapes(was) if was.labels and now.labels else frozenset[str]()
    readers = reading(case, pair.old, was.column)
    if not readers or not (gone or fresh or shapes):
        return
    object_ = f"{pair.old.qualified}.{was.column}"
    told = [
        fact(what, ", ".join(sorted(found_)[:_NAMED]), Layer.PROBE)
        for what, found_ in (
            ("keys no row has any more", gone),
            ("new keys", fresh),
            ("values that are", shapes),
        )
        if found_
    ]
    yield found(
        47,
        SchemaVerdict.BREAKING if shapes else SchemaVerdict.ATTENTION,
        object_,
        f"{object_} holds values of another form than the old version knew, and it reads them.",
        layer=Layer.PROBE,
        statements=statements_of(readers),
        evidence=tuple(told),
    )


def _shapes(profile: ColumnProfile) -> frozenset[str]:
    """Name the sorts of JSON values among the labels."""
    return frozenset(_SHAPES.get(each[:1], "a bare value") for each in profile.labels or ())
