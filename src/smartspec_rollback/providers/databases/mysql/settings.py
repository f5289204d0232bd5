"""What people write about a database of kind ``mysql`` or ``mariadb`` in smartspec.yaml.

Decoded by ``config`` from the annotations here; the reference documentation is generated from the
descriptions. Read by every module of this package, changed by none.
"""

from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.providers.databases.limits import (
    SCAN_LIMIT,
    STATEMENT_TIMEOUT,
    StatementTimeout,
    TableLimit,
)


class MysqlSettings(Value):
    """Settings of the database kinds ``mysql`` and ``mariadb``: how it is reached."""

    url: Annotated[
        SecretReference,
        Meta(
            description="Where the database's URL is kept: mysql://user:password@host:3306/name, "
            "or mariadb://…; its user should be the application's.",
            examples=[{"env": "CHECKOUT_DATABASE_URL"}],
        ),
    ]
    statement_timeout: StatementTimeout = STATEMENT_TIMEOUT
    scan_limit: TableLimit = SCAN_LIMIT
