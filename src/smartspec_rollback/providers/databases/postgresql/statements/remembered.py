"""The statements a server itself remembers: pg_stat_statements, and what is missing from it.

Called by ``database``. Texts come as the server normalised them, constants as ``$1``. Left out are
what tools and people ask the system catalogs, utility statements, what functions run inside, and
our own questions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

from msgspec.structs import replace
from psycopg import sql

from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.connection import MARK, Session, Sessions
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, parse

SOURCE = "pg_stat_statements"
MOST = 20_000
"""Statements read at most, those called most often first."""

LONGEST = 1_000_000
"""Characters of a text beyond which it is not read."""

_HIDDEN = "<insufficient privilege>"
_ENABLE = "add it to shared_preload_libraries, restart, and run CREATE EXTENSION pg_stat_statements"

_INSTALLED = """
    SELECT n.nspname::text, current_setting('pg_stat_statements.max', true),
           current_setting('pg_stat_statements.track', true), current_user::text
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
"""

_VIEWS = """
    SELECT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'toplevel'),
           EXISTS (SELECT FROM pg_class i WHERE i.relnamespace = c.relnamespace
                   AND i.relname = 'pg_stat_statements_info')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = 'pg_stat_statements'
"""
"""Version 1.8 of the extension has neither, whatever the server's version is."""

_STATEMENTS: LiteralString = """
    SELECT left(query, %(longest)s + 1), sum(calls)::bigint, {toplevel} IS TRUE
    FROM {view}
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (%(role)s::text IS NULL OR query = %(hidden)s
           OR userid = (SELECT oid FROM pg_roles WHERE rolname = %(role)s::text))
      AND (query IS NULL OR strpos(query, %(mark)s) = 0 AND query !~* %(session)s)
    GROUP BY query, {toplevel} IS TRUE
    ORDER BY sum(calls) DESC, query
    LIMIT %(most)s + 1
"""

_INFO: LiteralString = """
    SELECT dealloc, stats_reset > now() - interval '1 day',
        to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') FROM {info}
"""

_SESSION = (
    r"^\s*(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare|deallocate|discard|"
    r"set|reset|show|fetch|move|close|listen|unlisten|notify)\M"
)
"""What only leads a session, often under ever new names; the server leaves it out by itself."""

_FIRST_WORD = re.compile(r"(?:\s|\(|/\*.*?\*/|--[^\n]*\n)*(\w+)", re.DOTALL)
_CURSOR = re.compile(
    r"\s*DECLARE\s+(?:\"(?:[^\"]|\"\")*\"|[\w$]+)\s+[A-Z\s]*?CURSOR\s+(?:WITH(?:OUT)?\s+HOLD\s+)?FOR\s",
    re.IGNORECASE,
)
_ASKED = frozenset(
    {
        "select", "insert", "update", "delete", "merge", "with", "values", "table",
        "copy", "call", "truncate", "refresh",
    }
)  # fmt: skip
"""How statements of applications begin; others set up sessions, or change the schema."""

_COPY_OUT = re.compile(
    r"\s*COPY\s+(?:\(.*\)|[\w$\".]+\s*(?:\([^)]*\))?)\s*TO\s", re.IGNORECASE | re.DOTALL
)
_SYSTEM = re.compile(r"\b(?:pg_|information_schema\b)", re.IGNORECASE)


@dataclass(frozen=True)
class _View:
    """The extension's views here: the schema they are in, and what this version of them has."""

    schema: str
    toplevel: bool
    info: bool


def statements(
    sessions: Sessions, *, deadline: Deadline
) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
    """Read the texts with how often each ran, and sentences on what is missing.

    Only those of the application's role, where one is configured.
    """
    with sessions.session(deadline) as session:
        installed = _one(session, _INSTALLED)
        if installed is None:
            return (), (f"pg_stat_statements is not installed in this database: {_ENABLE}",)
        schema, loaded, track, user = installed
        has = _one(session, _VIEWS, schema) or (False, False)
        view = _View(schema, *has)
        try:
            rows = _rows(session, view, sessions.role)
            info = _one(session, _named(_INFO, view)) if view.info else None
        except ProviderUnavailable:
            raise
        except ProviderError as error:
            if loaded is None:
                return (), (f"pg_stat_statements is not loaded by the server: {_ENABLE}",)
            return (), (f"pg_stat_statements could not be read: {error.what}",)
    texts = _texts(rows)
    return texts, tuple(_gaps(rows, info, track, user))


