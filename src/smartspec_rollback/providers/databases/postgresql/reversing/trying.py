"""The writes between up and down: given ones, or made-up ones, and which of them make down fail.

Used by ``reversal``.
"""

import re
from itertools import count

import psycopg

from smartspec_rollback.domain.reversal import Loss
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.databases.postgresql.reversing.sandbox import Failed, Sandbox
from smartspec_rollback.providers.databases.postgresql.reversing.script import Command
from smartspec_rollback.providers.databases.postgresql.reversing.state import Column, State, Table
from smartspec_rollback.providers.databases.postgresql.reversing.writing import Writer
from smartspec_rollback.providers.sql_text import tokens

_FIRST = 5000
_MOST_CONSTANTS = 12
_LONGEST_CONSTANT = 60
_CONTROL = re.compile(
    r"\s*(?:BEGIN|START\s+TRANSACTION|COMMIT|END)\s*(?:TRANSACTION|WORK)?\s*$", re.IGNORECASE
)


def constants(commands: tuple[Command, ...]) -> tuple[str, ...]:
    """Take the short strings and numbers a migration names: values it may treat differently."""
    found: dict[str, None] = {}
    for command in commands:
        if command.rows is not None:
            continue
        for token in tokens(command.text):
            text = command.text[token.start : token.end]
            if token.kind == "string" and text.startswith("'"):
                text = text[1:-1].replace("''", "'")
            elif token.kind != "number":
                continue
            if len(text) <= _LONGEST_CONSTANT:
                found[text] = None
    return tuple(found)[:_MOST_CONSTANTS]


def touched(new: State, back: State, down: tuple[Command, ...]) -> frozenset[int]:
    """Find the tables that a down migration may do something to."""
    words = named(down)
    changed = {
        oid
        for oid, type_ in new.types.items()
        if oid not in back.types
        or (type_.labels, type_.checks, type_.not_null)
        != (back.types[oid].labels, back.types[oid].checks, back.types[oid].not_null)
    }
    return frozenset(
        oid
        for oid, table in new.tables.items()
        if table.name.lower() in words
        or oid not in back.tables
        or back.tables[oid].columns != table.columns
        or any(column.type in changed for column in table.columns)
        or _demands(new, oid) != _demands(back, oid)
    )


def named(commands: tuple[Command, ...]) -> frozenset[str]:
    """Collect every word of a script that could be the name of a table, in lower case."""
    return frozenset(
        command.text[t.start : t.end].strip('"').lower()
        for command in commands
        for t in tokens(command.text)
        if t.kind in ("word", "quoted")
    )


def _demands(state: State, table: int) -> set[str]:
    return {c.definition for c in state.constraints.values() if c.table == table}


def write(
    box: Sandbox,
    database: str,
    new: State,
    *,
    thorough: frozenset[int],
    given: tuple[Command, ...] | None,
    values: tuple[str, ...],
) -> int:
    """Write; give how many writes of ours were taken. UsageError where given writes fail."""
    with box.author(database) as author:
        if given is None:
            writer = Writer(author, new, box.check_time, count(_FIRST), values)
            writer.everything(thorough)
            return writer.written
        try:
            return sum(1 for _ in box.run(author, given))
        except Failed as error:
            raise UsageError(
                f"the writes fail: {error.message}",
                where=error.command.source,
                details=(error.command.short,),
            ) from None


def which_writes_fail(
    box: Sandbox,
    database: str,
    ways: tuple[State, State],
    *,
    down: tuple[Command, ...],
    failure: Failed,
    values: tuple[str, ...],
) -> list[Loss]:
    """Write one column at a time, go back, and roll both back; tell the columns that fail.

    ``ways`` are the new version's state, and the one after a reversal without writes. Nothing is
    told of scripts that cannot run inside of a transaction.
    """
    new, back = ways
    found = []
    commands = [command for command in down if not _CONTROL.match(command.text)]
    with box.author(database) as author:
        for oid, column in _suspects(new, back, down):
            table = new.tables[oid]
            writer = Writer(author, new, box.check_time, count(_FIRST), values)
            with author.transaction(force_rollback=True):
                if column is None:
                    writer.duplicate(table)
                else:
                    writer.column(table, column)
                error = _first_error(box, author, commands)
            if error is not None and error.sqlstate == failure.code:
                found.append(_failing(table, column, writer.written, failure))
    return found


def _suspects(
    new: State, back: State, down: tuple[Command, ...]
) -> list[tuple[int, Column | None]]:
    """Choose the columns whose type, NOT NULL or constraints come back; all, where none does.

    None stands for duplicates of whole rows.
    """
    tables = sorted(touched(new, back, down))
    found: list[tuple[int, Column | None]] = []
    for oid in tables:
        after = back.tables.get(oid)
        there = {c.number: c for c in after.columns} if after is not None else {}
        known = _demands(new, oid)
        fresh = [
            c for c in back.constraints.values() if c.table == oid and c.definition not in known
        ]
        bound = {number for c in fresh if c.kind in "cf" for number in c.columns}
        for column in new.tables[oid].stored:
            now = there.get(column.number)
            if column.number in bound or (
                now is not None
                and (now.type, now.modifier, now.not_null)
                != (column.type, column.modifier, column.not_null)
            ):
                found.append((oid, column))
        if any(c.kind in "pux" for c in fresh):
            found.append((oid, None))
    return found or [(oid, column) for oid in tables for column in (*new.tables[oid].stored, None)]


def _first_error(
    box: Sandbox, author: "psycopg.Connection[tuple[object, ...]]", commands: list[Command]
) -> psycopg.Error | None:
    for command in commands:
        try:
            box.execute(author, command)
        except psycopg.Error as error:
            return error
    return None


def _failing(table: Table, column: Column | None, rows: int, failure: Failed) -> Loss:
    return Loss(
        relation=table.qualified,
        column=None if column is None else column.name,
        rows=rows,
        statement=failure.command.short,
        what=f"with such {'rows' if column is None else 'values'} written, reversing fails: "
        f"{failure.message}",
    )
