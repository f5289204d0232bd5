"""Columns that are gone from where the old version knows them (rows 6, 7, 9, 12).

Called by ``columns``, which matches them. A statement seen to compile on the new schema is no harm,
unless it now means another column or gives its values to others.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.migration import EffectKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import found
from smartspec_rollback.schema.matching import Columns, Match
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import (
    Used,
    expands,
    opaque,
    reads_rows,
    refusal,
    silence,
    statements_of,
    still_failing,
    through_views,
    touching,
)

_PARTS = 2


def gone(case: Case, pair: Match, fates: Columns) -> Iterable[SchemaFinding]:
    """Judge the columns of one table that were renamed, split or dropped."""
    for old, new in fates.renamed:
        became = f"{pair.old.qualified}.{old.name} is called {new.name} now"
        finding = _gone(case, pair, old, 9, became)
        harmful = finding.verdict in {SchemaVerdict.BREAKING, SchemaVerdict.ATTENTION}
        mended = fix(finding.code, case, finding.object, to=new.name) if harmful else ""
        yield replace(finding, fix=mended)
    for column in fates.dropped:
        yield _dropped(case, pair, column, fates)


def _dropped(case: Case, pair: Match, column: Column, fates: Columns) -> SchemaFinding:
    parts = _parts(case, pair, column, fates)
    if parts:
        became = f"{pair.old.qualified}.{column.name} was split into {', '.join(parts)}"
        return _gone(case, pair, column, 12, became)
    return _gone(case, pair, column, 7, f"{pair.old.qualified}.{column.name} is gone")


def _gone(case: Case, pair: Match, column: Column, code: int, became: str) -> SchemaFinding:
    """Judge a column whose name is gone."""
    object_ = f"{pair.old.qualified}.{column.name}"
    if pair.offers(column.name):
        return found(
            9 if code == 7 else code,  # noqa: PLR2004 - a row's number
            SchemaVerdict.SAFE,
            object_,
            f"{became}; the view {pair.old.qualified} still offers it.",
        )
    used = _needing(case, pair, column)
    failing = (*still_failing(case, used), *_elsewhere(case, pair, column, used))
    if failing:
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"{became}, and the old version uses it.",
            statements=statements_of(failing),
            evidence=refusal(case, failing),
        )
    if stars := _stars(case, pair):
        return found(
            code,
            SchemaVerdict.ATTENTION,
            object_,
            f"{became}, and the old version selects all columns: whether it needs this one is not "
            "known.",
            statements=statements_of(stars),
        )
    if rows := tuple(each for each in used if reads_rows(each[1], pair.old)):
        return found(
            code,
            SchemaVerdict.ATTENTION,
            object_,
            f"{became}, and the old version reads whole rows as one value, which lack it now.",
            statements=statements_of(rows),
        )
    verdict, hidden, evidence = silence(case, pair.old, column, compiling=True)
    if verdict is SchemaVerdict.SAFE and (wild := _wild(case, pair)):
        verdict, hidden = SchemaVerdict.UNKNOWN, wild
    safe = verdict is SchemaVerdict.SAFE or bool(used and not hidden)
    return found(
        6 if code == 7 and not used else code,  # noqa: PLR2004 - rows' numbers
        SchemaVerdict.SAFE if safe else verdict,
        object_,
        f"{became}; "
        + (
            "every statement that used it still compiles."
            if used and safe
            else "the old version does not use it."
            if safe
            else "whether the old version uses it is not known."
        ),
        statements=hidden or statements_of(used),
        evidence=evidence,
    )


def _needing(case: Case, pair: Match, column: Column) -> Used:
    """List the uses that need ``column``; a ``*`` only where the result is known to have it."""
    direct = tuple(
        (statement, use)
        for statement, use in touching(case, pair.old, column.name)
        if column.name in use.touched
        or column.name in (use.arbiter or ())
        or (use.inserts and use.inserted is None)
        or statement.results is not None
    )
    lost_views = tuple(
        (statement, use)
        for statement, use in through_views(case, pair.old, column.name)
        if use.relation not in case.new
    )
    return (*direct, *lost_views)


def _elsewhere(case: Case, pair: Match, column: Column, used: Used) -> Used:
    """List statements that compile only because the bare name now means another table's column.

    A ``*`` that brought the column to a result brings it no longer, though it compiles too.
    """
    return tuple(
        (statement, use)
        for statement, use in used
        if case.compiles(statement) is True
        and use.relation == pair.old.qualified
        and (
            (
                column.name in use.unqualified
                and any(
                    (other := case.new.get(name)) is not None and other.column(column.name)
                    for name in use.beside
                )
            )
            or (use.inserts and use.inserted is None)
            or (use.star and statement.results is not None and expands(statement, column.name))
        )
    )


def _stars(case: Case, pair: Match) -> Used:
    return tuple(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if use.star and statement.results is None
    )


def _wild(case: Case, pair: Match) -> tuple[Statement, ...]:
    """List statements nobody understood that select everything of the table."""
    return tuple(each for each in opaque(case, pair.old.name) if "*" in each.text)


def _parts(case: Case, pair: Match, column: Column, fates: Columns) -> tuple[str, ...]:
    """Name the columns a dropped one was split into, by a backfill or by their names."""
    fresh = {each.name for each in fates.added}
    for effect in case.effects:
        if (
            effect.kind is EffectKind.BACKFILL
            and (effect.relation or "").rpartition(".")[2] == pair.old.name
            and column.name.lower() in words(effect.text)
            and len(taken := fresh & set(effect.columns)) >= _PARTS
        ):
            return tuple(sorted(taken))
    named = {name for name in fresh if column.name in name.split("_")}
    elsewhere = {
        f"{new.qualified}.{column.name}"
        for new in case.matching.added
        if new.column(column.name) is not None and _refers(new.qualified, case, pair)
    }
    if len(named) >= _PARTS:
        return tuple(sorted(named))
    return tuple(sorted(elsewhere))


def _refers(name: str, case: Case, pair: Match) -> bool:
    relation = case.new[name]
    return any(c.references == pair.new.qualified for c in relation.constraints)
