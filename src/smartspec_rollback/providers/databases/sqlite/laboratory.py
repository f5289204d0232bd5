"""The laboratory of SQLite: reads statements and migrations; makes no scratch copies."""

from typing import ClassVar

from smartspec_rollback.providers.databases.dialects.laboratory import ReadingLaboratory


class SqliteLaboratory(ReadingLaboratory):
    """Satisfies ``ports.database.Laboratory``."""

    name: ClassVar[str] = "sqlite"
    dialect: ClassVar[str] = "sqlite"
