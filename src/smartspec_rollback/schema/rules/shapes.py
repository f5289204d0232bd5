"""Statements that compile and return other columns or types, or want other parameters (layer L2).

Called by ``compare``. A result's type that changed with a column's is reported as that column's
change, so that both are one finding.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Column, RelationKind
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import ResultColumn, Statement, Trial
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import SHAPE_CHANGED
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reading.defaults import fills_itself
from smartspec_rollback.schema.refusals.placing import Cause, now_of, retyped
from smartspec_rollback.schema.workload.strictness import minds_more_columns
from smartspec_rollback.schema.workload.weighing import of_parameter, of_result

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})
Results = tuple[ResultColumn, ...]


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Compare what every statement that still compiles takes and gives."""
    for statement in case.statements:
        trial = case.trials.get(statement.id)
        if trial is None or trial.worked is not True:
            continue
        if statement.results is not None and trial.results is not None:
            yield from _results(case, statement, statement.results, trial.results)
        yield from _parameters(case, statement, trial)


def _results(
    case: Case, statement: Statement, old: Results, new: Results
) -> Iterator[SchemaFinding]:
    was, now = [c.name for c in old], [c.name for c in new]
    if was == now:
        pairs = list(zip(old, new, strict=True))
    else:
        later = {c.name: c for c in new}
        pairs = [(c, later[c.name]) for c in old if c.name in later]
        yield from _columns(case, statement, was, now)
    for before, after in pairs:
        if before.type == after.type:
            continue
        verdict = of_result(case, before.type, after.type)
        if verdict is not SchemaVerdict.SAFE:
            yield _retyped(case, statement, before, after, verdict)


def _columns(
    case: Case, statement: Statement, was: list[str], now: list[str]
) -> Iterator[SchemaFinding]:
    """Judge columns that are missing, more, or in another order."""
    evidence = (fact("columns", f"{', '.join(was)} became {', '.join(now)}", Layer.WORKLOAD),)
    missing = [each for each in was if each not in now]
    added = [each for each in now if each not in was]
    for name in missing:
        known = _lost(case, statement, name)
        yield _finding(
            known,
            SchemaVerdict.BREAKING,
            f"The column {name} is missing from what a statement of the old version gets.",
            statement,
            evidence,
        )
    at_the_end = now[: len(was)] == was
    if not missing and (not at_the_end or minds_more_columns(statement)):
        for name in added:
            yield _finding(
                _gained(case, statement, name),
                SchemaVerdict.ATTENTION,
                f"A statement of the old version selects all columns and gets {name} too.",
                statement,
                evidence,
            )
    if not missing and [each for each in now if each in was] != was:
        yield _finding(
            Cause(SHAPE_CHANGED, f"statement {statement.id}"),
            SchemaVerdict.ATTENTION,
            "A statement of the old version gets its columns in another order.",
            statement,
            evidence,
        )


def _lost(case: Case, statement: Statement, name: str) -> Cause:
    for use in statement.uses or ():
        old = case.old.get(use.relation)
        now = now_of(case, old) if old is not None else None
        if old is not None and old.column(name) and (now is None or now.column(name) is None):
            return Cause(36 if old.kind in _VIEWS else 7, f"{old.qualified}.{name}")
    return Cause(SHAPE_CHANGED, f"statement {statement.id}")


def _gained(case: Case, statement: Statement, name: str) -> Cause:
    for use in statement.uses or ():
        old = case.old.get(use.relation)
        now = now_of(case, old) if old is not None else None
        column = now.column(name) if now is not None else None
        if old is None or column is None or old.column(name) is not None:
            continue
        if old.kind in _VIEWS:
            return Cause(36, old.qualified)
        return Cause(_row(column), f"{old.qualified}.{name}")
    return Cause(SHAPE_CHANGED, f"statement {statement.id}")


def _row(column: Column) -> int:
    """Choose between rows 1 to 3, as the rule about columns does."""
    if column.nullable:
        return 1
    return 2 if fills_itself(column) else 3


def _retyped(
    case: Case, statement: Statement, old: ResultColumn, new: ResultColumn, verdict: SchemaVerdict
) -> SchemaFinding:
    known = retyped(case, statement, old.name)
    return _finding(
        known or Cause(SHAPE_CHANGED, f"statement {statement.id}"),
        verdict,
        f"A statement of the old version gets {old.name} as {new.type} and got it as {old.type}.",
        statement,
        (fact(f"type of {old.name}", f"{old.type} became {new.type}", Layer.WORKLOAD),),
    )


def _parameters(case: Case, statement: Statement, trial: Trial) -> Iterator[SchemaFinding]:
    old, new = statement.parameters, trial.parameters
    if old is None or new is None or old == new:
        return
    nobody = Cause(SHAPE_CHANGED, f"statement {statement.id}")
    evidence = (fact("parameters", f"{', '.join(old)} became {', '.join(new)}", Layer.WORKLOAD),)
    if len(old) != len(new):
        yield _finding(
            nobody,
            SchemaVerdict.BREAKING,
            "A statement of the old version takes another number of parameters now.",
            statement,
            evidence,
        )
        return
    for number, (was, now) in enumerate(zip(old, new, strict=True), start=1):
        verdict = of_parameter(case, was, now) if was != now else SchemaVerdict.SAFE
        if verdict is not SchemaVerdict.SAFE:
            yield _finding(
                retyped(case, statement) or nobody,
                verdict,
                f"A statement of the old version sends ${number} as {was}, and {now} is wanted "
                "now.",
                statement,
                evidence,
            )


def _finding(
    known: Cause,
    verdict: SchemaVerdict,
    summary: str,
    statement: Statement,
    evidence: tuple[Evidence, ...],
) -> SchemaFinding:
    return found(
        known.code,
        verdict,
        known.object,
        summary,
        layer=Layer.WORKLOAD,
        statements=(statement,),
        evidence=evidence,
    )
