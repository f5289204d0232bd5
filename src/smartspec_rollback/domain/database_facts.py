"""What is known of a Target's database when a rollback is planned.

Gathered by the engine, decided on by the checks of schema and data. None always means that
something could not be learnt.
"""

from datetime import datetime

from smartspec_rollback.domain.comparison import Comparison
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.values import Value


class Gap(Value):
    """Why something could not be learnt, and what to do about it; not a sentence, no full stop."""

    what: str
    remedy: str


class Unseen(Value):
    """Rows that hold something where the old version does not look: a new column, a new table.

    ``object`` is ``schema.table`` or ``schema.table.column``. ``rows`` None: they could not be
    counted, ``reason`` says why. ``exact`` False: there may be fewer. ``how`` names the counting.
    """

    object: str
    rows: int | None
    exact: bool = True
    how: str = ""
    reason: str = ""


class Writes(Value):
    """What was written since the failed deployment that the old version does not see.

    ``since`` is when counting begins and ``phase`` what was recorded then; only after migrations
    is that before the new version could write anything. ``objects`` lists every place that the old
    version does not know, those without such rows too.
    """

    since: datetime
    phase: Phase
    objects: tuple[Unseen, ...]


class MigrationsSeen(Value):
    """The migrations' tool's own record in the live database, beside the one of the old version.

    ``incomplete`` stopped half-way; ``added`` since the old version was live.
    """

    incomplete: tuple[str, ...]
    added: tuple[str, ...]


class DatabaseFacts(Value):
    """Everything learnt; each part that is None has its Gap.

    ``identity`` names the live database without secrets. ``recorded_at``, ``recorded_with`` and
    ``recorded_phase`` tell what the old version's schema and statements are known from.
    ``migrations`` is None too where no tool keeps a record there, and then has no Gap.
    """

    identity: str | None = None
    recorded_at: datetime | None = None
    recorded_with: str | None = None
    recorded_phase: Phase | None = None
    comparison: Comparison | None = None
    comparison_gap: Gap | None = None
    writes: Writes | None = None
    writes_gap: Gap | None = None
    migrations: MigrationsSeen | None = None
    migrations_gap: Gap | None = None
