"""The laboratory of MySQL and MariaDB: reads statements and migrations; makes no scratch copies."""

from typing import ClassVar

from smartspec_rollback.providers.databases.dialects.laboratory import ReadingLaboratory


class MysqlLaboratory(ReadingLaboratory):
    """Satisfies ``ports.database.Laboratory``."""

    name: ClassVar[str] = "mysql"
    dialect: ClassVar[str] = "mysql"
