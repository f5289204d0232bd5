"""What people write about a service's database, whatever its kind. Used by ``sections``.

The kind's own keys (``url``, ``role``, …) are in the settings of its provider; both stand in one
section of the file.
"""

from pathlib import Path
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from smartspec_rollback.config.annotations import Duration, KindName
from smartspec_rollback.config.model import DatabaseConfiguration
from smartspec_rollback.domain.values import Value

_DEFAULT = DatabaseConfiguration(kind="", settings=Value())

REFUSED_KINDS = {"none": "to declare that there is no database, write `database: none`"}
"""Kinds that are none: `none` is a declaration that is never made by the way."""


class MigrationsSection(Value):
    """Where the schema migrations of the service are."""

    tool: Annotated[KindName, Meta(description="What runs them.", examples=["flyway"])]
    path: Annotated[
        Path, Meta(description="The folder they are in, from this file.", examples=["db/"])
    ]


class DatabaseSection(Value):
    """What is the same for every kind of database."""

    migrations: Annotated[
        MigrationsSection | UnsetType,
        Meta(
            description="Its schema migrations; their files are read, never run.",
            examples=[{"tool": "flyway", "path": "db/"}],
        ),
    ] = UNSET
    statements: Annotated[
        tuple[Path, ...],
        Meta(
            max_length=100,
            description="Files that hold the service's own statements: sqlx's `.sqlx/*.json`, "
            "sqlc's or plain `.sql` files; `*` and `**` are expanded.",
            examples=[["db/queries/*.sql"]],
        ),
    ] = ()
    remembered: Annotated[
        bool,
        Meta(
            description="Whether the statements that the server itself remembers are recorded too "
            "(PostgreSQL: pg_stat_statements).",
            examples=[True],
        ),
    ] = _DEFAULT.remembered
    record_values: Annotated[
        bool,
        Meta(
            description="Whether figures about every column are recorded with a deployment: share "
            "of NULLs, greatest length, labels.",
            examples=[False],
        ),
    ] = _DEFAULT.record_values
    record_samples: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="How many rows of each table are recorded with a deployment; they may "
            "hold personal data.",
            examples=[0],
        ),
    ] = _DEFAULT.record_samples
    look_within: Annotated[
        Duration,
        Meta(
            gt=0,
            le=300,
            description="How long looking into it may take while a plan is made; what was not "
            "seen by then is unknown.",
            examples=["5s"],
        ),
    ] = _DEFAULT.look_within
