"""Reads Prisma's folder: ``20240101120000_name/migration.sql``, in the order of the names.

Prisma itself keeps no way back; a ``down.sql`` beside it is what its guide has people write by
hand. Called through ``TOOLS``.
"""

import re

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import Reader, Reading, from_sql

_FILE = re.compile(r"(?:migrations/)?(?P<folder>[^/]+)/migration\.sql")
_FOLDER = re.compile(r"(?:migrations/)?(?P<folder>[0-9]{4,}_?[^/]*)")


def _recognises(reading: Reading) -> bool:
    return bool(reading.named(_FILE, deep=True))


def _read(reading: Reading) -> list[Migration]:
    found = []
    files = {file["folder"]: file.string for file in reading.named(_FILE, deep=True)}
    for folder, path in sorted(files.items()):
        down = path.removesuffix("migration.sql") + "down.sql"
        found.append(
            from_sql(
                reading,
                version=folder,
                name=folder.partition("_")[2],
                up=path,
                down=down if down in reading.paths else None,
            )
        )
    for path in reading.folders:
        match = _FOLDER.fullmatch(path)
        if match and match["folder"] not in files:
            reading.problem(path, "there is no migration.sql in it; Prisma refuses the folder")
    return found


PRISMA = Reader("prisma", _recognises, _read)
