"""What came of compiling statements, as descriptions and as trials.

Called by the modules that compile, one for each kind of database. Where compiling shows less than
it seems to, the doubt is the trial's message.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.providers.databases.dialects import doubts


@dataclass(frozen=True)
class Outcome:
    """What came of one statement; ``worked`` None: that is not known."""

    worked: bool | None
    code: str | None = None
    message: str = ""


NO_TIME = Outcome(None, message="no time was left to try it")


def described(
    texts: tuple[StatementText, ...],
    read: tuple[Statement, ...],
    outcomes: Mapping[str, Outcome],
) -> tuple[Statement, ...]:
    """Say of statements as they were read whether they work; ``outcomes`` are by id."""
    return tuple(
        _described(text, statement, outcomes[statement.id])
        for text, statement in zip(texts, read, strict=True)
    )


def _described(text: StatementText, statement: Statement, outcome: Outcome) -> Statement:
    if text.problem is not None or outcome.worked is None:
        return replace(statement, problem=statement.problem or outcome.message or None)
    problem = statement.problem if outcome.worked else outcome.message
    return replace(statement, worked=outcome.worked, problem=problem)


def tried(
    statements: tuple[Statement, ...], outcomes: Mapping[str, Outcome], catalog: Catalog
) -> tuple[Trial, ...]:
    """Make the trials on the schema ``catalog``; ``outcomes`` are by id."""
    return tuple(_tried(each, outcomes[each.id], catalog) for each in statements)


def _tried(statement: Statement, outcome: Outcome, catalog: Catalog) -> Trial:
    doubt = doubts.of(statement, catalog) if outcome.worked else None
    return Trial(
        statement=statement.id,
        worked=None if doubt is not None else outcome.worked,
        code=outcome.code,
        message=doubt or outcome.message,
    )
