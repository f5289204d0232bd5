"""The only place where objects are put together.

A Workspace is one configuration with everything behind it: the ledger, the providers of each
Target, the checks, the judges and the views. Commands make one and call its verbs. Whatever is
heavy is imported when it is first needed, so that a command pays for what it uses.
"""

import base64
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartspec_rollback.config.find import find_configuration
from smartspec_rollback.config.loader import load
from smartspec_rollback.config.model import (
    Configuration,
    ProviderConfiguration,
    TargetConfiguration,
)
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.errors import SmartSpecError, UnknownName
from smartspec_rollback.ledgers import STATE, BreakGlass, StoredCaptures, ledger_path
from smartspec_rollback.ports.channel import Channel
from smartspec_rollback.ports.metrics import MetricsSource
from smartspec_rollback.ports.platform import CapturesReleases, Platform
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers import registry
from smartspec_rollback.providers.system import SystemClock, holder_name, operator_account
from smartspec_rollback.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from smartspec_rollback.engine.capture import CaptureRecorded
    from smartspec_rollback.engine.parts import DatabaseParts, Listener, Parts, Request
    from smartspec_rollback.engine.record import SchemaRecorded

_RECENT = 1000
_SIDE_BY_SIDE = 16


def _never() -> bool:
    return False


def _nobody() -> Channel | None:
    return None


def _silent(_: str) -> None:
    """Hear, and say nothing."""


@dataclass(frozen=True)
class Surroundings:
    """What a Workspace is given by whoever makes it.

    ``stop`` turns true when the person at the keyboard wants out; ``terminal`` makes the channel
    to that person, or None if nobody is there; ``warn`` tells them what does not stop the work.
    """

    stop: Callable[[], bool] = _never
    terminal: Callable[[], Channel | None] = _nobody
    warn: Callable[[str], None] = _silent


def open_workspace(config: Path | None, surroundings: Surroundings) -> "Workspace":
    """Load ``config``, or the smartspec.yaml found from here upwards.

    ConfigurationError names every problem in it.
    """
    path = config if config is not None else find_configuration(Path.cwd())
    return Workspace(load(path, kinds=registry), surroundings)


def short_id(prefix: str) -> str:
    """Make an id that people can type: ``prefix-`` and eight letters and digits."""
    return f"{prefix}-{base64.b32encode(os.urandom(5)).decode().lower()}"


