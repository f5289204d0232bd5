"""What the tools need of a ledger, wherever it is. Implemented by ``local`` and ``remote``.

Everything comes back as the JSON documents that the commands print, already decoded.
"""

from typing import Any, Protocol

from smartspec_rollback.domain.names import checked_text

Document = dict[str, Any]

BY_AGENT = "asked for by an agent"
"""Ends the reason of what an agent asked for, so that whoever approves knows."""


class Backend(Protocol):
    """A ledger as an agent may see it. Errors are SmartSpecError."""

    def plan(self, failed_deployment_id: str, target_version: str | None, /) -> Document:
        """Plan and check, and change nothing: ``smartspec.rollback/1`` of a dry run."""
        ...

    def request(
        self, failed_deployment_id: str, target_version: str | None, /, *, reason: str
    ) -> Document:
        """Ask for a rollback that people approve: ``smartspec.rollback/1``."""
        ...

    def rollback(self, rollback_id: str, /) -> Document:
        """Tell of one rollback: ``smartspec.rollback/1``."""
        ...

    def texts(self, rollback_id: str, /) -> tuple[str, str]:
        """Return plan and report of one rollback, as people read them: Markdown."""
        ...

    def rollbacks(self, service: str | None, environment: str | None, /, *, limit: int) -> Document:
        """List the newest: ``smartspec.history/1``."""
        ...

    def deployments(
        self, service: str | None, environment: str | None, /, *, limit: int
    ) -> Document:
        """List the newest: ``smartspec.deployments/1``."""
        ...

    def services(self) -> Document:
        """Say what is live where: ``smartspec.services/1``."""
        ...

    def holds(self) -> Document:
        """List the holds in force: ``smartspec.holds/1``."""
        ...

    def journal(self, rollback_id: str, /, *, after: int) -> Document:
        """List what was written in a rollback's journal after an entry: ``smartspec.journal/1``."""
        ...


def reason_of(said: str) -> str:
    """Say that an agent gave a reason; UsageError where it is none."""
    return f"{checked_text('reason', said)} ({BY_AGENT})"
