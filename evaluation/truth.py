"""What really happens to old statements on a new schema: found by the server, never by judging.

Independent of the product on purpose. A step breaks where a statement that compiled on the old
schema does not compile on the new one, takes or gives other types, or leaves a required column out.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import pq

Connection = psycopg.Connection[tuple[Any, ...]]
_ALIKE = ({"text", "character varying", "character", "citext", "name"},)
_WIDER = {
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("integer", "bigint"),
}
_VALUES = {
    "boolean": "true",
    "uuid": "9b0a62a4-3b0f-4a2e-8f6e-1d2f3c4b5a69",
    "json": "{}",
    "date": "2026-01-01",
    "inet": "127.0.0.1",
    "bytea": "\\x00",
    "timestamp": "2026-01-01 00:00:00+00",
    "time": "00:00:00",
    "interval": "1 day",
}
_NOT_NULL, _WRONG_NAMES = "23502", "42"
"""Refusals that no other value would have prevented: a missing one, and a wrong statement."""


@dataclass(frozen=True)
class Described:
    """The types a statement takes and gives; ``error`` where it does not compile."""

    takes: tuple[str, ...] = ()
    gives: tuple[tuple[str, str], ...] = ()
    error: str | None = None


class Schema:
    """One database to ask."""

    def __init__(self, url: str) -> None:
        """Connect."""
        self._connection: Connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        self._types: dict[int, str] = {}

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    def describe(self, text: str) -> Described:
        """Compile a statement and name its types."""
        raw = self._connection.pgconn
        made = raw.prepare(b"", text.encode())
        if made.status != pq.ExecStatus.COMMAND_OK:
            return Described(error=made.error_message.decode(errors="replace"))
        got = raw.describe_prepared(b"")
        takes = tuple(self._type(got.param_type(i)) for i in range(got.nparams))
        gives = tuple(
            ((got.fname(i) or b"").decode(), self._type(got.ftype(i))) for i in range(got.nfields)
        )
        return Described(takes, gives)

    def run(self, text: str, takes: tuple[str, ...]) -> psycopg.Error | None:
        """Run a statement with made-up values, and undo it; what the server says against it."""
        values = tuple(self._value(kind) for kind in takes)
        try:
            with self._connection.transaction(force_rollback=True):
                cursor = psycopg.RawCursor(self._connection)
                cursor.execute(text.encode(), values, prepare=False)
        except psycopg.Error as error:
            return error
        return None

    def _type(self, oid: int) -> str:
        if oid not in self._types:
            row = self._connection.execute("SELECT format_type(%s, NULL)", (oid,)).fetchone()
            self._types[oid] = str(row[0]) if row else str(oid)
        return self._types[oid]

    def _value(self, kind: str) -> object:
        if kind.endswith("[]"):
            return f"{{{self._value(kind.removesuffix('[]'))}}}"
        for start, value in _VALUES.items():
            if kind.startswith(start):
                return value
        return self._label(kind) or "1"

    def _label(self, kind: str) -> str | None:
        row = self._connection.execute(
            "SELECT enumlabel FROM pg_enum WHERE enumtypid = to_regtype(%s) LIMIT 1", (kind,)
        ).fetchone()
        return str(row[0]) if row else None


def broken(old: Schema, new: Schema, statements: tuple[str, ...]) -> dict[str, str]:
    """Name the statements that really break, each with how."""
    problems = ((text, _problem(old, new, text)) for text in statements)
    return {text: problem for text, problem in problems if problem is not None}


def _problem(old: Schema, new: Schema, text: str) -> str | None:
    was = old.describe(text)
    if was.error is not None:
        return None
    now = new.describe(text)
    if now.error is not None:
        return now.error.strip()
    return _types_differ(was, now) or _refused(old.run(text, was.takes), new.run(text, now.takes))


def _refused(was: psycopg.Error | None, now: psycopg.Error | None) -> str | None:
    """Say what the new schema has against a statement, whatever values it is run with."""
    if now is None or (was is not None and was.sqlstate == now.sqlstate):
        return None
    of_any_value = now.sqlstate == _NOT_NULL or (now.sqlstate or "").startswith(_WRONG_NAMES)
    return str(now).partition("\n")[0] if of_any_value else None


def _types_differ(was: Described, now: Described) -> str | None:
    if len(was.gives) > len(now.gives):
        return "fewer columns"
    for (name, old), (other, new) in zip(was.gives, now.gives, strict=False):
        if name != other or not (_same(old, new) or (old, new) in _WIDER):
            return f"{name} {old} became {other} {new}"
    for old, new in zip(was.takes, now.takes, strict=True):
        if not (_same(old, new) or (old, new) in _WIDER):
            return f"a parameter of {old} became {new}"
    return None


def _same(old: str, new: str) -> bool:
    if old == new:
        return True
    bare = {old.removesuffix("[]"), new.removesuffix("[]")}
    return old.endswith("[]") == new.endswith("[]") and any(bare <= alike for alike in _ALIKE)
