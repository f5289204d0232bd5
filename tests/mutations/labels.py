"""What a mutation really does to the old version: found by running it, never by judging.

Every act of the old version is executed with its values, each in a transaction that is rolled
back, first on the old schema and then on the changed one. It breaks where an act fails, where a
row is not what the application assumes, or where an answer changed in a column it reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from tests.mutations.application import ACTS, Act
from tests.mutations.cases import Mutation

SCHEMA = (Path(__file__).parent / "schema.sql").read_text("utf-8")
ROLE = "shop_app"

Answer = list[dict[str, Any]]


@dataclass(frozen=True)
class Label:
    """Whether the old version breaks, and how: one sentence for each act that does."""

    breaks: bool
    how: tuple[str, ...]


def prepare(url: str) -> None:
    """Make the old schema with its rows in an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone()
        text = SCHEMA if known is None else SCHEMA.replace(f"CREATE ROLE {ROLE} NOLOGIN;", "")
        connection.execute(text.encode())


def mutate(url: str, mutation: Mutation) -> None:
    """Apply the new version's migration, and write what the new version writes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(mutation.sql.encode())
        if mutation.writes:
            connection.execute(mutation.writes.encode())


def answers(url: str) -> list[Answer | str]:
    """Run every act; each gives its rows, or what the server said."""
    with psycopg.connect(url, row_factory=dict_row, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute(SQL("SET ROLE {}").format(Identifier(ROLE)))
        connection.commit()
        return [_answer(connection, act) for act in ACTS]


def label(before: list[Answer | str], after: list[Answer | str], mutation: Mutation) -> Label:
    """Compare the answers of both databases."""
    how = [
        f"{act.sql[:60]}: {problem}"
        for act, old, new in zip(ACTS, before, after, strict=True)
        if (problem := _problem(act, old, new, compared=not mutation.writes)) is not None
    ]
    return Label(bool(how), tuple(how))


def _answer(connection: "psycopg.Connection[dict[str, Any]]", act: Act) -> Answer | str:
    try:
        cursor = connection.execute(act.sql.encode(), act.values, prepare=False)
        found = list(cursor.fetchall()) if cursor.description else [{"rows": cursor.rowcount}]
        # Deferred constraints speak at the end.
        connection.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return f"{error.sqlstate} {str(error).partition(chr(10))[0]}"
    else:
        return found
    finally:
        connection.rollback()


def _problem(act: Act, old: Answer | str, new: Answer | str, *, compared: bool) -> str | None:
    if isinstance(old, str):
        raise AssertionError(f"the old version never worked: {act.sql}: {old}")  # noqa: TRY004 - it is the suite that is wrong
    if isinstance(new, str):
        return new
    if not all(_holds(act, row) for row in new):
        return "a row is not what the application assumes"
    stable = [name for name in (old[0] if old else ()) if name not in act.volatile]
    if compared and len(old) != len(new):
        return f"{len(new)} rows instead of {len(old)}"
    if not compared:
        return next(_retyped(old, new, stable), None)
    for was, now in zip(old, new, strict=True):
        for name in stable:
            if name not in now or (was[name], type(was[name])) != (now[name], type(now[name])):
                return f"{name} was {was[name]!r} and is {now.get(name)!r}"
    return None


def _holds(act: Act, row: dict[str, Any]) -> bool:
    """Tell whether the application can go on with a row; where it would raise, it cannot."""
    try:
        return act.holds(row)
    except (TypeError, KeyError):
        return False


def _retyped(old: Answer, new: Answer, names: list[str]) -> Iterator[str]:
    """Find columns whose values got another type, where rows themselves may differ."""
    for name in names:
        types = {type(row[name]) for row in old} | {type(None)}
        for row in new:
            if name not in row or type(row[name]) not in types:
                yield f"{name} is {row.get(name)!r}"
                return
