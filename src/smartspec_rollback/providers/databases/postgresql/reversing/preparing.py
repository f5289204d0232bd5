"""The two schemas a reversal goes between: the old one with rows, and a copy that was migrated.

Used by ``reversal``. Rows are made as unusual as the up migration lets them be: what it does to
them is a part of what has to come back.
"""

from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.databases.postgresql.reversing import schema_lines, state
from smartspec_rollback.providers.databases.postgresql.reversing.sandbox import Failed, Sandbox
from smartspec_rollback.providers.databases.postgresql.reversing.script import Command
from smartspec_rollback.providers.databases.postgresql.reversing.state import State
from smartspec_rollback.providers.databases.postgresql.reversing.writing import Writer


class Rows(Enum):
    """What rows are made up for the old schema, the best first."""

    UNUSUAL = auto()
    WITH_NULLS = auto()
    FILLED = auto()
    NONE = auto()


@dataclass(frozen=True)
class Seen:
    """A database as it is at one moment: its name, its rows, its schema as lines."""

    database: str
    state: State
    lines: frozenset[str]


def look(box: Sandbox, database: str) -> Seen:
    """Read all of a database that nobody is changing."""
    with box.reader(database) as reader:
        return Seen(database, state.read(reader), schema_lines.lines(reader))


def prepare(
    box: Sandbox, before: tuple[Command, ...], up: tuple[Command, ...], named: frozenset[str]
) -> tuple[Seen, Seen, Rows]:
    """Load the old schema, migrate a copy, and tell which rows up let in.

    ``named`` are the words of the migration: tables called so get unusual rows. UsageError where
    the schema cannot be loaded, or up fails without any made-up rows.
    """
    failure: Failed | None = None
    for rows in Rows:
        old = _load(box, before, named, rows)
        database = box.make(old.database)
        try:
            with box.author(database) as author:
                for _ in box.run(author, up):
                    pass
        except Failed as error:
            failure = error
        else:
            return old, look(box, database), rows
    raise _broken("the up migration fails", failure)


def _load(box: Sandbox, before: tuple[Command, ...], named: frozenset[str], rows: Rows) -> Seen:
    database = box.make()
    try:
        with box.author(database) as author:
            for _ in box.run(author, before, lenient=True):
                pass
    except Failed as error:
        raise _broken("the schema from before cannot be loaded", error) from None
    if rows is not Rows.NONE:
        empty = look(box, database).state
        thorough = frozenset(oid for oid, t in empty.tables.items() if t.name.lower() in named)
        with box.author(database) as author:
            Writer(author, empty, box.check_time, count(1)).ordinary(
                nulls=rows is not Rows.FILLED,
                thorough=thorough if rows is Rows.UNUSUAL else frozenset(),
            )
    return look(box, database)


def _broken(what: str, failure: Failed | None) -> UsageError:
    if failure is None:
        return UsageError(what)
    return UsageError(
        f"{what}: {failure.message}",
        where=failure.command.source,
        details=(failure.command.short,),
    )
