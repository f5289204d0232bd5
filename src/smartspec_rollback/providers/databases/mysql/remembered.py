"""The statements a server itself remembers: performance_schema's digests, and what they lack.

Called by ``database``. Texts come as the server normalised them: ``?`` for constants, lists cut
short. Left out are questions about the system's own tables, what only leads a session, and ours.
"""

import re
from collections.abc import Iterator
from typing import Any

from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects.counting import MARK
from smartspec_rollback.providers.databases.dialects.parsing import first_word
from smartspec_rollback.providers.databases.mysql.connection import NAME, Sessions

SOURCE = "performance_schema"
MOST = 20_000
"""Statements read at most, those called most often first."""

_ENABLE = "start the server with performance_schema=ON"
_GRANT = "GRANT SELECT ON performance_schema.* to the URL's user"
_STATEMENTS = """
    SELECT DIGEST_TEXT, SUM(COUNT_STAR), SUM(SUM_ERRORS)
    FROM performance_schema.events_statements_summary_by_digest
    WHERE SCHEMA_NAME = DATABASE() AND DIGEST_TEXT IS NOT NULL
    GROUP BY DIGEST_TEXT ORDER BY 2 DESC, 1 LIMIT %s
"""
_LOST = """
    SELECT COUNT_STAR FROM performance_schema.events_statements_summary_by_digest
    WHERE SCHEMA_NAME IS NULL AND DIGEST IS NULL
"""
_FRESH = """
    SELECT VARIABLE_VALUE FROM {schema}.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Uptime'
"""
_DAY = 86_400
_ASKED = frozenset({"select", "insert", "replace", "update", "delete", "with", "call", "load"})
_SYSTEM = re.compile(r"`?(?:information_schema|performance_schema|mysql|sys)`?\s*\.", re.IGNORECASE)
_SPACED = re.compile(
    r"\b(ADDDATE|BIT_AND|BIT_OR|BIT_XOR|CAST|COUNT|CURDATE|CURTIME|DATE_ADD|DATE_SUB|EXTRACT"
    r"|GROUP_CONCAT|JSON_ARRAYAGG|JSON_OBJECTAGG|MAX|MID|MIN|NOW|POSITION|STD|STDDEV|STDDEV_POP"
    r"|STDDEV_SAMP|SUBDATE|SUBSTR|SUBSTRING|SUM|SYSDATE|TRIM|VARIANCE|VAR_POP|VAR_SAMP) \(",
    re.IGNORECASE,
)
"""Functions whose bracket has to follow at once; digests put a blank before every bracket."""

_REPEATED = re.compile(r"/\* , \.\.\. \*/|,\s*\.\.\.(?=\s|\)|$)")
_INSERTED = re.compile(
    r"^\s*(?:INSERT|REPLACE)\b.*?\(([^()]*)\)\s*VALUES?\s*\(\.\.\.\)", re.IGNORECASE | re.DOTALL
)
_VALUES = re.compile(r"(\bVALUES?\s*)\(\.\.\.\)", re.IGNORECASE)
_CUT = "..."


def statements(
    sessions: Sessions, *, deadline: Deadline
) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
    """Read the texts with how often each ran, and sentences on what is missing."""
    with sessions.session(deadline) as session:
        if not int(session.ask("SELECT @@global.performance_schema")[0][0]):
            return (), (f"performance_schema is off, so no statements are remembered: {_ENABLE}",)
        try:
            rows = session.ask(_STATEMENTS, (MOST + 1,))
            lost = session.ask(_LOST)
        except ProviderUnavailable:
            raise
        except ProviderError as error:
            gap = f"performance_schema could not be read: {error.what}"
            return (), (f"{gap}; {_GRANT}",)
        schema = "information_schema" if session.mariadb else "performance_schema"
        uptime = int(session.ask(_FRESH.format(schema=schema))[0][0])
    return _texts(rows), tuple(_gaps(rows, lost, uptime))


def _texts(rows: list[tuple[Any, ...]]) -> tuple[StatementText, ...]:
    found: dict[str, StatementText] = {}
    for digest, calls, errors in rows[:MOST]:
        text = digest.decode(errors="replace") if isinstance(digest, bytes) else str(digest)
        if not _of_application(text) or int(errors) >= int(calls):
            continue  # what always failed is no statement of an application that works
        whole = restored(text)
        cut = whole.rstrip().endswith(_CUT)
        made = StatementText(
            text=whole,
            source=SOURCE,
            calls=int(calls),
            problem="the server cut it off; raise max_digest_length" if cut else None,
        )
        found.setdefault(made.id, made)
    return tuple(found.values())


def _of_application(text: str) -> bool:
    """Tell whether an application could have sent this, rather than a tool, a person or we."""
    if MARK in text or NAME in text or first_word(text) not in _ASKED:
        return False
    if "@@" in text and not re.search(r"\bFROM\b", text):
        return False  # settings, which clients ask for when they connect
    return _SYSTEM.search(text) is None


def restored(digest: str) -> str:
    """Make SQL of a digest again: give lists that were cut short one value, or one a column."""
    text = _SPACED.sub(r"\1(", digest)
    if (given := _INSERTED.match(text)) is not None:
        values = ", ".join("?" * (given[1].count(",") + 1))
        text = _VALUES.sub(rf"\1({values})", text, count=1)
    text = _REPEATED.sub("", text)
    return re.sub(r"\(\.\.\.\)", "(?)", text).strip()


def _gaps(rows: list[Any], lost: list[Any], uptime: int) -> Iterator[str]:
    """Say what is missing, or may be."""
    evicted = sum(int(row[0]) for row in lost)
    if evicted:
        yield (
            f"performance_schema had no room for {evicted} calls: raise "
            "performance_schema_digests_size"
        )
    if len(rows) > MOST:
        yield f"performance_schema has more than {MOST:,} statements: the rest is left out"
    if uptime < _DAY:
        yield f"the server was started {uptime // 60} minutes ago, and remembers nothing older"
