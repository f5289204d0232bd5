"""What people write about a database of kind ``sqlite`` in smartspec.yaml.

Decoded by ``config`` from the annotations here; the reference documentation is generated from the
descriptions. Read by every module of this package, changed by none.
"""

from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value

LOCK_TIMEOUT = 0.1
"""Seconds we wait for a lock at most, whatever the settings say."""


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
    lock_timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=LOCK_TIMEOUT,
            description="How long to wait for a lock at most.",
            examples=["100ms"],
            extra={"smartspec": "duration"},
        ),
    ] = LOCK_TIMEOUT
    statement_timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long one query of ours may take.",
            examples=["2s"],
            extra={"smartspec": "duration"},
        ),
    ] = 2.0
    scan_limit: Annotated[
        int,
        Meta(
            ge=0,
            description="The largest file, in bytes, whose rows may be counted; above it the "
            "answer is unknown.",
            examples=[268435456],
        ),
    ] = 256 * 1024 * 1024
