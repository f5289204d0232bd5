"""The parts of the store about what a server was asked for and what it found; not audited.

Working memory: what is decided here stands in the ledger, by the other parts.
"""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.gate import GateRun
from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.target import Target


class KeepsRequests(Protocol):
    """Requests by their keys, and the gates that are run."""

    def remember_request(self, key: str, digest: str, /, *, at: datetime) -> str | None:
        """Remember that ``key`` names the request ``digest``; what rollback came of it, or None.

        UsageError if the key names another request already.
        """
        ...

    def answer_request(self, key: str, rollback_id: str, /) -> None:
        """Keep which rollback came of a request; the first one stays."""
        ...

    def begin_gate(self, run: GateRun, /) -> GateRun:
        """Keep a gate that is to be run; the one of its deployment that runs already, if any."""
        ...

    def end_gate(self, run: GateRun, /) -> None:
        """Keep what came of a gate; the first word stays."""
        ...

    def gate_run(self, gate_id: str, /) -> GateRun | None:
        """Look a gate up."""
        ...

    def running_gates(self) -> tuple[GateRun, ...]:
        """List the gates that nobody ended, oldest first."""
        ...


class KeepsReadiness(Protocol):
    """The newest answer about each Target."""

    def keep_readiness(self, answer: Readiness, /) -> None:
        """Keep an answer in place of the one before; a newer one stays."""
        ...

    def readiness(self, target: Target, /) -> Readiness | None:
        """Return the newest answer about a Target; None where nobody gave one."""
        ...
