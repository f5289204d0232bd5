"""Whole rollbacks on an emulated cluster: the engine with a real ledger, time that is stepped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.unit.providers.platforms.kubernetes.shop import Shop

from smartspec_rollback.domain.approval import Question
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.platforms.kubernetes import KubernetesPlatform
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.engine_parts import (
    FAILED_ID,
    HEALTHY_ID,
    SETTINGS,
    Bench,
    asking_for,
)
from smartspec_rollback.testing.samples import a_deployment, a_person, a_summary, a_verdict

_SETTINGS = replace(
    SETTINGS,
    soak=0.0,
    prewarm=False,
    verification=Verification(warm_up=0.0, bake=0.01, deadline=20.0),
)


@dataclass(frozen=True)
class CoarseTime:
    """The cluster's time, of which each wait takes much, so that few looks find nothing new."""

    clock: Clock

    def now(self) -> datetime:
        """Tell the wall time."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Tell the time in seconds."""
        return self.clock.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Let at least a second pass."""
        self.clock.sleep(max(seconds, 1.0))


@dataclass
class Whole:
    """The engine on a shop where v1.2.1 failed after v1.2.0, both of them deployed by now."""

    shop: Shop
    folder: Path
    asked_after: list[int] = field(default_factory=list)
    """How many calls the API server had got whenever the question was put."""
    at_question: Callable[[], object] = lambda: None
    """What somebody does while people read the plan."""

    def __post_init__(self) -> None:
        store = SqliteStore.open(self.folder / "smartspec.db")
        for version, deployment_id, outcome, ago in (
            ("v1.2.0", HEALTHY_ID, VerdictOutcome.PASS, 3600.0),
            ("v1.2.1", FAILED_ID, VerdictOutcome.FAIL, 60.0),
        ):
            at = self.shop.clock.now() - timedelta(seconds=ago)
            release = self.shop.release(version)
            deployed = a_deployment(deployment_id, release=release, at=at)
            store.record_deployment(deployed, by=a_person("pipeline"))
            said = a_verdict(deployment_id, outcome, at=at, measured=a_summary(start=at))
            store.record_verdict(said)
        store.close()
        self._runs = 0

    def exit_code(self) -> int:
        """Run the command once, and give what it exits with."""
        try:
            return self.roll_back().exit_code
        except SmartSpecError as error:
            return error.exit_code

    def roll_back(self, **request: Any) -> Report:
        """Run the command once, as a process of its own; a report, or whatever it raises."""
        self._runs += 1
        bench = Bench(self.folder, settings=_SETTINGS, prefix=f"rb-{self._runs}")
        ask, calls = bench.channel.ask, self.shop.cluster.requests

        def counted(question: Question, /, *more: Any, **named: Any) -> Any:
            self.asked_after.append(len(calls.all()))
            self.at_question()
            return ask(question, *more, **named)

        bench.channel.ask = counted  # type: ignore[method-assign] # the same, and counts
        clock = CoarseTime(self.shop.clock)
        platform = KubernetesPlatform(self.shop.settings, clock=clock, patience=0.0)
        parts = bench.parts_with(platform=platform, clock=clock)
        try:
            return rollback(parts, bench.failed, asking_for(**request))
        finally:
            bench.store.close()
