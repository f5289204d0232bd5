"""A point in a PostgreSQL server's own time, from which later writes can be told.

Taken by ``database`` when a deployment is recorded, read again by ``probes``. Reads only, assigns
no transaction id, and runs on any primary from PostgreSQL 14 on.

What is relied on. ``pg_current_snapshot()`` is ``xmin:xmax:in progress``: ids from xmax on were not
yet given out; those in progress had not committed. A row version carries in its ``xmin`` the id of
whoever wrote it, and keeps it through VACUUM, VACUUM FREEZE and VACUUM FULL (freezing sets a flag
beside it). So a row whose xmin is at or after xmax, or in progress, was certainly committed after
the mark, and one before xmin certainly was not written since. Between the two lies doubt: the list
names no subtransactions (savepoints), so such a row may belong to a transaction that was open at
the mark; ``probes`` counts those apart and never calls them old.

The write counters (``n_tup_*``) are no proof of anything: servers report them up to a second late
or when a session ends, count what was rolled back, and forget them after a crash. They are shown
beside an answer, never taken for one.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from smartspec_rollback.domain.schema_record import Counter, Mark
from smartspec_rollback.providers.databases.postgresql.connection import Connection

_CIRCLE = 2**32
"""Row versions keep the lower 32 bits of a transaction id."""

_PLACE = """
SELECT s.system_identifier::text, d.oid::text,
       pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8),
       pg_catalog.pg_current_wal_lsn()::text, pg_catalog.pg_current_snapshot()::text
FROM pg_catalog.pg_control_system() AS s, pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database() AND NOT pg_catalog.pg_is_in_recovery()
"""
_RESET = """
SELECT stats_reset::text FROM pg_catalog.pg_stat_database
WHERE datname = pg_catalog.current_database()
"""
_COUNTERS = """
SELECT schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del
FROM pg_catalog.pg_stat_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
ORDER BY 1
"""
_WRITTEN_FORM = re.compile(
    r"(?P<system>\d{1,20})/(?P<database>\d{1,10})/(?P<timeline>[0-9A-F]{8})"
    r"@(?P<high>[0-9A-F]{1,8})/(?P<low>[0-9A-F]{1,8}) "
    r"(?P<xmin>\d{1,20}):(?P<xmax>\d{1,20}):(?P<open>[\d,]*)"
)


@dataclass(frozen=True)
class Moment:
    """What ``Mark.transaction`` spells: which server, how far its log was, which ids were open.

    ``place`` is system identifier, database and timeline: a dump restored elsewhere, a server
    upgraded, restored or promoted since then is another place, whose ids say nothing of ours.
    """

    place: tuple[str, str, str]
    log: int
    xmin: int
    xmax: int
    open: tuple[int, ...]

    @property
    def low_open(self) -> list[str]:
        """The open ids as row versions carry them."""
        return [low(each) for each in self.open]


def low(transaction: int) -> str:
    """Spell a transaction id as row versions carry it: its lower 32 bits."""
    return str(transaction % _CIRCLE)


def mark(connection: Connection, at: datetime) -> Mark:
    """Take the mark inside a read-only transaction of ``connection``.

    ``transaction`` is None where the server would not say it: a standby (it does not list all that
    is open), or a service that hides its log position. Counters that are zero are left out.
    """
    reset = connection.execute(_RESET).fetchone()
    counters = connection.execute(_COUNTERS).fetchall()
    return Mark(
        at=at,
        transaction=_where(connection),
        counters=tuple(
            Counter(relation=str(name), inserted=int(i), updated=int(u), deleted=int(d))
            for name, i, u, d in counters
        ),
        stats_reset=None if reset is None or reset[0] is None else str(reset[0]),
    )


def moment(connection: Connection) -> Moment | None:
    """Read where the server is now, in the terms of a mark; None as in ``mark``."""
    written = _where(connection)
    return None if written is None else read(written)


def read(transaction: str) -> Moment | None:
    """Read ``Mark.transaction``; None where it is not of our making."""
    found = _WRITTEN_FORM.fullmatch(transaction)
    if found is None or not re.fullmatch(r"(\d{1,20}(,\d{1,20})*)?", found["open"]):
        return None
    moment = Moment(
        place=(found["system"], found["database"], found["timeline"]),
        log=int(found["high"], 16) << 32 | int(found["low"], 16),
        xmin=int(found["xmin"]),
        xmax=int(found["xmax"]),
        open=tuple(int(each) for each in found["open"].split(",") if each),
    )
    return moment if moment.xmin <= moment.xmax else None


def _where(connection: Connection) -> str | None:
    try:
        with connection.transaction():  # a savepoint: a refusal must not end the caller's look
            row: tuple[Any, ...] | None = connection.execute(_PLACE).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported):
        return None
    if row is None:
        return None
    system, database, timeline, log, snapshot = row
    return f"{system}/{database}/{timeline}@{log} {snapshot}"
