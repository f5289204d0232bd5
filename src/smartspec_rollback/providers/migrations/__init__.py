"""Readers of migration folders, one tool per file. The project's code is never run.

Called by ``databases`` and ``comparing``: ``read`` for a folder on disk, or for any other
``Folder`` (one of a git tree at an older version). What cannot be read statically is flagged;
nothing is left out in silence.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from smartspec_rollback.domain.migration import MigrationSet
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.ports.folder import Folder
from smartspec_rollback.providers.migrations.alembic import ALEMBIC
from smartspec_rollback.providers.migrations.atlas import ATLAS
from smartspec_rollback.providers.migrations.dbmate import DBMATE
from smartspec_rollback.providers.migrations.django import DJANGO
from smartspec_rollback.providers.migrations.flyway import FLYWAY
from smartspec_rollback.providers.migrations.folder import DiskFolder
from smartspec_rollback.providers.migrations.golang_migrate import GOLANG_MIGRATE
from smartspec_rollback.providers.migrations.goose import GOOSE
from smartspec_rollback.providers.migrations.liquibase import LIQUIBASE
from smartspec_rollback.providers.migrations.plain import PLAIN, SQLX
from smartspec_rollback.providers.migrations.prisma import PRISMA
from smartspec_rollback.providers.migrations.rails import RAILS
from smartspec_rollback.providers.migrations.reading import Reader, Reading
from smartspec_rollback.providers.migrations.sqitch import SQITCH

TOOLS: Mapping[str, Reader] = MappingProxyType(
    {
        reader.tool: reader
        for reader in (
            ALEMBIC,
            ATLAS,
            DBMATE,
            DJANGO,
            FLYWAY,
            GOLANG_MIGRATE,
            GOOSE,
            LIQUIBASE,
            PLAIN,
            PRISMA,
            RAILS,
            SQITCH,
            SQLX,
        )
    }
)
# Atlas keeps folders in other tools' formats, and its sum file says whose ledger counts.
_SAYS_IT_ALL = ATLAS


def read(tool: str | None, folder: Path | Folder) -> MigrationSet:
    """Read a folder's migrations in order; without a ``tool``, the one recognised in it.

    UnknownName for a tool nobody knows; UsageError for a folder that is not there, or that none or
    several tools recognise; ProviderError for one too large or unreadable. Everything else is
    among the set's problems.
    """
    reader = None if tool is None else _reader(tool)
    reading = Reading(_open(folder))
    if reader is None:
        reader = TOOLS[_detected(reading)]
    return reader.set_of(reading)


def _reader(tool: str) -> Reader:
    name = tool.strip().lower().replace("_", "-")
    if name not in TOOLS:
        raise UnknownName(
            "migrations' tool",
            tool,
            nearest=get_close_matches(name, TOOLS, n=2),
            remedy=f"known are {', '.join(TOOLS)}",
        )
    return TOOLS[name]


def _open(folder: Path | Folder) -> Folder:
    return DiskFolder(folder) if isinstance(folder, Path) else folder


def _detected(reading: Reading) -> str:
    found = [reader for reader in TOOLS.values() if reader.recognises(reading)]
    if _SAYS_IT_ALL in found:
        found = [_SAYS_IT_ALL]
    # A plain folder is what any folder of SQL files is, so it counts only where no other does.
    found = [reader for reader in found if reader is not PLAIN] or found
    if len(found) == 1:
        return found[0].tool
    names = [reader.tool for reader in found]
    raise UsageError(
        "it cannot be told which tool these migrations are for"
        if names
        else "no tool's migrations are recognised in the folder",
        where=f"database.migrations.path: {reading.folder.where}",
        remedy="write it in smartspec.yaml: "
        f"`migrations: {{tool: {names[0] if names else 'flyway'}, path: …}}`; "
        + (f"it could be {' or '.join(names)}" if names else f"known are {', '.join(TOOLS)}"),
    )
