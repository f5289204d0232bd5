"""Views dropped or reshaped (row 36).

Called by ``compare``. A table that a view stands for now is for ``relations``.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Column, Relation, RelationKind
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.workload.using import (
    opaque,
    reading,
    silence,
    statements_of,
    still_failing,
    through_views,
    touching,
)
from smartspec_rollback.schema.workload.weighing import of_result

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every view that is gone or another one."""
    for name, old in case.old.items():
        if old.kind not in _VIEWS or old.extension is not None:
            continue
        new = case.new.get(name)
        if new is None:
            yield _dropped(case, old)
        else:
            yield from _changed(case, old, new)


def _dropped(case: Case, old: Relation) -> SchemaFinding:
    used = (*case.uses(old.qualified), *through_views(case, old))
    said = f"The view {old.qualified} is gone"
    mended = fix("view-changed", case, old.qualified)
    if failing := still_failing(case, used):
        return found(
            36,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"{said}, and the old version uses it.",
            statements=statements_of(failing),
            fix=mended,
        )
    if used:
        return found(
            36,
            SchemaVerdict.SAFE,
            old.qualified,
            f"{said}; every statement that used it still compiles.",
            statements=statements_of(used),
        )
    return _quiet(case, old, said, compiling=True)


def _changed(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    """Judge a view of which something is different; nothing is said of one that is the same."""
    losses = [*_columns(case, old, new), *_writes(case, old, new)]
    yield from losses
    if losses:
        return
    changes = tuple(_other(old, new))
    if not changes:
        return
    used = (*case.uses(old.qualified), *through_views(case, old))
    if not used:
        yield _quiet(case, old, f"The view {old.qualified} is another one", evidence=changes)
        return
    if _only_gained(old.definition or "", new.definition or ""):
        yield found(
            36,
            SchemaVerdict.SAFE,
            old.qualified,
            f"The view {old.qualified} has more columns, of the same rows as before.",
            evidence=changes,
        )
        return
    yield found(
        36,
        SchemaVerdict.ATTENTION,
        old.qualified,
        f"The view {old.qualified} is another one: the old version may find other rows in it.",
        statements=statements_of(used),
        evidence=changes,
        fix=fix("view-changed", case, old.qualified),
    )


def _columns(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    mended = fix("view-changed", case, old.qualified)
    for column in old.columns:
        now = new.column(column.name)
        if now is None:
            yield _lost(case, old, column, mended)
        elif now.type != column.type:
            yield _retyped(case, old, column, now, mended)
    old_order = [c.name for c in sorted(old.columns, key=lambda each: each.position)]
    new_order = [c.name for c in sorted(new.columns, key=lambda each: each.position)]
    kept = [each for each in new_order if each in old_order]
    missing = len(kept) != len(old_order)
    if not missing and new_order[: len(old_order)] != old_order:
        yield from _reordered(case, old, mended)
    elif len(new_order) > len(kept) and not missing:
        yield from _longer(case, old, [each for each in new_order if each not in old_order])


def _only_gained(old: str, new: str) -> bool:
    """Tell whether a view's query is the old one with plain columns more at the end of its list.

    A function among them may return several rows, or none.
    """
    was, now = " ".join(old.split()), " ".join(new.split())
    if was.upper().startswith("SELECT DISTINCT"):
        return False
    for place in (each.start() for each in re.finditer(" FROM ", was)):
        head, tail = was[:place], was[place:]
        added = now.removeprefix(head).removesuffix(tail)
        if head.count("(") == head.count(")") and now == head + added + tail:
            return added.startswith(",") and "(" not in added
    return False


def _lost(case: Case, old: Relation, column: Column, mended: str) -> SchemaFinding:
    object_ = f"{old.qualified}.{column.name}"
    said = f"The view {old.qualified} has no column {column.name} any more"
    direct = touching(case, old, column.name)
    named = still_failing(case, tuple(e for e in direct if not e[1].star))
    stars = tuple(each for each in direct if each[1].star)
    nested = still_failing(case, through_views(case, old, column.name))
    if used := (*named, *stars, *nested):
        return found(
            36,
            SchemaVerdict.BREAKING,
            object_,
            f"{said}, and the old version uses it.",
            statements=statements_of(used),
            fix=mended,
        )
    verdict, hidden, evidence = silence(case, old, column, compiling=True)
    return found(
        36,
        verdict,
        object_,
        f"{said}; no known statement of the old version fails by that.",
        statements=hidden,
        evidence=evidence,
    )


def _retyped(case: Case, old: Relation, column: Column, now: Column, mended: str) -> SchemaFinding:
    object_ = f"{old.qualified}.{column.name}"
    said = f"{object_} is {now.type} now and was {column.type}"
    used = reading(case, old, column.name)
    if not used:
        return _quiet(case, old, said, column=column)
    return found(
        36,
        of_result(case, column.type, now.type),
        object_,
        f"{said}; the old version reads it.",
        statements=statements_of(used),
        fix=mended,
    )


def _reordered(case: Case, old: Relation, mended: str) -> Iterator[SchemaFinding]:
    said = f"The columns of the view {old.qualified} stand in another order"
    used = case.uses(old.qualified)
    if blind := tuple(e for e in used if e[1].inserts and e[1].inserted is None):
        yield found(
            36,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"{said}, and the old version inserts without naming them.",
            statements=statements_of(blind),
            fix=mended,
        )
    elif stars := tuple(each for each in used if each[1].star):
        yield found(
            36,
            SchemaVerdict.ATTENTION,
            old.qualified,
            f"{said}, and the old version selects all of them.",
            statements=statements_of(stars),
            fix=mended,
        )


def _longer(case: Case, old: Relation, added: list[str]) -> Iterator[SchemaFinding]:
    if stars := tuple(each for each in case.uses(old.qualified) if each[1].star):
        yield found(
            36,
            SchemaVerdict.ATTENTION,
            old.qualified,
            f"The old version selects all columns of {old.qualified} and gets "
            f"{', '.join(added)} too.",
            statements=statements_of(stars),
        )


def _writes(case: Case, old: Relation, new: Relation) -> Iterator[SchemaFinding]:
    if _takes(new) or not _takes(old):
        return
    writes = tuple(each for each in case.uses(old.qualified) if each[1].writes)
    said = f"The view {old.qualified} takes no writes any more"
    if refused := still_failing(case, writes):
        yield found(
            36,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"{said}, and the old version writes through it.",
            statements=statements_of(refused),
            fix=fix("view-changed", case, old.qualified),
        )
    elif not writes and opaque(case, old.name):
        yield _quiet(case, old, said)


def _takes(relation: Relation) -> bool:
    return relation.updatable or bool(relation.triggers or relation.rules)


def _other(old: Relation, new: Relation) -> Iterator[Evidence]:
    """Say what else is different: kind, query, options."""
    if old.kind is not new.kind:
        yield fact("kind", f"{old.kind.value} became {new.kind.value}")
    if old.definition is not None and normal(old.definition) != normal(new.definition or ""):
        yield fact("query", " ".join((new.definition or "").split()))
    if set(old.options) != set(new.options):
        yield fact("options", ", ".join(new.options) or "none")


def normal(query: str) -> str:
    """Reduce a view's query to what can change its rows: no white space, case or qualification."""
    bare = re.sub(r'\b"?\w+"?\.(?="?\w)', "", query)
    return re.sub(r"[\s();]+", " ", bare).strip()


def _quiet(
    case: Case,
    old: Relation,
    said: str,
    *,
    column: Column | None = None,
    compiling: bool = False,
    evidence: tuple[Evidence, ...] = (),
) -> SchemaFinding:
    verdict, hidden, why = silence(case, old, column, compiling=compiling)
    safe = verdict is SchemaVerdict.SAFE
    told = "the old version does not use it." if safe else "whether it is used is not known."
    return found(
        36,
        verdict,
        old.qualified if column is None else f"{old.qualified}.{column.name}",
        f"{said}; {told}",
        statements=hidden,
        evidence=(*evidence, *why),
    )
