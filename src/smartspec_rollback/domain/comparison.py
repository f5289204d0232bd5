"""Whether the old code can work on the new schema: findings, coverage, verdict.

Made by ``schema``; shown by ``smartspec schema compare`` and by the checks of a rollback.
"""

from enum import StrEnum

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration, Effect
from smartspec_rollback.domain.schema_record import Answer, SchemaSnapshot
from smartspec_rollback.domain.values import Evidence, Value
from smartspec_rollback.domain.workload import ColumnProfile, Run, Statement, Trial


class SchemaVerdict(StrEnum):
    """What is said of the old code on the new schema, or of one change. Unknown is never safe."""

    SAFE = "safe"
    ATTENTION = "attention"
    UNKNOWN = "unknown"
    BREAKING = "breaking"

    @property
    def rank(self) -> int:
        """Order them, so that the worst can be taken: safe is 0, breaking is 3."""
        return tuple(SchemaVerdict).index(self)


class Layer(StrEnum):
    """What saw it."""

    MIGRATIONS = "L0"
    CATALOG = "L1"
    WORKLOAD = "L2"
    SHADOW = "L3"
    PROBE = "L4"


class SchemaFinding(Value):
    """One change of the schema, or one statement, and what it means for the old code.

    ``code`` is one of ``schema.codes`` and stable. ``object`` is what changed
    (``public.items.price``). ``statement`` is the text of a statement of the old version that is
    concerned, ``statement_id`` its id, ``others`` how many more are. ``layers`` are those that
    agree. ``loses``: what reversing the change would lose, in words, empty where nothing.
    ``fix`` is SQL to review that would make the old version work.
    """

    code: str
    verdict: SchemaVerdict
    object: str
    summary: str
    layer: Layer
    layers: tuple[Layer, ...] = ()
    statement: str | None = None
    statement_id: str | None = None
    others: int = 0
    evidence: tuple[Evidence, ...] = ()
    fix: str = ""
    loses: str = ""


class Coverage(Value):
    """How much of what the old version asks of the database is known.

    ``statements`` were given, ``understood`` of them could be used. ``calls`` is the share of calls
    the understood ones make, None where no source counts calls. ``tables`` are the old schema's,
    ``touched`` those some understood statement names. ``share`` (0 to 1) is the lowest of the
    shares, 0 without any statement. ``gaps`` say what is missing.
    """

    statements: int
    understood: int
    calls: float | None
    tables: int
    touched: int
    share: float
    gaps: tuple[str, ...] = ()

    @property
    def percent(self) -> str:
        """The share for people, cut and not rounded: 89.6 % is not the 90 % that are enough."""
        return f"{int(self.share * 100 + 1e-9)}%"


class Comparison(Value):
    """The whole answer. ``unseen`` says what could not be looked at, and by which layer."""

    verdict: SchemaVerdict
    reason: str
    coverage: Coverage
    findings: tuple[SchemaFinding, ...]
    layers: tuple[Layer, ...]
    unseen: tuple[str, ...] = ()


class Inputs(Value):
    """Everything known for one comparison.

    ``before`` was recorded with the old version, ``after`` is the schema now. ``statements`` are
    those of the old version known beside ``before.workload`` (or better than there). ``trials``
    and ``runs`` are on the new schema, ``before_trials`` on the old one; ``missing`` and
    ``missing_before`` are what scratch copies of them lack. ``effects`` are those of the migrations
    in between. ``applied`` is the migrations' tool's record now, None where there is none.
    ``gaps`` say what the sources of statements lack, ``unseen`` what could not be looked at, and
    ``layers`` which layers were. ``profiles`` are of the rows now, where somebody switched that on.
    ``same_database``: both schemas are of one database, so that rows that are missing went.
    """

    before: SchemaSnapshot
    after: Catalog
    statements: tuple[Statement, ...] = ()
    trials: tuple[Trial, ...] = ()
    before_trials: tuple[Trial, ...] = ()
    runs: tuple[Run, ...] = ()
    effects: tuple[Effect, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: frozenset[str] = frozenset()
    missing_before: frozenset[str] = frozenset()
    applied: tuple[AppliedMigration, ...] | None = None
    gaps: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = (Layer.CATALOG,)
    profiles: tuple[ColumnProfile, ...] = ()
    same_database: bool = False
