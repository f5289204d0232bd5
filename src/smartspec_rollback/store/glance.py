"""A glance at a ledger for ids to complete: never makes, changes or waits for anything.

Called by ``ledgers``. What cannot be read has no ids; telling why is the commands' business.
"""

import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path

_PATIENCE = 0.2
_RECENT = 1000


class Ids(Enum):
    """Which ids to list, newest first."""

    DEPLOYMENTS = "SELECT id FROM deployments ORDER BY at DESC, seq DESC LIMIT ?"
    ROLLBACKS = "SELECT id FROM rollbacks ORDER BY seq DESC LIMIT ?"
    TOKENS = "SELECT id FROM tokens WHERE revoked_at IS NULL ORDER BY rowid DESC LIMIT ?"
    HOLDS = "SELECT id FROM holds WHERE in_force = 1 ORDER BY seq DESC LIMIT ?"


def glance(ledger: Path, which: Ids) -> tuple[str, ...]:
    """List the newest ids in a ledger; none where there is no ledger that can be read."""
    if not ledger.exists():
        return ()
    address = f"{ledger.absolute().as_uri()}?mode=rw"  # never makes a file; ro cannot read a WAL
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as db:
            db.execute("PRAGMA query_only = ON")
            return tuple(str(row[0]) for row in db.execute(which.value, (_RECENT,)))
    except (sqlite3.Error, OSError):
        return ()
