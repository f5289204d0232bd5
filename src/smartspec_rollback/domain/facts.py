"""The facts that safety checks decide on, gathered by the engine before any check runs."""

from datetime import datetime

from smartspec_rollback.domain.candidate import Candidate, LedgerEntry
from smartspec_rollback.domain.database_facts import DatabaseFacts
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.snapshot import Inspection, Snapshot
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict


class Reading(Value):
    """What the metrics source says at planning time.

    ``newest`` is when its newest sample was taken, None if there is none; ``failing`` what is
    wrong right now, in words; ``problem`` why it could not be read.
    """

    source: str
    newest: datetime | None
    failing: str | None = None
    problem: str | None = None


class Boot(Value):
    """Whether the target release was started beside the live one, without traffic, and passed.

    ``ready`` None: not tried yet.
    """

    ready: bool | None
    detail: str
    at: datetime | None = None


class Facts(Value):
    """Everything a check may look at; None always means "could not be learnt".

    ``failed`` is the failed deployment with its newest verdict in ``failed_verdict`` and the
    verdict that first called it failed in ``onset``. ``before`` is what was live just before it.
    ``chosen`` is the candidate to go back to and ``target_hold`` the hold on it. ``recent`` are
    the latest rollbacks of the Target, newest first. ``dependents_since`` are deployments of
    services that depend on this one, made since the failed deployment. ``ledger_gap`` says
    why nothing that only the ledger knows has been learnt (``is not read under break-glass``).
    ``database`` is None where none is configured, or none is there.
    """

    now: datetime
    settings: TargetSettings
    rollback_id: str
    failed: Deployment
    failed_verdict: Verdict | None
    onset: Verdict | None
    before: LedgerEntry | None
    snapshot: Snapshot
    chosen: Candidate
    chosen_verdict: Verdict | None
    target_hold: Hold | None
    inspection: Inspection | None
    prewarm_obstacle: str | None
    boot: Boot | None
    active: Rollback | None
    recent: tuple[Rollback, ...]
    reading: Reading | None
    dependents_since: tuple[Deployment, ...]
    reason_given: bool
    dry_run: bool = False
    ledger_gap: str | None = None
    database: DatabaseFacts | None = None

    @property
    def ledger_read(self) -> bool:
        """Whether the silence of the ledger means anything."""
        return self.ledger_gap is None
