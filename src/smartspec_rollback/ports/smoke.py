"""Running a service's verification tests: HTTP probes and its own commands."""

from typing import Protocol

from smartspec_rollback.domain.settings import Probe
from smartspec_rollback.domain.values import Parameter, Value
from smartspec_rollback.ports.clock import Deadline


class SmokeResult(Value):
    """One test's outcome; ``detail`` is what it said, shortened."""

    name: str
    passed: bool
    detail: str
    seconds: float


class SmokeTests(Protocol):
    """Runs tests; a test that cannot be run has not passed."""

    def probe(self, base_url: str, probe: Probe, /, *, deadline: Deadline) -> SmokeResult:
        """Send one request and compare the status."""
        ...

    def command(
        self,
        command: str,
        /,
        *,
        environment: tuple[Parameter, ...],
        deadline: Deadline,
    ) -> SmokeResult:
        """Run one command with additions to its environment; exit status 0 passes."""
        ...
