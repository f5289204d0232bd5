"""What the migrations did to rows, read from their text (rows 46 and 48, layer L0).

Called by ``compare``, which also shows what ``unread`` lists. A text never proves that anything
breaks: nobody ran it here.
"""

import re
from collections.abc import Iterable, Iterator

from smartspec_rollback.domain.catalog import Column, Relation
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.migration import Effect, EffectKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.matching import Fate
from smartspec_rollback.schema.reach import Kind
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import (
    Used,
    functions_naming,
    reading,
    silence,
    statements_of,
    through_views,
)

_SHOWN = 200
_SOME = frozenset({"where", "limit", "join", "distinct", "offset", "group", "having", "except"})
"""Words of a query that may give fewer rows than its table has."""


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every rewriting and deleting of rows the old version had."""
    for effect in case.effects:
        relation = _relation(case, effect)
        if relation is None or case.never_filled(relation):
            continue
        match effect.kind:
            case EffectKind.BACKFILL:
                yield from _backfill(case, effect, relation)
            case EffectKind.DELETE:
                yield _delete(case, effect, relation)
            case EffectKind.SCHEMA if _takes_away(effect):
                yield from _made_anew(case, effect, relation)
            case EffectKind.INSERT | EffectKind.SCHEMA | EffectKind.UNPARSED:
                pass


def unread(effects: Iterable[Effect]) -> tuple[str, ...]:
    """List what of the migrations could not be read, each with its place, once."""
    said = (
        f"not read: {effect.source or 'a migration'}: {' '.join(effect.text.split())[:_SHOWN]}"
        for effect in effects
        if effect.kind is EffectKind.UNPARSED
    )
    return tuple(dict.fromkeys(said))


def _relation(case: Case, effect: Effect) -> Relation | None:
    """Find the old table an effect is about, by its later name too."""
    if effect.relation is None:
        return None
    schema, _, bare = effect.relation.replace('"', "").rpartition(".")
    if (old := case.before.catalog.find(bare, schema or None)) is not None:
        return old
    for pair in case.matching.matches:
        if pair.new.name == bare and schema in {"", pair.new.schema}:
            return pair.old
    return None


def _backfill(case: Case, effect: Effect, relation: Relation) -> Iterator[SchemaFinding]:
    known = [c for c in relation.columns if not effect.columns or c.name in effect.columns]
    for column in known:
        if not _fills_nulls_only(case, effect, relation, column):
            yield _rewritten(case, effect, relation, column)


def _fills_nulls_only(case: Case, effect: Effect, relation: Relation, column: Column) -> bool:
    """Tell whether only NULLs were filled, in a column that has to have values now.

    That it has to is judged by the rule about NOT NULL.
    """
    later = case.new.get(relation.qualified)
    now = later.column(column.name) if later is not None else None
    name = rf'"?{re.escape(column.name)}"?'
    guard = re.compile(rf"\bWHERE\b[^;]*(?<!\w){name}\s+IS\s+NULL\b", re.IGNORECASE)
    alternative = re.search(r"\bOR\b", effect.text, re.IGNORECASE)
    guarded = guard.search(effect.text) is not None and alternative is None
    return guarded and now is not None and not now.nullable and column.nullable


def _rewritten(case: Case, effect: Effect, relation: Relation, column: Column) -> SchemaFinding:
    object_ = f"{relation.qualified}.{column.name}"
    said = f"A migration rewrote values of {object_}"
    if used := reading(case, relation, column.name):
        return found(
            46,
            SchemaVerdict.ATTENTION,
            object_,
            f"{said}, which the old version reads.",
            layer=Layer.MIGRATIONS,
            statements=statements_of(used),
            evidence=(_quoted(effect),),
        )
    verdict, hidden, why = silence(case, relation, column)
    return found(
        46,
        verdict,
        object_,
        f"{said}; no known statement of the old version reads it.",
        layer=Layer.MIGRATIONS,
        statements=hidden,
        evidence=(_quoted(effect), *why),
    )


def _delete(case: Case, effect: Effect, relation: Relation) -> SchemaFinding:
    said = f"A migration deleted rows of {relation.qualified}"
    if readers := _readers(case, relation):
        return found(
            48,
            SchemaVerdict.ATTENTION,
            relation.qualified,
            f"{said}, which the old version reads.",
            layer=Layer.MIGRATIONS,
            statements=readers,
            evidence=(_quoted(effect),),
        )
    verdict, hidden, why = silence(case, relation)
    return found(
        48,
        verdict,
        relation.qualified,
        f"{said}; no known statement of the old version reads it.",
        layer=Layer.MIGRATIONS,
        statements=hidden,
        evidence=(_quoted(effect), *why),
    )


def _takes_away(effect: Effect) -> bool:
    return effect.action == "drop table" or (effect.action == "rename table" and not effect.columns)


def _made_anew(case: Case, effect: Effect, relation: Relation) -> Iterator[SchemaFinding]:
    """Judge a table that went though there is one of its name: its rows may not be there."""
    kept = any(m.fate is Fate.KEPT and m.old == relation for m in case.matching.matches)
    if not kept or _copied(case, relation):
        return
    readers = _readers(case, relation)
    verdict, hidden, _ = silence(case, relation)
    yield found(
        48,
        SchemaVerdict.ATTENTION if readers else verdict,
        relation.qualified,
        f"A migration took {relation.qualified} away and made a table of that name; whether it "
        "has the rows of the old one is not known.",
        layer=Layer.MIGRATIONS,
        statements=readers or hidden,
        evidence=(_quoted(effect),),
    )


def _copied(case: Case, relation: Relation) -> bool:
    """Tell whether all rows were copied to the table that has the name now."""
    successors = {
        each.relation.rpartition(".")[2]
        for each in case.effects
        if each.relation is not None
        and each.action == "rename table"
        and (each.to or "").rpartition(".")[2] == relation.name
    }
    return any(
        effect.kind is EffectKind.INSERT
        and (effect.relation or "").rpartition(".")[2] in {*successors, relation.name}
        and {"select", "from", relation.name.lower()} <= words(effect.text)
        and words(effect.text).isdisjoint(_SOME)
        and not effect.text.endswith("…")
        for effect in case.effects
    )


def _readers(case: Case, relation: Relation) -> tuple[Statement, ...]:
    """List the statements that read a relation, by name or by a function that names it."""
    used: Used = (*case.touching(relation), *through_views(case, relation))
    bodies = functions_naming(case, relation, None)
    run = case.reach.statements(*((Kind.FUNCTION, each.signature) for each in bodies))
    return (*statements_of(each for each in used if _reads(each[1])), *run)


def _reads(use: Use) -> bool:
    return bool(use.reads or use.returns or use.star) or not use.writes


def _quoted(effect: Effect) -> Evidence:
    text = " ".join(effect.text.split())[:_SHOWN]
    return fact(effect.source or "migration", text, Layer.MIGRATIONS)
