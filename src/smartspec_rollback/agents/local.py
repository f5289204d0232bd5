"""An agent's view of the ledger on this machine. Made by ``cli.mcp``.

What is asked for is told in the configured chats, where people may answer, as by a command. The
agent acts for whoever runs the process, as a machine does: it may read and ask, whatever more
that person may do. What it asked for is driven here, like by a command that waits; when the process
ends, what waits for approval is left to whoever serves or works on the ledger.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec

from smartspec_rollback.agents.backend import Document, reason_of
from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import UsageError
from smartspec_rollback.operations.chatting import Chats, OnlyAnswers
from smartspec_rollback.operations.opening import served_channels
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.server.api.telling import journal_document, services_document
from smartspec_rollback.views import asking, json, markdown
from smartspec_rollback.wiring import Surroundings, open_workspace


class LocalBackend:
    """The ledger of one configuration; ``close`` ends what it began."""

    def __init__(
        self, config: Path | None, *, tell: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        """Open the configuration and its ledger."""
        self._workspace = open_workspace(config, Surroundings(channels=served_channels, warn=warn))
        _ = self._workspace.store  # once, before there are threads
        self._who = Principal(person=self._workspace.operator, scopes=(Action.READ, Action.REQUEST))
        self._runner = Runner(
            self._workspace, listen=_unwatched, tell=tell, warn=warn, takes_over=False
        )
        self._operations = Operations(self._workspace, self._runner)
        self._runner.start()
        self._chats: Chats | None = None
        self._guard = threading.Lock()

    def close(self) -> None:
        """Let what is carried out end, leave what waits, and close the ledger."""
        if self._chats is not None:
            self._chats.hush()
        self._runner.stop()
        if self._chats is not None:
            self._chats.stop()
        self._workspace.store.close()

    def plan(self, failed_deployment_id: str, target_version: str | None, /) -> Document:
        """Plan and check, and change nothing."""
        asked = Request(
            failed_deployment_id=failed_deployment_id, target_version=target_version, dry_run=True
        )
        report = self._operations.rollback(self._who, asked)
        return _decoded(json.rollback_document(report, report_paths=()))

    def request(
        self, failed_deployment_id: str, target_version: str | None, /, *, reason: str
    ) -> Document:
        """Ask for a rollback that people approve."""
        asked = Request(
            failed_deployment_id=failed_deployment_id,
            target_version=target_version,
            reason=reason_of(reason),
            auto_approve=False,
        )
        report = self._operations.rollback(self._who, asked)
        self._tell()
        return _decoded(json.rollback_document(report, report_paths=()))

    def rollback(self, rollback_id: str, /) -> Document:
        """Tell of one rollback."""
        report = self._operations.report(self._who, rollback_id)
        return _decoded(json.rollback_document(report, report_paths=()))

    def texts(self, rollback_id: str, /) -> tuple[str, str]:
        """Return its plan and its report."""
        report = self._operations.report(self._who, rollback_id)
        plan = markdown.plan(report.plan, unattended=asking.unattended(report))
        return plan, markdown.report(report)

    def rollbacks(self, service: str | None, environment: str | None, /, *, limit: int) -> Document:
        """List the newest."""
        target = self._narrowed(service, environment)
        found = self._operations.rollbacks(self._who, target, limit=limit)
        return _decoded(json.history_document(found))

    def deployments(
        self, service: str | None, environment: str | None, /, *, limit: int
    ) -> Document:
        """List the newest."""
        target = self._narrowed(service, environment)
        found = self._operations.deployments(self._who, target, limit=limit)
        return _decoded(json.deployments_document(found))

    def services(self) -> Document:
        """Say what is live where."""
        found = self._operations.services(self._who)
        return _decoded(json.written(services_document(found)))

    def holds(self) -> Document:
        """List the holds in force."""
        return _decoded(json.holds_document(self._operations.holds(self._who)))

    def journal(self, rollback_id: str, /, *, after: int) -> Document:
        """List what was written after an entry."""
        report = self._operations.report(self._who, rollback_id)
        return _decoded(json.written(journal_document(report, after=after)))

    def _tell(self) -> None:
        """Let people be asked where they are; whoever serves a place already goes on with that."""
        with self._guard:
            if self._chats is None:
                workspace = self._workspace
                self._chats = Chats(
                    workspace,
                    OnlyAnswers(self._operations),
                    workspace.targets,
                    url=workspace.configuration.server.url or "",
                )
                self._chats.start()

    def _narrowed(self, service: str | None, environment: str | None) -> Target | None:
        if service is None and environment is None:
            return None
        if service is None:
            raise UsageError("name the service, too")
        if environment is not None:
            return self._operations.target(service, environment)
        checked_name("service", service)
        found = [t for t in self._workspace.targets if t.service == service]
        if len(found) != 1:
            known = ", ".join(str(target) for target in self._workspace.targets[:20])
            raise UsageError(f"name service and environment, one of: {known}")
        return found[0]


def _unwatched(_: Rollback) -> Unwatched:
    return Unwatched()


def _decoded(written: bytes) -> Document:
    return cast("Document", msgspec.json.decode(written))
