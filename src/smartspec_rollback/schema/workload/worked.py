"""Which statements count: only what worked on the old schema can be broken by the new one.

Called by ``compare``. A statement is left out only where the server certainly refused it; one that
could not be tried, or that our way of asking may have spoiled, stays and counts as not understood.
"""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from smartspec_rollback.domain.workload import Statement, Trial
from smartspec_rollback.schema.reading.words import words

_OURS = re.compile(r"syntax error|could not determine data type|42601|42P18|42P08", re.IGNORECASE)
"""Refusals that come of asking about a text whose constants were replaced by parameters."""


def worked_before(
    statements: tuple[Statement, ...], trials: Iterable[Trial], missing: frozenset[str]
) -> tuple[tuple[Statement, ...], int]:
    """Return the statements that count, and how many were left out as never having worked.

    ``trials`` are those on a scratch copy of the old schema, which lacks ``missing``.
    """
    tried = {each.statement: each for each in trials}
    kept = []
    for statement in statements:
        verdict = _worked(statement, tried.get(statement.id), missing)
        if verdict is not False:
            kept.append(replace(statement, worked=verdict))
    return tuple(kept), len(statements) - len(kept)


def _worked(statement: Statement, trial: Trial | None, missing: frozenset[str]) -> bool | None:
    """Say whether it worked: False only if that is certain."""
    if statement.worked is True or (trial is not None and trial.worked is True):
        return True
    if statement.worked is False:
        return None if _OURS.search(statement.problem or "") else False
    if trial is None or trial.worked is None or _OURS.search(f"{trial.code} {trial.message}"):
        return None
    absent = {name.rpartition(".")[2].lower() for name in missing}
    if absent & (words(trial.message) | words(statement.text)):
        return None
    return False
