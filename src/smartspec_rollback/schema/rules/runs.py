"""Statements that ran on a copy of the old schema and fail or differ on the new one (layer L3).

Called by ``compare``. With made-up values a refused value proves little: the application's own may
pass. What does not depend on values breaks whatever they are.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import Run, Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import SHAPE_CHANGED
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.refusals.failures import cause
from smartspec_rollback.schema.refusals.placing import Cause, brief, said
from smartspec_rollback.schema.rules.trials import lacking, named, unproven

_RECORDED = "recorded"
_INDEPENDENT = frozenset({"23502", "P0001", "22P02", "0A000", "55000"})
"""Refusals that no other values would have avoided; all of class 42 belong to them."""
_PARTITION, _ENUM = 43, 24


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Report every run that failed or came to something else, once a cause."""
    causes: dict[Cause, list[tuple[Statement, Run]]] = {}
    for statement in case.statements:
        runs = [run for run in case.runs.get(statement.id, ()) if run.before]
        for run in runs:
            if run.after:
                continue
            if lacking(case, run.message):
                yield unproven(statement, run.message, Layer.SHADOW)
                continue
            known = cause(case, statement, run.code, run.message)
            if known.changed or run.values == _RECORDED or _refused_as_data(run):
                causes.setdefault(known, []).append((statement, run))
        yield from _different(statement, runs)
    for known, failed in causes.items():
        yield _failed(case, known, failed)


def _refused_as_data(run: Run) -> bool:
    """Tell whether values were refused that the old schema took, whoever made them up."""
    return (run.code or "").startswith("22")


def _failed(case: Case, known: Cause, failed: list[tuple[Statement, Run]]) -> SchemaFinding:
    sure = [each for each in failed if _proves(case, known, each[1])]
    shown = sure or failed
    run = shown[0][1]
    values = "recorded" if run.values == _RECORDED else "made-up"
    return found(
        known.code,
        SchemaVerdict.BREAKING if sure else SchemaVerdict.ATTENTION,
        known.object,
        f"A statement of the old version, run with {values} values, fails on the new schema: "
        + brief(run.message),
        layer=Layer.SHADOW,
        statements=(statement for statement, _ in shown),
        evidence=(
            fact("the server says", said(run.code, run.message), Layer.SHADOW),
            fact("values", values, Layer.SHADOW),
        ),
        fix=fix(named(known.code), case, known.object, to=known.to),
    )


def _proves(case: Case, known: Cause, run: Run) -> bool:
    """Tell whether a failed run shows that the old version fails, not only these values."""
    if run.values == _RECORDED:
        return known.changed
    if known.code == _ENUM:
        return False
    if known.code == _PARTITION:
        return _places(case, known.object) == 0
    code = run.code or ""
    return code in _INDEPENDENT or code.startswith("42")


def _places(case: Case, table: str) -> int:
    """Count the partitions of a table; one is enough to doubt that no key has a place."""
    new = next((m.new.qualified for m in case.matching.matches if m.old.qualified == table), table)
    return sum(1 for each in case.after.relations if each.partition_of == new)


def _different(statement: Statement, runs: list[Run]) -> Iterator[SchemaFinding]:
    """Report what recorded values came to differently; made-up ones hit made-up rows."""
    differing = [r for r in runs if r.after and r.same is False and r.values == _RECORDED]
    if not differing:
        return
    run = differing[0]
    yield found(
        SHAPE_CHANGED,
        SchemaVerdict.ATTENTION,
        f"statement {statement.id}",
        "A statement of the old version, run with recorded values, comes to something else on the "
        f"new schema: {brief(run.message) or 'other rows'}",
        layer=Layer.SHADOW,
        statements=(statement,),
        evidence=(fact("difference", brief(run.message) or "other rows", Layer.SHADOW),),
    )
