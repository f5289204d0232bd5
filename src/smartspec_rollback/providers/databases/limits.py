"""How long a look at a live database may take, as people write it in smartspec.yaml.

Read by the settings of every kind of database. Others queue behind a lock that is waited for, so
``LOCK_TIMEOUT`` is the most that settings can say.
"""

from typing import Annotated

from msgspec import Meta

LOCK_TIMEOUT = 0.1
"""Seconds we wait for a lock at most, whatever the settings say."""
STATEMENT_TIMEOUT = 2.0
"""Seconds one query of ours takes at most, where the settings say nothing."""
SCAN_LIMIT = 256 * 1024 * 1024
"""Bytes whose rows are counted at most, where the settings say nothing."""

LockTimeout = Annotated[
    float,
    Meta(
        gt=0,
        le=LOCK_TIMEOUT,
        description="How long to wait for a lock at most.",
        examples=["100ms"],
        extra={"smartspec": "duration"},
    ),
]
StatementTimeout = Annotated[
    float,
    Meta(
        gt=0,
        le=60,
        description="How long one query of ours may take.",
        examples=["2s"],
        extra={"smartspec": "duration"},
    ),
]
TableLimit = Annotated[
    int,
    Meta(
        ge=0,
        description="The largest table, in bytes, whose rows may be counted; above it the "
        "answer is unknown.",
        examples=[SCAN_LIMIT],
    ),
]