def _one(session: Session, query: LiteralString | sql.Composed, *values: str) -> Any:
    with session.transaction(as_application=False) as connection:
        return connection.execute(query, values or None).fetchone()


def _rows(session: Session, view: _View, role: str | None) -> list[tuple[Any, ...]]:
    """Read text, calls, and whether a client sent it (True where that is not recorded)."""
    with session.transaction(as_application=False) as connection:
        return connection.execute(
            _named(_STATEMENTS, view),
            {
                "role": role,
                "most": MOST,
                "longest": LONGEST,
                "hidden": _HIDDEN,
                "mark": MARK,
                "session": _SESSION,
            },
        ).fetchall()


def _named(query: LiteralString, view: _View) -> sql.Composed:
    return sql.SQL(query).format(
        view=sql.Identifier(view.schema, "pg_stat_statements"),
        info=sql.Identifier(view.schema, "pg_stat_statements_info"),
        toplevel=sql.SQL("toplevel" if view.toplevel else "true"),
    )


def _texts(rows: list[tuple[Any, ...]]) -> tuple[StatementText, ...]:
    """Make one text of those that differ in white space or by the name of a cursor only."""
    found: dict[str, StatementText] = {}
    for query, calls, toplevel in rows[:MOST]:
        if query is None or not toplevel or not _of_application(query):
            continue
        text = _CURSOR.sub("", query, count=1)
        long = len(text) > LONGEST
        made = StatementText(
            text=text[:LONGEST],
            source=SOURCE,
            calls=int(calls),
            problem=f"its text is longer than {LONGEST:,} characters" if long else None,
        )
        held = found.get(made.id)
        found[made.id] = (
            made if held is None else replace(held, calls=(held.calls or 0) + int(calls))
        )
    return tuple(found.values())


def _of_application(query: str) -> bool:
    """Tell whether an application could have sent this, rather than a tool, a person or we."""
    if query == _HIDDEN or SOURCE in query:
        return False
    if _CURSOR.match(query):
        return True
    word = _FIRST_WORD.match(query)
    if _COPY_OUT.match(query) or word is None or word[1].lower() not in _ASKED:
        return False
    return not _SYSTEM.search(query) or not _on_catalogs_only(query)


def _on_catalogs_only(query: str) -> bool:
    """Tell whether every relation it names is the system's own, and it names one."""
    parsed = parse(query)
    relations = [node for tree in parsed.trees for node in _range_vars(tree)]
    return bool(relations) and all(
        _SYSTEM.match(node.get("schemaname") or node.get("relname") or "") for node in relations
    )


def _range_vars(tree: object) -> Iterator[Tree]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "relname" in node:
                yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _gaps(rows: list[tuple[Any, ...]], info: Any, track: str | None, user: str) -> Iterator[str]:
    """Say what is missing, or may be."""
    hidden = sum(1 for query, _, _ in rows if query == _HIDDEN)
    if hidden:
        yield (
            f"pg_stat_statements hides the texts of {hidden} or more statements from {user}: "
            "grant it pg_read_all_stats"
        )
    if any(query is None for query, _, _ in rows):
        yield "pg_stat_statements lost its texts: its file could not be read or written"
    if len(rows) > MOST:
        yield f"pg_stat_statements has more than {MOST:,} statements: the rest is left out"
    if any(not toplevel for _, _, toplevel in rows):
        yield "what functions run inside is left out"
    if any(query and _COPY_OUT.match(query) for query, _, _ in rows):
        yield "COPY … TO is left out: it is taken for a backup"
    if track == "none":
        yield "pg_stat_statements records nothing: pg_stat_statements.track is none"
    if info is not None:
        evicted, young, since = info
        if evicted:
            yield (
                f"pg_stat_statements made room {evicted} times: statements called seldom are "
                "missing; raise pg_stat_statements.max"
            )
        if young:
            yield f"pg_stat_statements counts since {since} only: less than a day"
