"""What the server computes now when the old version writes, and may refuse to (rows 1 to 3, 35).

Called by ``compare``. A default, a computed column or an index over an expression is evaluated for
every row the old version writes: where that fails, so does the write.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.expressions import calls_own, refuses
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.rules.functions import same_results
from smartspec_rollback.schema.workload.using import Used, inserting, statements_of, writing


@dataclass(frozen=True)
class _New:
    """One expression that was not there: the row of what it belongs to, and why it may refuse."""

    row: int
    object: str
    expression: str
    why: str


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every expression that is new on a table the old version writes."""
    for pair in case.matching.matches:
        if pair.fate in {Fate.KEPT, Fate.BEHIND_VIEW}:
            for column in pair.columns.added:
                yield from _column(case, pair, column)
            yield from _indexes(case, pair)


def _column(case: Case, pair: Match, column: Column) -> Iterator[SchemaFinding]:
    object_ = f"{pair.old.qualified}.{column.name}"
    if column.generated is not None:
        why = refuses(column.generated) or _nothing(pair, column, column.generated)
        used = writing(case, pair.old, _named(pair, column.generated))
        expression = column.generated
    else:
        expression = column.default or ""
        own = calls_own(expression, case.after)
        why, used = (f"calls {own}" if own else None), inserting(case, pair.old)
    if why is not None:
        row = 1 if column.nullable else 2
        yield from _judged(case, _New(row, object_, expression, why), used)


def _nothing(pair: Match, column: Column, expression: str) -> str | None:
    """Say that a computed column must have a value where its expression may give none."""
    said = words(expression)
    empty = any(c.nullable and c.name.lower() in said for c in pair.new.columns)
    made = bool(said & {"nullif", "case"}) or "->" in expression or "#>" in expression
    if column.nullable or not (made or (empty and "coalesce" not in said)):
        return None
    return "may come to NULL, which it must not,"


def _indexes(case: Case, pair: Match) -> Iterator[SchemaFinding]:
    before = {each.name for each in pair.old.indexes}
    for index in pair.new.indexes:
        if index.name in before or not (index.predicate or "(" in "".join(index.columns)):
            continue
        body = index.definition.partition(" USING ")[2] or index.definition
        if (why := refuses(body.partition("(")[2])) is not None:
            new = _New(35, f"{pair.old.qualified}.{index.name}", index.definition, why)
            yield from _judged(case, new, writing(case, pair.old, _named(pair, body)))


def _named(pair: Match, expression: str) -> tuple[str, ...]:
    said = words(expression)
    return tuple(c.name for c in pair.new.columns if c.name.lower() in said)


def _judged(case: Case, new: _New, used: Used) -> Iterator[SchemaFinding]:
    statements = statements_of(used)
    if statements and not all(same_results(case, each) for each in statements):
        yield found(
            new.row,
            SchemaVerdict.ATTENTION,
            new.object,
            f"{new.object} is new, and {new.why} when the old version writes: it may refuse rows.",
            statements=statements,
            evidence=(fact("expression", new.expression),),
        )
