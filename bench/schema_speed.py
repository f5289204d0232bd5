"""Recording and comparing schemas: a hundred tables and 500 statements, and 10,000 tables.

The bounds are those promised for a hundred tables. squawk, which reads the migration's text alone,
judges the same changes; see ``tests/mutations/peers.py`` for which of its rules count.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import psycopg
import schema_case
from figure import Figure, middle
from production import Ran, measured, script
from psycopg import sql
from setting import Setting

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script's own folder is all it looks into

from tests.mutations import peers

from smartspec_rollback import comparing
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock

TABLES = 100
COMPARE_WITHIN, RECORD_WITHIN = 5.0, 3.0
SMALL, LARGE, QUICK_SMALL, QUICK_LARGE = 1_000, 10_000, 200, 2_000
SAME_EACH = 1.5
"""How many times as long a table of many may take as one of few."""

_VERSION = 18
_SHARE = 0.95
_WITHIN = 60.0
_CLOCK = SystemClock()
_LOOK = comparing.Look(remembered=False)
_FLAGGED = {SchemaVerdict.BREAKING, SchemaVerdict.ATTENTION}
T = TypeVar("T")

_MANY_LOCKS = {"max_locks_per_transaction": "1024"}


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Measure on one server; the laboratory starts another for every comparison."""
    folder = setting.folder("schema")
    with Scratch(_VERSION, _MANY_LOCKS) as server, server.database() as url:
        _execute(url, schema_case.schema(TABLES))
        judged = _Judged(server, url, folder, quick=setting.quick)
        return (*judged.figures(), *_large(server, setting, folder))


class _Judged:
    """One small database, changed in every way, recorded and compared each time."""

    def __init__(self, server: Scratch, url: str, folder: Path, *, quick: bool) -> None:
        self._server = server
        self._template = url
        self._folder = folder
        self._changes = schema_case.changes()[:: 4 if quick else 1]
        self._statements = folder / "statements.sql"
        self._statements.write_text(";\n".join(schema_case.statements(TABLES)) + ";\n")
        self._seconds: dict[str, list[float]] = {"live": [], "recorded": [], "squawk": []}
        self._taken: list[float] = []
        self._said: list[SchemaVerdict] = []
        self._linted: list[frozenset[str]] = []

    def figures(self) -> Iterator[Figure]:
        """Judge each change by turns: on the live database, from records, by squawk."""
        before = self._snapshot("before", self._template, with_statements=True)
        for change in self._changes:
            self._taken.append(_timed(self._before_again)[0])
            with _copy(self._server, self._template) as url:
                _execute(url, [change.sql])
                self._judge(change, before, url)
        count = f"{TABLES} tables, {5 * TABLES} statements, {len(self._changes)} changes"
        yield _bounded("recording", self._taken, RECORD_WITHIN, count)
        yield _bounded(
            "comparing a record with a live database", self._seconds["live"], COMPARE_WITHIN, count
        )
        yield _bounded("comparing two records", self._seconds["recorded"], COMPARE_WITHIN, count)
        yield Figure(
            what="comparing with a live database, median",
            value=middle(self._seconds["live"]),
            unit="s",
            baseline=middle(self._seconds["squawk"]),
            against="squawk, which asks no database",
        )
        yield from self._verdicts()

    def _judge(self, change: schema_case.Change, before: Path, url: str) -> None:
        migration = self._folder / "migration.sql"
        migration.write_text(change.sql + "\n")
        after = self._snapshot("after", url, with_statements=False)
        seconds, live = _timed(partial(_compared, before, url, migration))
        self._seconds["live"].append(seconds)
        self._said.append(live)
        seconds, _ = _timed(partial(_compared, before, after, migration))
        self._seconds["recorded"].append(seconds)
        seconds, rules = _timed(partial(peers.rules, [change.sql]))
        self._seconds["squawk"].append(seconds)
        self._linted += rules

    def _before_again(self) -> None:
        self._snapshot("again", self._template, with_statements=True)

    def _snapshot(self, name: str, url: str, *, with_statements: bool) -> Path:
        found = (self._statements,) if with_statements else ()
        taken = comparing.snapshot(
            url,
            clock=_CLOCK,
            look=_LOOK,
            sources=comparing.Sources(statements=found),
            within=_WITHIN,
        )
        file = self._folder / f"{name}.json"
        file.write_bytes(msgspec.json.encode(taken.snapshot))
        return file

    def _verdicts(self) -> Iterator[Figure]:
        breaks = [change.breaks for change in self._changes]
        ours = [verdict in _FLAGGED for verdict in self._said]
        theirs = [bool(rules & peers.DEFAULT) for rules in self._linted]
        for what, wanted, bound in (
            ("changes that break, of which people are told (live)", True, "all"),
            ("changes that harm nobody, of which people are told (live)", False, "none"),
        ):
            mine, other = (
                sum(flag for flag, truth in zip(flags, breaks, strict=True) if truth is wanted)
                for flags in (ours, theirs)
            )
            yield Figure(
                what=f"{what}, of {breaks.count(wanted)}",
                value=mine,
                unit="changes",
                baseline=other,
                against="squawk",
                bound=bound,
                holds=mine == (breaks.count(True) if wanted else 0),
            )


def _large(server: Scratch, setting: Setting, folder: Path) -> Iterator[Figure]:
    """Record two databases of many tables by the command, each in a process of its own."""
    small, large = (QUICK_SMALL, QUICK_LARGE) if setting.quick else (SMALL, LARGE)
    few, many = (_recorded(server, folder, tables) for tables in (small, large))
    for what, unit, one, other in (
        ("time", "s", few.seconds, many.seconds),
        ("memory", "MB", few.bytes / 1e6, many.bytes / 1e6),
    ):
        most = large / small * SAME_EACH
        yield Figure(
            what=f"`smartspec schema snapshot` of {large:,} tables, {what}",
            value=other,
            unit=unit,
            baseline=one,
            against=f"{small:,} tables",
            bound=f"at most {most:g} times",
            holds=other <= most * one,
        )


def _recorded(server: Scratch, folder: Path, tables: int) -> Ran:
    with server.database() as url:
        _execute(url, schema_case.schema(tables))
        return measured(
            script("smartspec"), "schema", "snapshot", url, "--no-remembered", folder=folder
        )


def _compared(before: Path, after: str | Path, migration: Path) -> SchemaVerdict:
    return comparing.compare(
        str(before),
        str(after),
        clock=_CLOCK,
        look=_LOOK,
        sources=comparing.Sources(migrations=(migration,)),
        within=_WITHIN,
    ).verdict


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def _bounded(what: str, seconds: Sequence[float], bound: float, of: str) -> Figure:
    """Tell what no more than a twentieth of the runs exceeded."""
    worst = sorted(seconds)[math.ceil(_SHARE * len(seconds)) - 1]
    return Figure(
        what=f"{what}, 95th percentile ({of})",
        value=worst,
        unit="s",
        bound=f"at most {bound:g} s",
        holds=worst <= bound,
    )


@contextmanager
def _copy(server: Scratch, template: str) -> Iterator[str]:
    """Copy a database of the server; nobody may be connected to it meanwhile."""
    name = "changed"
    source = psycopg.conninfo.conninfo_to_dict(template)["dbname"]
    with server.connect() as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(str(source))))
    try:
        yield server.url(name)
    finally:
        with server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _execute(url: str, scripts: Iterator[str] | Sequence[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for text in scripts:
            connection.execute(text.encode())
