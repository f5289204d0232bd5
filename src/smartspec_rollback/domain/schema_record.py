"""What is recorded of a database with a deployment, and what the database says of it later."""

from datetime import datetime
from enum import StrEnum

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import ColumnProfile, Sample, Workload


class Counter(Value):
    """How many rows of a relation were written, ever since the server's statistics were reset."""

    relation: str
    inserted: int
    updated: int
    deleted: int


class Mark(Value):
    """A point in a database's own time: whatever was written later can be told from it.

    ``transaction`` is the server's transaction id (None where it has none); counters are worth
    something only while ``stats_reset`` stays the same.
    """

    at: datetime
    transaction: str | None = None
    counters: tuple[Counter, ...] = ()
    stats_reset: str | None = None


class SchemaSnapshot(Value):
    """A database as one release found it: what ``smartspec schema snapshot`` writes.

    ``identity`` names the database without any secret (host, port, name, system identifier).
    ``migrations`` is None where no migrations' tool keeps a table there that we can read.
    """

    document: str = "smartspec.schema-snapshot/1"
    at: datetime
    identity: str
    catalog: Catalog
    workload: Workload = Workload()
    migrations: tuple[AppliedMigration, ...] | None = None
    migrations_table: str | None = None
    mark: Mark | None = None
    profiles: tuple[ColumnProfile, ...] = ()
    samples: tuple[Sample, ...] = ()


class RecordedSchema(Value):
    """A snapshot as the ledger keeps it, with the phase of the deployment it was recorded in.

    ``release`` is the one whose schema and workload it is: the deployed one in phase live, the one
    before it in phase before-migrations, None after migrations and before the first release.
    """

    deployment_id: str
    phase: Phase
    target: Target
    release: Release | None
    snapshot: SchemaSnapshot


NULLS_ALIKE = "nulls alike"
"""The argument of DUPLICATES for a key to which NULLs are alike."""


class QuestionKind(StrEnum):
    """What can be asked of the rows that are there now."""

    NULLS = "nulls"
    LONGER = "longer"
    OUTSIDE = "outside"
    OTHER_LABELS = "other-labels"
    DUPLICATES = "duplicates"
    VIOLATIONS = "violations"
    ORPHANS = "orphans"
    ROWS = "rows"
    SET = "set"
    WRITTEN = "written"


class Question(Value):
    """One question about the rows of one relation, answered by counting them, read-only.

    NULLS: rows whose ``columns[0]`` is NULL. LONGER: longer than ``arguments[0]`` characters.
    OUTSIDE: number outside ``arguments`` (low, high). OTHER_LABELS: value not among ``arguments``.
    DUPLICATES: rows beyond the first with the same ``columns`` (NULLs alike with the argument
    NULLS_ALIKE, else never). VIOLATIONS: rows for which the SQL
    expression ``arguments[0]`` (taken from a recorded catalog) is false. ORPHANS: rows whose
    ``columns`` have no match in relation ``arguments[0]``, columns ``arguments[1:]``. ROWS: all
    rows. SET: rows whose ``columns[0]`` is neither NULL nor its default ``arguments[0]`` if given.
    WRITTEN: rows inserted or updated since the mark.
    """

    kind: QuestionKind
    relation: str
    columns: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


class Answer(Value):
    """How many rows; ``rows`` None means that it could not be counted, and ``reason`` says why.

    ``exact`` False: there are at least so many. ``how`` names the way it was counted.
    """

    question: Question
    rows: int | None
    exact: bool = True
    how: str = ""
    reason: str = ""
