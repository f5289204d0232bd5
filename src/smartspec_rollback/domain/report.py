"""Reports: what happened in one rollback, for people, pipelines and the postmortem."""

from datetime import datetime

from smartspec_rollback.domain.approval import Decision
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import JournalEntry, Rollback
from smartspec_rollback.domain.series import Series
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict


class Moments(Value):
    """The DORA timestamps of an incident (UTC); None where it did not come to that."""

    deployed: datetime | None
    detected: datetime | None
    decided: datetime | None
    approved: datetime | None
    switched: datetime | None
    verified: datetime | None


class StepRecord(Value):
    """What became of one step: pending, running, done, failed or unknown, and when.

    ``afterwards`` is what people must do before it may be taken back.
    """

    id: str
    title: str
    undo: str
    state: str
    started: datetime | None
    ended: datetime | None
    detail: str
    afterwards: str = ""


class Ended(Value):
    """What became of one rollback among several; an ``error`` (and its remedy) where no plan did.

    ``exit_code`` is what the command alone would have returned for it.
    """

    failed_deployment_id: str
    target: Target
    exit_code: int
    report: "Report | None"
    error: str = ""
    remedy: str = ""


class Charted(Value):
    """What was measured over time: by the gate, while the rollback ran, by its verification."""

    before: tuple[Series, ...] = ()
    during: tuple[Series, ...] = ()
    after: tuple[Series, ...] = ()


class Commits(Value):
    """What the failed release and the target were built from; None where nobody said."""

    failed: str | None = None
    target: str | None = None


class Report(Value):
    """Everything to be told about a rollback; ``advice`` says what a person should do next."""

    rollback: Rollback
    exit_code: int
    plan: Plan
    digest: str
    decisions: tuple[Decision, ...]
    steps: tuple[StepRecord, ...]
    prewarm: str | None
    verdict: Verdict | None
    hold: str | None
    moments: Moments
    advice: tuple[str, ...]
    journal: tuple[JournalEntry, ...]
    charted: Charted = Charted()
    commits: Commits = Commits()

    @property
    def afterwards(self) -> tuple[str, ...]:
        """What people must do about the steps that were begun, those that failed included."""
        begun = (step for step in self.steps if step.state != "pending")
        return tuple(step.afterwards for step in begun if step.afterwards)
