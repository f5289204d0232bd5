"""Everything the engine works with, made of fakes around a real ledger.

Tests of the engine and the crash suite build their ``Parts`` here, so that each says only what
matters to it. The ledger is a SqliteStore in a folder of the test's.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from smartspec_rollback import judging
from smartspec_rollback.checks import assess
from smartspec_rollback.domain.approval import Answer, Person, Policy
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.domain.settings import TargetSettings, Verification
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.parts import Parts, Request
from smartspec_rollback.ports.channel import Channel, Reply
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.fake_metrics import FakeMetrics, measured
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.fake_smoke import FakeSmoke
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    TARGET,
    a_deployment,
    a_person,
    a_release,
    a_summary,
    a_verdict,
    an_objective,
)

FAILED_ID = "deploy-12345"
"""The deployment of the bad version, as the ledger of ``furnished`` has it."""

HEALTHY_ID = "deploy-12344"
"""The deployment of the good version before it."""

APPROVE = Reply(answer=Answer.APPROVE, account="os:alice")
DENY = Reply(answer=Answer.DENY, account="os:alice", reason="not now")


class YieldingClock(FakeClock):
    """A clock that never really waits, but lets other threads run before its time moves on."""

    def sleep(self, seconds: float, /) -> None:
        """Let ``seconds`` pass at once."""
        os.sched_yield()
        super().sleep(seconds)


class Recorder:
    """A listener that remembers what it heard."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.told: list[tuple[str, str]] = []
        self.plans: list[Report] = []

    def entry(self, entry: JournalEntry, /) -> None:
        """Remember an entry."""
        self.entries.append(entry)

    def progress(self, step_id: str, text: str, /) -> None:
        """Remember how far a step was."""
        self.told.append((step_id, text))

    def planned(self, report: Report, /) -> None:
        """Remember a plan."""
        self.plans.append(report)


class PaperReports:
    """Reports that are remembered, not written. ``broken``: what publishing raises."""

    def __init__(self) -> None:
        self.published: list[Report] = []
        self.broken: Exception | None = None

    def publish(self, report: Report, /) -> tuple[str, ...]:
        """Remember the report, and say where it might lie."""
        if self.broken is not None:
            raise self.broken
        self.published.append(report)
        return (f"reports/{report.rollback.id}.md",)

    def plan_text(self, report: Report, /) -> str:
        """Name the plan."""
        return f"plan of {report.rollback.id}"

    def report_text(self, report: Report, /) -> str:
        """Name the report."""
        return f"report of {report.rollback.id}"


SETTINGS = TargetSettings(
    target=TARGET,
    database="none",
    objectives=(an_objective("p99 latency <= 200ms"), an_objective("error rate <= 1%")),
    verification=Verification(warm_up=1.0, bake=10.0, deadline=120.0),
    soak=600.0,
    policy=Policy(expires=900.0),
)
"""What the owners of the sample Target decided."""


@dataclass
class Bench:
    """The engine's parts, with each fake at hand under its own type.

    ``production`` keeps the fake platform in a file, so that other processes see the same.
    """

    folder: Path
    clock: FakeClock = field(default_factory=YieldingClock)
    settings: TargetSettings = SETTINGS
    channels: tuple[Channel, ...] | None = None
    operator: Person = field(default_factory=a_person)
    holder: str = "test"
    prefix: str = "rb"
    stop: Callable[[], bool] = lambda: False
    production: Path | None = None
    boot_seconds: float = 0.0
    settle_seconds: float = 0.0
    hook: Callable[[str], None] | None = None
    open_store: Callable[[Path], SqliteStore] = SqliteStore.open
    platform: FakePlatform = field(init=False)
    channel: FakeChannel = field(init=False)

    def __post_init__(self) -> None:
        """Make every fake; the ledger lies in ``folder``."""
        self.metrics = FakeMetrics(measured())
        self.smoke = FakeSmoke()
        self.channel = FakeChannel(*[APPROVE] * 9)
        self.recorder = Recorder()
        self.reports = PaperReports()
        self.store = self.open_store(self.folder / "smartspec.db")
        self.platform = FakePlatform(
            TARGET,
            clock=self.clock,
            path=self.production,
            boot_seconds=self.boot_seconds,
            settle_seconds=self.settle_seconds,
            front_door="http://front.invalid",
            hook=self.hook,
        )
        self._ids = count(1)

    @property
    def parts(self) -> Parts:
        """Put the parts together as they are now."""
        return Parts(
            target=TARGET,
            settings=self.settings,
            store=self.store,
            platform=self.platform,
            metrics=self.metrics,
            smoke=self.smoke,
            channels=(self.channel,) if self.channels is None else self.channels,
            clock=self.clock,
            assess=assess,
            judges=judging,
            reports=self.reports,
            listener=self.recorder,
            operator=self.operator,
            identify=identify,
            holder=self.holder,
            new_id=lambda: f"{self.prefix}-{next(self._ids)}",
            stop=self.stop,
        )

    def parts_with(self, **changes: Any) -> Parts:
        """Put the parts together with some of them replaced."""
        return replace(self.parts, **changes)

    @property
    def failed(self) -> Deployment:
        """The failed deployment, as the ledger has it."""
        entry = self.store.deployment(FAILED_ID)
        assert entry is not None
        return entry.deployment


def identify(account: str) -> Person:
    """Know people by the name of their account: ``os:alice`` is alice."""
    return Person(name=account.partition(":")[2], account=account)


def furnished(
    folder: Path,
    *,
    clock: FakeClock | None = None,
    settings: TargetSettings = SETTINGS,
    gate: VerdictOutcome | None = VerdictOutcome.FAIL,
    **how: Any,
) -> Bench:
    """Make a bench on which the bad version is live after the good one.

    The good version passed its gate and soaked for an hour; ``gate`` is what was said of the bad.
    ``how`` is anything else that a Bench takes.
    """
    bench = Bench(folder, clock=clock or YieldingClock(), settings=settings, **how)
    deploy(bench, HEALTHY_ID, a_release(GOOD), verdict=VerdictOutcome.PASS)
    bench.clock.advance(3600.0)
    deploy(bench, FAILED_ID, a_release(BAD), verdict=gate)
    bench.clock.advance(60.0)
    return bench


def deploy(
    bench: Bench,
    deployment_id: str,
    release: Release,
    *,
    verdict: VerdictOutcome | None = None,
) -> Deployment:
    """Put a release live, record it, and record a gate's verdict on it."""
    bench.platform.deploy(release, deployment_id=deployment_id)
    return record(bench, deployment_id, release, verdict=verdict)


def record(
    bench: Bench,
    deployment_id: str,
    release: Release,
    *,
    verdict: VerdictOutcome | None = None,
    ago: float = 0.0,
) -> Deployment:
    """Record a deployment that happened ``ago`` seconds before now, and a verdict on it."""
    at = bench.clock.now() - timedelta(seconds=ago)
    made = a_deployment(deployment_id, release=release, at=at)
    bench.store.record_deployment(made, by=a_person("pipeline"))
    if verdict is not None:
        said = a_verdict(deployment_id, verdict, at=at, measured=a_summary(start=at))
        bench.store.record_verdict(said)
    return made


def asking_for(**changes: Any) -> Request:
    """Make the request to roll the failed deployment back."""
    base = Request(failed_deployment_id=FAILED_ID)
    return replace(base, **changes)
