"""The only place where objects are put together.

A Workspace is one configuration with everything behind it: the ledger, the providers of each
Target, the checks, the judges and the views. Commands make one and call its verbs. Whatever is
heavy is imported when it is first needed, so that a command pays for what it uses.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartspec_rollback.config.find import find_configuration
from smartspec_rollback.config.loader import load
from smartspec_rollback.config.model import Configuration, ProviderConfiguration
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.errors import ProviderError, StoreError, UnknownName, UsageError
from smartspec_rollback.ports.channel import Channel
from smartspec_rollback.ports.platform import InspectsReleases, Platform
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers import registry
from smartspec_rollback.providers.system import SystemClock, holder_name, operator_account
from smartspec_rollback.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from smartspec_rollback.engine.parts import Listener, Parts, Request

STATE = ".smartspec"
"""The folder beside the configuration that everything is kept in."""

DATABASE_URL = "SMARTSPEC_DATABASE_URL"
_SQLITE = "sqlite:///"
_RECENT = 1000


def _never() -> bool:
    return False


def open_workspace(
    config: Path | None = None,
    *,
    stop: Callable[[], bool] = _never,
) -> "Workspace":
    """Load ``config``, or the smartspec.yaml found from here upwards.

    ConfigurationError names every problem in it. ``stop`` turns true when the person at the
    keyboard wants out.
    """
    path = config if config is not None else find_configuration(Path.cwd())
    return Workspace(load(path, kinds=registry), stop=stop)


def ledger_path(configuration: Path) -> Path:
    """Say where the ledger lies: what the environment says, else beside the configuration."""
    url = os.environ.get(DATABASE_URL, "")
    if not url:
        return configuration.parent / STATE / "smartspec.db"
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE):
        raise UsageError(
            "this is not a ledger's URL",
            where=DATABASE_URL,
            remedy="write sqlite:////absolute/path.db or sqlite:///relative/path.db",
        )
    return Path.cwd() / url.removeprefix(_SQLITE)


def new_rollback_id() -> str:
    """Make a short id that people can type: ``rb-`` and eight letters and digits."""
    return "rb-" + base64.b32encode(os.urandom(5)).decode().lower()


@dataclass(frozen=True)
class Workspace:
    """One configuration with everything behind it."""

    configuration: Configuration
    stop: Callable[[], bool] = _never
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
        if self._break_glass_path.exists():
            self._take_in(ledger)
        return ledger

    def platform(self, target: Target) -> Platform:
        """Make the platform of a Target."""
        configured = self.configuration.target(target.service, target.environment).platform
        made: Platform = self._made("platforms", configured, clock=self.clock)
        return made

    # Verbs

    def locate(self, deployment_id: str, *, store: Store | None = None) -> Deployment:
        """Find a deployment in the ledger, or by what the platforms remember."""
        from smartspec_rollback.engine.locate import locate

        return locate(
            deployment_id,
            store=self.store if store is None else store,
            targets=self.targets,
            platform_of=self.platform,
        )

    def rollback(self, request: "Request", listener: "Listener") -> Report:
        """Roll back, or attach to the rollback that is running already."""
        from smartspec_rollback.engine.run import rollback

        store: Store = self._break_glass_store if request.break_glass else self.store
        failed = self.locate(request.failed_deployment_id, store=store)
        parts = self.parts(failed.target, listener, break_glass=request.break_glass)
        report = rollback(parts, failed, request)
        if request.break_glass:
            self._take_in_if_possible()
        return report

    def resume(self, rollback_id: str, listener: "Listener") -> Report:
        """Go on with a rollback that was interrupted, or verify again."""
        from smartspec_rollback.engine.run import resume

        known, break_glass = self._find(rollback_id)
        parts = self.parts(known.target, listener, break_glass=break_glass)
        report = resume(parts, rollback_id)
        if break_glass:
            self._take_in_if_possible()
        return report

    def gate(self, deployment_id: str, listener: "Listener") -> Verdict:
        """Judge a deployment and record the Verdict."""
        from smartspec_rollback.engine.judge import gate

        deployment = self.locate(deployment_id)
        return gate(self.parts(deployment.target, listener), deployment)

    def answer(self, rollback_id: str, answer: Answer, *, reason: str = "") -> bool:
        """Record the operator's answer to a rollback; False if they gave it already.

        Refused where the policy does not count them, or the question is over.
        """
        from smartspec_rollback.engine.approve import answer as give

        known, break_glass = self._find(rollback_id)
        store: Store = self._break_glass_store if break_glass else self.store
        return give(
            store,
            known,
            answer,
            person=self.operator,
            at=self.clock.now(),
            reason=reason,
        )

    def enriched(self, target: Target, release: Release) -> Release:
        """Add the digests the platform knows of a release that was recorded without them."""
        if release.artifact_digest is not None:
            return release
        try:
            platform = self.platform(target)
            found = (
                platform.find(target, release.version)
                if isinstance(platform, InspectsReleases)
                else None
            )
        except ProviderError:
            return release
        if found is None or release.artifact not in (release.version, found.artifact):
            return release
        return found

    def parts(
        self,
        target: Target,
        listener: "Listener",
        *,
        break_glass: bool = False,
    ) -> "Parts":
        """Put together what the engine needs for one Target."""
        from smartspec_rollback import judging
        from smartspec_rollback.checks import assess
        from smartspec_rollback.engine.parts import Parts
        from smartspec_rollback.providers.smoke import SmokeRunner

        configured = self.configuration.target(target.service, target.environment)
        return Parts(
            target=target,
            settings=configured.settings,
            store=self._break_glass_store if break_glass else self.store,
            platform=self.platform(target),
            metrics=self._made("metrics", configured.metrics, clock=self.clock),
            smoke=SmokeRunner(),
            channels=self._channels(None if break_glass else configured.channel),
            clock=self.clock,
            assess=assess,
            judges=judging,
            reports=self.reports,
            listener=listener,
            operator=self.operator,
            identify=self.configuration.identify,
            holder=holder_name(),
            new_id=new_rollback_id,
            stop=self.stop,
        )

    @cached_property
    def reports(self) -> "_Reports":
        """Where reports are written, and how."""
        return _Reports(self.folder / "reports")

    # How

    def _channels(self, configured: ProviderConfiguration | None) -> tuple[Channel, ...]:
        """Make the channels somebody can really be reached by: a terminal only if there is one."""
        from smartspec_rollback.providers.channels.terminal import TerminalChannel

        channels: list[Channel] = []
        if configured is not None and configured.kind != TerminalChannel.name:
            channels.append(self._made("channels", configured))
        if TerminalChannel.available():
            channels.append(TerminalChannel())
        return tuple(channels)

    def _made(self, group: str, configured: ProviderConfiguration, **more: object) -> Any:
        return registry.provider(group, configured.kind)(configured.settings, **more)

    def _find(self, rollback_id: str) -> tuple[Rollback, bool]:
        """Find a rollback in the ledger or, where that fails, in the break-glass journal."""
        if self._break_glass_path.exists():
            found = self._break_glass_store.rollback(rollback_id)
            if found is not None:
                return found, True
        known = self.store.rollback(rollback_id)
        if known is None:
            raise UnknownName("rollback", rollback_id, remedy="`smartspec history` lists them")
        return known, False

    # Break-glass: a journal of its own, which needs no ledger

    @property
    def _break_glass_path(self) -> Path:
        return self.folder / "break-glass.db"

    @cached_property
    def _break_glass_store(self) -> SqliteStore:
        return SqliteStore.open(self._break_glass_path)

    def _take_in(self, ledger: SqliteStore) -> None:
        """Copy the break-glass journal into the ledger once nothing in it runs; set it aside."""
        journal = self._break_glass_store
        if any(r.status in ACTIVE for r in journal.rollbacks(limit=_RECENT)):
            return
        ledger.absorb(journal)
        journal.close()
        self.__dict__.pop("_break_glass_store", None)
        stamp = f"{self.clock.now():%Y%m%dT%H%M%SZ}"
        self._break_glass_path.rename(self.folder / f"break-glass-{stamp}.imported.db")

    def _take_in_if_possible(self) -> None:
        try:
            self._take_in(self.store)
        except StoreError:
            return  # the ledger is what break-glass does without; the next command tries again


class _Reports:
    """Writes plans and reports with the views; the engine knows only the port."""

    def __init__(self, folder: Path) -> None:
        from smartspec_rollback.store.report_files import ReportFiles
        from smartspec_rollback.views import json_documents, markdown

        self._markdown = markdown
        self._files = ReportFiles(
            folder,
            {
                ".md": lambda report, _: markdown.report(report),
                ".json": lambda report, paths: json_documents.rollback_document(
                    report,
                    report_paths=paths,
                ).decode(),
            },
        )

    def publish(self, report: Report, /) -> tuple[str, ...]:
        """Write the report's files and return their paths."""
        return self._files.publish(report)

    def plan_text(self, report: Report, /) -> str:
        """Write the plan as Markdown."""
        return self._markdown.plan(report.plan)

    def report_text(self, report: Report, /) -> str:
        """Write the report as Markdown."""
        return self._markdown.report(report)
