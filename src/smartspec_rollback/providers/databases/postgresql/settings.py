"""What people write about a database of kind ``postgresql`` in smartspec.yaml.

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
    TableLimit,
)


class PostgresqlSettings(Value):
    """Settings of the database kind ``postgresql``: how it is reached, and as whom."""

    url: Annotated[
        SecretReference,
        Meta(
            description="Where the database's URL is kept: "
            "postgresql://user:password@host:5432/name.",
            examples=[{"env": "CHECKOUT_DATABASE_URL"}],
        ),
    ]
    shadow: Annotated[
        SecretReference | None,
        Meta(
            description="Where the URL of a shadow database is kept: a server that holds nothing "
            "of production, on which scratch copies of the schema are made, run on and dropped; "
            "without it, on this machine.",
            examples=[{"env": "CHECKOUT_SHADOW_URL"}],
        ),
    ] = None
    role: Annotated[
        Annotated[str, Meta(min_length=1, max_length=63)] | None,
        Meta(
            description="The role the application's statements run as, where it is not the URL's "
            "user; that user has to be a member of it.",
            examples=["checkout_app"],
        ),
    ] = None
    schemas: Annotated[
        tuple[str, ...],
        Meta(
            description="The only schemas to look at; without it, all but the system's own.",
            examples=[["public", "shop"]],
        ),
    ] = ()
    search_path: Annotated[
        tuple[str, ...],
        Meta(
            description="The schemas the application looks up unqualified names in, where it sets "
            "them by itself; without it, what the role gets when it connects.",
            examples=[["tenant_1", "public"]],
        ),
    ] = ()
    lock_timeout: LockTimeout = LOCK_TIMEOUT
    statement_timeout: StatementTimeout = STATEMENT_TIMEOUT
    scan_limit: TableLimit = SCAN_LIMIT
