"""One configuration with everything behind it: the ledger, the providers, and the verbs.

Commands and servers make one and call its verbs. Each takes whom it is done for: the operator of
this process where nobody else is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from smartspec_rollback.config.find import find_configuration
from smartspec_rollback.config.loader import load
from smartspec_rollback.config.model import Configuration, TargetConfiguration
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.errors import SmartSpecError, UnknownName
from smartspec_rollback.ledgers import STATE, BreakGlass, ledger_path
from smartspec_rollback.ports.channel import Channel
from smartspec_rollback.ports.messenger import Messenger
from smartspec_rollback.ports.metrics import MetricsSource
from smartspec_rollback.ports.platform import Platform
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers import registry
from smartspec_rollback.providers.system import SystemClock, operator_account
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.wiring import providers
from smartspec_rollback.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from smartspec_rollback.engine.parts import Listener, Parts, Request
    from smartspec_rollback.engine.pausing import Going
    from smartspec_rollback.engine.run import Begun
    from smartspec_rollback.wiring.recording import Recorded, Said

_RECENT = 1000


def open_workspace(config: Path | None, surroundings: Surroundings) -> "Workspace":
    """Load ``config``, or the smartspec.yaml found from here upwards.

    ConfigurationError names every problem in it.
    """
    path = config if config is not None else find_configuration(Path.cwd())
    return Workspace(load(path, kinds=registry), surroundings)


@dataclass(frozen=True)
class Workspace:
    """One configuration with everything behind it."""

    configuration: Configuration
    surroundings: Surroundings = field(default_factory=Surroundings)
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
        return providers.platform(
            self.configured(target),
            clock=self.clock,
            store=lambda: self.store if store is None else store,
        )

    def metrics(self, target: Target) -> MetricsSource:
        """Make the metrics source of a Target."""
        return providers.metrics(self.configured(target), clock=self.clock)

    def channels(self, target: Target, *, break_glass: bool = False) -> tuple[Channel, ...]:
        """Make the channels somebody can really be reached by; break-glass uses the terminal."""
        found: list[Channel] = []
        if not break_glass:
            found += providers.channels(self.configured(target))
            found += self.surroundings.channels(target)
        if (terminal := self.surroundings.terminal()) is not None:
            found.append(terminal)
        return tuple(found)

    def posting(self, target: Target) -> tuple[Channel, ...]:
        """Make everything configured for a Target that posts by itself."""
        configured = self.configured(target)
        return (*providers.channels(configured), *providers.notified(configured))

    def outlets(self, target: Target) -> tuple[Messenger, ...]:
        """Make the outlets of a Target: chat systems and others that somebody has to serve."""
        return providers.outlets(self.configured(target))

    def asks_in_outlet(self, target: Target) -> bool:
        """Tell whether people of a Target are asked in an outlet, not only told there."""
        return providers.asks_in_outlet(self.configured(target))

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
        from smartspec_rollback.wiring.locating import locate_all

        return locate_all(self, deployment_ids)

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

        if failed is None:
            store = self.break_glass.store if request.break_glass else self.store
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

    def begin(
        self,
        request: "Request",
        listener: "Listener",
        *,
        failed: Deployment,
        by: Person,
        rollback_id: str | None = None,
    ) -> "Report | Begun":
        """Do all of a rollback that comes before driving it; ``drive`` does the rest.

        A new one is called ``rollback_id``, where that is given.
        """
        from smartspec_rollback.engine.run import begin

        self.break_glass.refuse_beside(failed.target)
        parts = replace(
            self.parts(failed.target, listener, by=by), auto_approve=request.auto_approve
        )
        if rollback_id is not None:
            parts = replace(parts, new_id=lambda: rollback_id)
        return begin(parts, failed, request)

    def drive(
        self, rollback_id: str, listener: "Listener", *, fresh: bool = False
    ) -> "Going[Report | None]":
        """Drive a rollback of the ledger to its end, pausing while it waits; see ``engine.drive``.

        ``fresh``: it was begun by this process a moment ago.
        """
        from smartspec_rollback.engine.drive import drive
        from smartspec_rollback.engine.listening import Sheltered

        known = self.store.rollback(rollback_id)
        if known is None:
            raise self._unknown(rollback_id)
        parts = self.parts(known.target, Sheltered(listener))
        return drive(parts, rollback_id, just_planned=fresh)

    def resume(self, rollback_id: str, listener: "Listener") -> Report:
        """Go on with a rollback that was interrupted, or verify again."""
        from smartspec_rollback.engine.run import resume

        known, break_glass = self.find(rollback_id)
        report = resume(self.parts(known.target, listener, break_glass=break_glass), rollback_id)
        if break_glass:
            self._take_in(lambda: self.store)
        return report

    def abandon(
        self, rollback_id: str, listener: "Listener", *, reason: str, by: Person | None = None
    ) -> Report:
        """Give up a rollback that stopped in the middle."""
        from smartspec_rollback.engine.run import abandon

        known, break_glass = self.find(rollback_id)
        parts = self.parts(known.target, listener, break_glass=break_glass, by=by)
        report = abandon(parts, rollback_id, reason=reason)
        if break_glass:
            self._take_in(lambda: self.store)
        return report

    def record(self, said: "Said", *, by: Person | None = None) -> "Recorded":
        """Record a deployment, and what can be learnt about it right then."""
        from smartspec_rollback.wiring.recording import record

        return record(self, said, by=by or self.operator)

    def gate(
        self, deployment_id: str, listener: "Listener", *, by: Person | None = None
    ) -> Verdict:
        """Judge a deployment and record the Verdict."""
        from smartspec_rollback.engine.judge import gate

        deployment = self.locate(deployment_id)
        return gate(self.parts(deployment.target, listener, by=by), deployment)

    def mark(
        self,
        deployment_id: str,
        outcome: VerdictOutcome,
        reason: str,
        *,
        by: Person | None = None,
    ) -> Verdict:
        """Record a person's own Verdict; a deployment only the platform knew is recorded."""
        from smartspec_rollback.engine.judge import mark

        return mark(
            self.store,
            self.locate(deployment_id),
            outcome,
            reason,
            by=by or self.operator,
            at=self.clock.now(),
        )

    def find(self, rollback_id: str) -> tuple[Rollback, bool]:
        """Find a rollback, and say whether only the break-glass journal has it; or UnknownName."""
        if found := self.break_glass.rollback(rollback_id):
            return found, True
        if found := self.store.rollback(rollback_id):
            return found, False
        raise self._unknown(rollback_id)

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

    def parts(
        self,
        target: Target,
        listener: "Listener",
        *,
        break_glass: bool = False,
        by: Person | None = None,
    ) -> "Parts":
        """Put together what the engine needs for one Target."""
        from smartspec_rollback.wiring.assembly import parts_of

        return parts_of(self, target, listener, break_glass=break_glass, by=by)

    def _take_in(self, ledger: Callable[[], SqliteStore]) -> None:
        """Take the break-glass journal in; where that fails, the next command tries again."""
        try:
            self.break_glass.take_in(ledger())
        except SmartSpecError as error:
            self.surroundings.warn(f"the break-glass journal is not in the ledger yet: {error}")

    def _unknown(self, rollback_id: str) -> UnknownName:
        return UnknownName(
            "rollback",
            rollback_id,
            nearest=nearest(rollback_id, (r.id for r in self.store.rollbacks(limit=_RECENT))),
            remedy="`smartspec history` lists them",
        )
