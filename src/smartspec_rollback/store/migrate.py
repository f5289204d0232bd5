"""Bringing a ledger's tables to the version this release knows, in one transaction each.

Called by ``sqlite_file`` when it makes or opens a ledger. Never goes back, and never touches a
ledger from a newer release.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from smartspec_rollback.errors import StoreCorrupt, StoreTooNew
from smartspec_rollback.store.faults import RESTORE

APPLICATION = 0x534D5253
"""``PRAGMA application_id`` of every ledger: no other database is taken for one."""

_FOLDER = Path(__file__).parent / "migrations"

MIGRATIONS: tuple[Path, ...] = tuple(
    _FOLDER / f"sqlite_{number:04}.sql" for number in (1, 2, 3, 4, 5)
)
"""The scripts in order; the first makes version 1, each further one the next version."""


def version_of(db: sqlite3.Connection) -> int:
    """Return the version of the ledger's tables, 0 for none."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def check(db: sqlite3.Connection, path: Path, migrations: tuple[Path, ...] = MIGRATIONS) -> bool:
    """Tell whether migrations are due; StoreTooNew or StoreCorrupt if this is no ledger of ours."""
    version, known = version_of(db), len(migrations)
    application = db.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION or version < 1:
        raise StoreCorrupt("the file is not a ledger", where=str(path), remedy=RESTORE)
    if version > known:
        raise StoreTooNew(
            f"the ledger has version {version}; this release knows versions up to {known}",
            where=str(path),
            remedy="install the release of smartspec-rollback that wrote it, or a newer one",
        )
    return version < known


def migrate(db: sqlite3.Connection, migrations: tuple[Path, ...] = MIGRATIONS) -> None:
    """Apply the migrations that are due, each with its version number in one transaction.

    ``db`` must be in autocommit mode. Processes that come at once wait for each other.
    """
    for number, script in enumerate(migrations, start=1):
        db.execute("BEGIN IMMEDIATE")
        try:
            if version_of(db) < number:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _statements(script: str) -> Iterator[str]:
    """Split a script where statements end; a trigger's body is part of its statement."""
    lines: list[str] = []
    for line in script.splitlines():
        if not lines and (not line.strip() or line.startswith("--")):
            continue
        lines.append(line)
        if line.rstrip().endswith(";") and sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines.clear()
