"""What people write about a database of kind ``sqlite`` in smartspec.yaml.

Decoded by ``config`` from the annotations here; the reference documentation is generated from the
descriptions. Read by every module of this package, changed by none.
"""

from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.providers.databases.limits import (
    LOCK_TIMEOUT,
    SCAN_LIMIT,
    STATEMENT_TIMEOUT,
    LockTimeout,
    StatementTimeout,
)


class SqliteSettings(Value):
    """Settings of the database kind ``sqlite``: where its file is, and how long a look may take."""

    url: Annotated[
        SecretReference,
        Meta(
            description="Where the database's URL is kept: sqlite:///path/to/file.db, with a "
            "fourth slash for a path from the root.",
            examples=[{"env": "CHECKOUT_DATABASE_URL"}],
        ),
    ]
    lock_timeout: LockTimeout = LOCK_TIMEOUT
    statement_timeout: StatementTimeout = STATEMENT_TIMEOUT
    scan_limit: Annotated[
        int,
        Meta(
            ge=0,
            description="The largest file, in bytes, whose rows may be counted; above it the "
            "answer is unknown.",
            examples=[SCAN_LIMIT],
        ),
    ] = SCAN_LIMIT
