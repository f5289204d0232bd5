"""What the engine works with for one Target, and what it was asked to do.

Put together by ``wiring`` alone; nothing here does anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.comparison import Comparison
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.migration import Versions
from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.domain.samples import Samples, Summary
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import ObjectiveResult, VerdictOutcome
from smartspec_rollback.ports.channel import Channel
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database
from smartspec_rollback.ports.metrics import MetricsSource, WatchesLightly
from smartspec_rollback.ports.platform import Platform
from smartspec_rollback.ports.smoke import SmokeTests
from smartspec_rollback.ports.store import Store


class Judged(Protocol):
    """What a judge says of samples."""

    @property
    def outcome(self) -> VerdictOutcome:
        """Pass, fail or inconclusive."""
        ...

    @property
    def reason(self) -> str:
        """One clause for people."""
        ...

    @property
    def objectives(self) -> tuple[ObjectiveResult, ...]:
        """Each objective's result."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is worth knowing."""
        ...


class Judges(Protocol):
    """The pure judges of ``judging``."""

    def judge(self, samples: Samples, objectives: tuple[Objective, ...], /) -> Judged:
        """Judge a fresh deployment."""
        ...

    def judge_recovery(
        self,
        samples: Samples,
        objectives: tuple[Objective, ...],
        /,
        *,
        baseline: Summary | None,
    ) -> Judged:
        """Judge whether a system is stable again, against the window when it was last healthy."""
        ...


class Compares(Protocol):
    """Tells whether code that worked on one schema works on another: ``engine.compare``."""

    def __call__(
        self, before: SchemaSnapshot, after: Database, versions: Versions, deadline: Deadline, /
    ) -> Comparison:
        """Compare a recorded schema with a live database; ProviderError where it cannot be.

        ``versions`` are whose code and migrations lie between the two.
        """
        ...


@dataclass(frozen=True)
class DatabaseParts:
    """What looking into the Target's database takes.

    ``connect`` makes the provider, and raises SmartSpecError where it cannot. ``within`` is how
    many seconds all looking may take while a plan is made.
    """

    connect: Callable[[], Database]
    compare: Compares
    migrations_tool: str | None = None
    within: float = 5.0


@dataclass(frozen=True)
class Watcher:
    """A platform and a metrics source of its own, for a thread that watches beside a rollback."""

    platform: Platform
    metrics: WatchesLightly


class Reports(Protocol):
    """Where reports are kept and how texts are written; views behind a port."""

    def publish(self, report: Report, /) -> tuple[str, ...]:
        """Write the report's files and return their paths."""
        ...

    def plan_text(self, report: Report, /) -> str:
        """Write the plan as Markdown, for channels."""
        ...

    def report_text(self, report: Report, /) -> str:
        """Write the report as Markdown, for channels."""
        ...


class Listener(Protocol):
    """Somebody who watches a rollback while it runs."""

    def entry(self, entry: JournalEntry, /) -> None:
        """Hear of an entry that was just written."""
        ...

    def progress(self, step_id: str, text: str, /) -> None:
        """Hear how far a step is; never recorded."""
        ...

    def planned(self, report: Report, /) -> None:
        """See the plan, before anybody is asked."""
        ...


def _never() -> bool:
    return False


def _nobody() -> Watcher | None:
    return None


@dataclass(frozen=True)
class Parts:
    """Everything the verbs need for one Target.

    ``channels`` are those somebody can really be reached by; empty means nobody can be asked.
    ``notified`` are told the same, and nobody is asked there.
    ``operator`` is who runs this process, ``holder`` names the process. ``stop`` turns true when
    the person at the keyboard wants out. ``auto_approve``: this process was asked to go unattended
    where that is allowed, and says so where it is not. ``database`` is None where none is
    configured. ``watcher`` makes what watches beside the rollback, None where nothing can.
    """

    target: Target
    settings: TargetSettings
    store: Store
    platform: Platform
    metrics: MetricsSource
    smoke: SmokeTests
    channels: tuple[Channel, ...]
    clock: Clock
    assess: Callable[[Facts], tuple[Finding, ...]]
    judges: Judges
    reports: Reports
    listener: Listener
    operator: Person
    identify: Callable[[str], Person]
    holder: str
    new_id: Callable[[], str]
    stop: Callable[[], bool] = field(default=_never)
    auto_approve: bool = False
    database: DatabaseParts | None = None
    notified: tuple[Channel, ...] = ()
    watcher: Callable[[], Watcher | None] = field(default=_nobody)


@dataclass(frozen=True)
class Request:
    """What somebody asked for on the command line, in chat or in a pipeline.

    ``override`` names the one check whose blocking finding a person lifts, with ``reason``.
    """

    failed_deployment_id: str
    target_version: str | None = None
    auto_approve: bool = False
    dry_run: bool = False
    override: str | None = None
    reason: str | None = None
    break_glass: bool = False
