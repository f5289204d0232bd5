"""Which statement loses what: the database is looked at after every one of them.

Used by ``reversal``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from smartspec_rollback.domain.reversal import Loss
from smartspec_rollback.providers.databases.postgresql.reversing import state
from smartspec_rollback.providers.databases.postgresql.reversing.comparing import (
    Lost,
    Outcome,
    compare,
)
from smartspec_rollback.providers.databases.postgresql.reversing.sandbox import Sandbox
from smartspec_rollback.providers.databases.postgresql.reversing.script import Command
from smartspec_rollback.providers.databases.postgresql.reversing.state import State

_MOST_STEPS = 60
"""Longer scripts are executed without looking in between."""


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, and the database right after it."""

    command: Command
    after: State


def stepping(box: Sandbox, database: str, commands: tuple[Command, ...]) -> Iterator[Step]:
    """Execute a script, looking at the rows after each statement; Failed where one fails."""
    with box.author(database) as author:
        for command in box.run(author, commands):
            if len(commands) <= _MOST_STEPS and (seen := _look(author)) is not None:
                yield Step(command, seen)


def _look(author: state.Connection) -> State | None:
    """Look with the author's own eyes, who alone sees what is not committed yet."""
    if author.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
        return None
    try:
        with author.transaction(force_rollback=True):
            author.execute("SET LOCAL search_path = pg_catalog")
            return state.read(author)
    except psycopg.Error:
        return None


def culprits(
    expected: State, outcome: Outcome, steps: list[Step]
) -> dict[tuple[int, int | None], str]:
    """Name for everything lost the first statement from which on it was gone for good."""
    blamed: dict[tuple[int, int | None], str] = {}
    open_ = {(each.table, each.column) for each in outcome.lost}
    for step in reversed(steps):
        if not open_:
            break
        seen = compare(expected, step.after, lambda values, _: values)
        missing = {(each.table, each.column) for each in seen.lost}
        open_ = {key for key in open_ if key in missing or (key[0], None) in missing}
        blamed |= dict.fromkeys(open_, step.command.short)
    return blamed


def what_was_lost(
    expected: State,
    outcome: Outcome,
    script: str,
    blamed: Mapping[tuple[int, int | None], str],
    *,
    already: Outcome | None = None,
) -> Iterator[Loss]:
    """Say what is lost, in names; ``already``: what the up migration alone loses."""
    before = {(each.table, each.column) for each in already.lost} if already is not None else set()
    for lost in outcome.lost:
        table = expected.tables[lost.table]
        column = next((c.name for c in table.columns if c.number == lost.column), None)
        key = (lost.table, lost.column)
        by_up = key in before or (lost.table, None) in before
        yield Loss(
            relation=table.qualified,
            column=column,
            rows=lost.rows,
            statement="" if by_up else blamed.get(key, ""),
            what=_words(lost, script, by_up=by_up),
        )


def _words(lost: Lost, script: str, *, by_up: bool) -> str:
    rows = "1 row" if lost.rows == 1 else f"{lost.rows} rows"
    what = rows if lost.column is None else f"values in {rows}"
    if by_up:
        return f"{what} of the old version: already lost by the up migration, and not restored"
    return f"{what}: lost by the {script} migration"
