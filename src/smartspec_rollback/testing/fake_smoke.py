"""Smoke tests that pass or fail as a test wrote for them; nothing is sent or started.

Used by tests of the engine; passes ``SmokeContract``.
"""

from collections.abc import Collection, Mapping

from smartspec_rollback.domain.settings import Probe
from smartspec_rollback.domain.values import Parameter
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.smoke import SmokeResult


class FakeSmoke:
    """Everything passes, but for what is named.

    ``statuses`` answers paths with something else than 200, ``dead`` are URLs where nobody
    listens, ``failing`` are commands and how they fail. ``ran`` remembers what was tested (a URL
    with its path, or a command), ``environments`` what each command was given.
    """

    def __init__(
        self,
        *,
        statuses: Mapping[str, int] | None = None,
        dead: Collection[str] = (),
        failing: Mapping[str, str] | None = None,
    ) -> None:
        self.statuses = dict(statuses or {})
        self.dead = set(dead)
        self.failing = dict(failing or {})
        self.ran: list[str] = []
        self.environments: list[tuple[Parameter, ...]] = []

    def probe(self, base_url: str, probe: Probe, /, *, deadline: Deadline) -> SmokeResult:
        """Compare with the scripted status."""
        self.ran.append(base_url + probe.path)
        status = self.statuses.get(probe.path, 200)
        if deadline.expired:
            passed, detail = False, "not run: the deadline is over"
        elif base_url in self.dead:
            passed, detail = False, "connection refused"
        else:
            passed, detail = status == probe.status, f"answered {status}, expected {probe.status}"
        return SmokeResult(name=f"GET {probe.path}", passed=passed, detail=detail, seconds=0.0)

    def command(
        self, command: str, /, *, environment: tuple[Parameter, ...], deadline: Deadline
    ) -> SmokeResult:
        """Pass, unless scripted to fail."""
        self.ran.append(command)
        self.environments.append(environment)
        failure = "not run: the deadline is over" if deadline.expired else self.failing.get(command)
        return SmokeResult(
            name=command, passed=failure is None, detail=failure or "exit status 0", seconds=0.0
        )