@dataclass(frozen=True)
class Workspace:
    """One configuration with everything behind it."""

    configuration: Configuration
    surroundings: Surroundings = Surroundings()
    clock: SystemClock = field(default_factory=SystemClock)

    # What there is

    @property
    def folder(self) -> Path:
        """The folder beside the configuration that everything is kept in."""
        return self.configuration.path.parent / STATE

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every Target of the configuration."""
        return tuple(t.settings.target for t in self.configuration.targets)

    @cached_property
    def operator(self) -> Person:
        """Who runs this process, as the operating system knows them."""
        return self.configuration.identify(operator_account())

    @cached_property
    def store(self) -> SqliteStore:
        """The ledger; what was done without it under break-glass is taken in first."""
        ledger = SqliteStore.open(ledger_path(self.configuration.path))
        self._take_in(lambda: ledger)
        return ledger

    @cached_property
    def break_glass(self) -> BreakGlass:
        """The journal of rollbacks that did without the ledger."""
        return BreakGlass(self.folder, self.clock)

    def configured(self, target: Target) -> TargetConfiguration:
        """Look up how a Target is configured; UnknownName with the nearest known one."""
        return self.configuration.target(target.service, target.environment)

    def platform(self, target: Target, *, store: Store | None = None) -> Platform:
        """Make the platform of a Target; what it captured is in ``store``, else in the ledger."""
        made: Platform = _made("platforms", self.configured(target).platform, clock=self.clock)
        if isinstance(made, CapturesReleases):
            made.recall(StoredCaptures(lambda: self.store if store is None else store))
        return made

    def metrics(self, target: Target) -> MetricsSource:
        """Make the metrics source of a Target."""
        made: MetricsSource = _made("metrics", self.configured(target).metrics, clock=self.clock)
        return made

    def channels(self, target: Target, *, break_glass: bool = False) -> tuple[Channel, ...]:
        """Make the channels somebody can really be reached by; break-glass uses the terminal."""
        configured = self.configured(target).channel
        found: list[Channel] = []
        if configured is not None and configured.kind != "terminal" and not break_glass:
            found.append(_made("channels", configured))
        if (terminal := self.surroundings.terminal()) is not None:
            found.append(terminal)
        return tuple(found)

    # Verbs

    def locate(self, deployment_id: str, *, store: Store | None = None) -> Deployment:
        """Find a deployment in the ledger, or by what the platforms remember."""
        from smartspec_rollback.engine.locate import locate

        return locate(
            deployment_id,
            store=self.store if store is None else store,
            targets=self.targets,
            platform_of=lambda target: self.platform(target, store=store),
        )

    def locate_all(self, deployment_ids: Sequence[str]) -> tuple[Deployment, ...]:
        """Find several deployments; platforms are asked side by side for what nobody recorded."""
        from concurrent.futures import ThreadPoolExecutor

        from smartspec_rollback.engine.locate import located

        def look(target: Target) -> Snapshot | None:
            try:
                return self.platform(target).observe(target)
            except SmartSpecError as error:
                self.surroundings.warn(f"{target} could not be asked: {error.what}")
                return None

        def histories() -> tuple[Snapshot, ...]:
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                return tuple(seen for seen in pool.map(look, self.targets) if seen is not None)

        return located(deployment_ids, store=self.store, histories=histories)

    def rollback(
        self,
        request: "Request",
        listener: "Listener",
        *,
        failed: Deployment | None = None,
        terminal: Channel | None = None,
    ) -> Report:
        """Roll back, or attach to the rollback that is running already.

        ``failed`` is the deployment where it was located before; ``terminal`` takes the place of
        this process's own.
        """
        from smartspec_rollback.engine.run import rollback

        store: Store = self.break_glass.store if request.break_glass else self.store
        if failed is None:
            failed = self.locate(request.failed_deployment_id, store=store)
        if not request.break_glass:
            self.break_glass.refuse_beside(failed.target)
        parts = self.parts(failed.target, listener, break_glass=request.break_glass)
        if terminal is not None:
            others = tuple(each for each in parts.channels if each.name != terminal.name)
            parts = replace(parts, channels=(*others, terminal))
        report = rollback(parts, failed, request)
        if request.break_glass:
            self._take_in(lambda: self.store)
        return report

    def resume(self, rollback_id: str, listener: "Listener") -> Report:
        """Go on with a rollback that was interrupted, or verify again."""
        from smartspec_rollback.engine.run import resume

        known, break_glass = self.find(rollback_id)
        report = resume(self.parts(known.target, listener, break_glass=break_glass), rollback_id)
        if break_glass:
            self._take_in(lambda: self.store)
        return report

    def abandon(self, rollback_id: str, listener: "Listener", *, reason: str) -> Report:
        """Give up a rollback that stopped in the middle."""
        from smartspec_rollback.engine.run import abandon

        known, break_glass = self.find(rollback_id)
        parts = self.parts(known.target, listener, break_glass=break_glass)
        report = abandon(parts, rollback_id, reason=reason)
        if break_glass:
            self._take_in(lambda: self.store)
        return report

    def gate(self, deployment_id: str, listener: "Listener") -> Verdict:
        """Judge a deployment and record the Verdict."""
        from smartspec_rollback.engine.judge import gate

        deployment = self.locate(deployment_id)
        return gate(self.parts(deployment.target, listener), deployment)

    def mark(self, deployment_id: str, outcome: VerdictOutcome, reason: str) -> Verdict:
        """Record the operator's own Verdict; a deployment only the platform knew is recorded."""
        from smartspec_rollback.engine.judge import mark

        return mark(
            self.store,
            self.locate(deployment_id),
            outcome,
            reason,
            by=self.operator,
            at=self.clock.now(),
        )

    def find(self, rollback_id: str) -> tuple[Rollback, bool]:
        """Find a rollback, and say whether only the break-glass journal has it; or UnknownName."""
        if found := self.break_glass.rollback(rollback_id):
            return found, True
        if found := self.store.rollback(rollback_id):
            return found, False
        raise UnknownName(
            "rollback",
            rollback_id,
            nearest=nearest(rollback_id, (r.id for r in self.store.rollbacks(limit=_RECENT))),
            remedy="`smartspec history` lists them",
        )

    def report(self, rollback_id: str) -> Report:
        """Tell how a rollback stands."""
        from smartspec_rollback.engine.report import build

        return build(self.ledger_of(rollback_id), rollback_id)

    def ledger_of(self, rollback_id: str) -> SqliteStore:
        """Return the store that a rollback is in."""
        _, break_glass = self.find(rollback_id)
        return self.break_glass.store if break_glass else self.store

    def answer(self, rollback_id: str, answer: Answer, *, reason: str = "") -> bool:
        """Record the operator's answer to a rollback; False if they gave it already.

        Refused where the policy does not count them, or the question is over.
        """
        from smartspec_rollback.engine.approve import answer as give

        known, _ = self.find(rollback_id)
        store = self.ledger_of(rollback_id)
        person, now = self.operator, self.clock.now()
        return give(store, known, answer, person=person, at=now, reason=reason)

    def enriched(self, target: Target, release: Release, *, live: bool = False) -> Release:
        """Add the digests the platform knows of a release, of the ``live`` one if it is that."""
        from smartspec_rollback.engine.locate import enriched

        return enriched(release, target, platform=self.platform(target), live=live)

    def record_capture(self, deployment: Deployment) -> "CaptureRecorded | str | None":
        """Keep what brings a deployment's release back; None without that, or why it is not it.

        ProviderError or another SmartSpecError where the platform cannot be looked at.
        """
        from smartspec_rollback.engine.capture import record_capture

        platform = self.platform(deployment.target)
        return record_capture(platform, self.store, deployment, by=self.operator)

    def record_database(self, deployment: Deployment) -> "SchemaRecorded | str | None":
        """Record what a deployment's database is now; None without one, or why it is needless.

        ProviderError or another SmartSpecError where it cannot be looked at.
        """
        configured = self.configured(deployment.target).database
        if configured is None:
            return None
        from smartspec_rollback import databases

        how = databases.recording(configured, store=self.store, clock=self.clock)
        return databases.record(how, deployment, by=self.operator)

    def parts(self, target: Target, listener: "Listener", *, break_glass: bool = False) -> "Parts":
        """Put together what the engine needs for one Target."""
        from smartspec_rollback import judging
        from smartspec_rollback.checks import assess
        from smartspec_rollback.engine.parts import Parts
        from smartspec_rollback.providers.smoke import SmokeRunner
        from smartspec_rollback.reporting import WrittenReports

        store = self.break_glass.store if break_glass else self.store
        return Parts(
            target=target,
            settings=self.configured(target).settings,
            store=store,
            platform=self.platform(target, store=store),
            metrics=self.metrics(target),
            smoke=SmokeRunner(self.configuration.path.parent),
            channels=self.channels(target, break_glass=break_glass),
            clock=self.clock,
            assess=assess,
            judges=judging,
            reports=WrittenReports(self.folder / "reports"),
            listener=listener,
            operator=self.operator,
            identify=self.configuration.identify,
            holder=holder_name(),
            new_id=lambda: short_id("rb"),
            stop=self.surroundings.stop,
            database=self._database(target),
        )

    def _database(self, target: Target) -> "DatabaseParts | None":
        configured = self.configured(target).database
        if configured is None:
            return None
        from smartspec_rollback import databases

        return databases.parts(configured, clock=self.clock)

    def _take_in(self, ledger: Callable[[], SqliteStore]) -> None:
        """Take the break-glass journal in; where that fails, the next command tries again."""
        try:
            self.break_glass.take_in(ledger())
        except SmartSpecError as error:
            self.surroundings.warn(f"the break-glass journal is not in the ledger yet: {error}")


def _made(group: str, configured: ProviderConfiguration, **more: object) -> Any:
    return registry.provider(group, configured.kind)(configured.settings, **more)
