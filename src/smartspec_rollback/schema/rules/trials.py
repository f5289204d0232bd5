"""Statements the new schema refuses to compile (layer L2).

Called by ``compare``. Only what worked on the old schema counts, and a refusal that names what a
scratch copy lacks proves nothing.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import Statement, Trial
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import BY_ROW, NOT_COMPARABLE, Code
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.refusals.failures import cause
from smartspec_rollback.schema.refusals.placing import Cause, brief, said


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Report every statement that compiled before and is refused now, once a cause."""
    causes: dict[Cause, list[tuple[Statement, Trial]]] = {}
    for statement in case.statements:
        trial = case.trials.get(statement.id)
        if trial is None or trial.worked is not False or statement.worked is False:
            continue
        if lacking(case, trial.message):
            yield unproven(statement, trial.message, Layer.WORKLOAD)
            continue
        known = cause(case, statement, trial.code, trial.message)
        causes.setdefault(known, []).append((statement, trial))
    for known, refused in causes.items():
        yield _refused(case, known, refused)


def lacking(case: Case, message: str) -> bool:
    """Tell whether a message names something a scratch copy lacks."""
    absent = {name.partition("(")[0].rpartition(".")[2].lower() for name in case.missing}
    return not absent.isdisjoint(words(message))


def unproven(statement: Statement, message: str, layer: Layer) -> SchemaFinding:
    """Say that a refusal proves nothing."""
    return found(
        NOT_COMPARABLE,
        SchemaVerdict.UNKNOWN,
        f"statement {statement.id}",
        "A statement failed on a scratch copy of the new schema that lacks what it needs.",
        layer=layer,
        statements=(statement,),
        evidence=(fact("the server says", brief(message), layer),),
    )


def named(code: int | Code) -> str:
    """Return a code's name."""
    return BY_ROW[code].name if isinstance(code, int) else code.name


def _refused(case: Case, known: Cause, refused: list[tuple[Statement, Trial]]) -> SchemaFinding:
    worked = [each for each in refused if each[0].worked is True]
    shown = worked or refused
    trial = shown[0][1]
    return found(
        known.code,
        SchemaVerdict.BREAKING if worked else SchemaVerdict.UNKNOWN,
        known.object,
        f"The new schema refuses a statement of the old version: {brief(trial.message)}"
        if worked
        else "The new schema refuses a statement; whether it worked on the old one is not known: "
        + brief(trial.message),
        layer=Layer.WORKLOAD,
        statements=(statement for statement, _ in shown),
        evidence=(fact("the server says", said(trial.code, trial.message), Layer.WORKLOAD),),
        fix=fix(named(known.code), case, known.object, to=known.to),
    )
