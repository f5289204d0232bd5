"""Reads a plain folder of numbered SQL files, which is also what sqlx and Diesel keep.

``001_x.sql`` in natural order; ``001_x.up.sql`` beside ``001_x.down.sql``; or folders
``2024-01-01-000000_x`` with ``up.sql`` and ``down.sql``. Called through ``TOOLS``.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import (
    Reader,
    Reading,
    from_sql,
    natural,
    report_duplicates,
)

_FILE = re.compile(r"(?P<base>[^/]+?)(?:\.(?P<way>up|down|undo))?\.sql", re.IGNORECASE)
_IN_FOLDER = re.compile(r"(?P<base>[^/]+)/(?P<way>up|down)\.sql")
_VERSION = re.compile(r"[vV]?(?P<version>[0-9]+(?:[-.][0-9]+)*)(?:[_. -]+(?P<name>.*))?")
_UNTRANSACTED = "-- no-transaction"


def _recognises(reading: Reading) -> bool:
    files = reading.named(_FILE)
    return any(_VERSION.fullmatch(file["base"]) for file in files) or bool(
        reading.named(_IN_FOLDER, deep=True)
    )


def _read(reading: Reading) -> list[Migration]:
    found = sorted(_migrations(reading), key=lambda migration: natural(migration.path))
    report_duplicates(reading, found)
    return found


def _migrations(reading: Reading) -> Iterator[Migration]:
    files = reading.named(_FILE) + reading.named(_IN_FOLDER, deep=True)
    ways: dict[str, dict[bool, str]] = {}
    for file in files:
        forth = (file["way"] or "up").lower() == "up"
        ways.setdefault(file["base"], {})[forth] = file.string
    for path in reading.paths:
        if path.endswith(".sql") and path not in {file.string for file in files}:
            reading.problem(path, "it is in a folder of its own; not read")
    for base, paths in ways.items():
        parts = _VERSION.fullmatch(base)
        if True not in paths:
            reading.problem(paths[False], "there is no file for the way forth beside it")
        yield from_sql(
            reading,
            # Diesel writes 2024-01-01-000000 in names, and the digits alone in its ledger.
            version=parts["version"].replace("-", "") if parts else base,
            name=(parts["name"] or "") if parts else base,
            up=paths.get(True),
            down=paths.get(False),
            untransacted=_UNTRANSACTED,
        )


PLAIN = Reader("plain", _recognises, _read)


def _is_reversible(reading: Reading) -> bool:
    return any(file["way"] in {"up", "down"} for file in reading.named(_FILE))


SQLX = Reader("sqlx", _is_reversible, _read)
