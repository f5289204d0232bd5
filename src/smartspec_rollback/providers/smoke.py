"""Running a service's verification tests: HTTP probes and its own commands.

Made by ``wiring`` and called by the engine, for prewarmed instances and after the switch. A test
that cannot be run has not passed. Commands are argument lists, never a shell's; they run in a
process group of their own, of which nothing is left when the test is over.
"""

import os
import select
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from smartspec_rollback.domain.settings import Probe
from smartspec_rollback.domain.values import Parameter
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.smoke import SmokeResult
from smartspec_rollback.providers.web import Connection, NoAnswer, address

OUTPUT_LIMIT = 2000
"""How many of a command's last characters are kept."""

_LOOK_EVERY = 0.05
_CHUNK = 65536
_LAST_READS = 16
_HEADERS = {"User-Agent": "smartspec-smoke", "Connection": "close"}


class SmokeRunner:
    """Runs tests from this machine; commands start in ``directory`` (that of smartspec.yaml)."""

    def __init__(self, directory: Path) -> None:
        """Run commands in ``directory``."""
        self._directory = directory

    def probe(self, base_url: str, probe: Probe, /, *, deadline: Deadline) -> SmokeResult:
        """Send one GET and compare the status; a redirect is not followed."""
        started = time.perf_counter()
        passed, detail = _probed(base_url, probe, deadline.remaining)
        return SmokeResult(
            name=f"GET {probe.path}",
            passed=passed,
            detail=detail,
            seconds=time.perf_counter() - started,
        )

    def command(
        self, command: str, /, *, environment: tuple[Parameter, ...], deadline: Deadline
    ) -> SmokeResult:
        """Run one command to its end or the deadline; exit status 0 passes.

        Its input is empty; its output and errors are read together and cut to the last
        ``OUTPUT_LIMIT`` characters.
        """
        started = time.perf_counter()
        passed, detail = self._run(command, environment, deadline)
        return SmokeResult(
            name=command, passed=passed, detail=detail, seconds=time.perf_counter() - started
        )

    def _run(
        self, command: str, environment: tuple[Parameter, ...], deadline: Deadline
    ) -> tuple[bool, str]:
        try:
            arguments = shlex.split(command)
        except ValueError as error:
            return False, f"the command cannot be read: {error}"
        if not arguments:
            return False, "the command is empty"
        if deadline.expired:
            return False, "not run: the deadline is over"
        try:
            process = subprocess.Popen(
                arguments,
                cwd=self._directory,
                env={**os.environ, **{item.name: item.value for item in environment}},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return False, f"it cannot be started: {error}"
        with process:
            # Popen made the pipe, as it was asked to.
            tail = _Tail(cast("IO[bytes]", process.stdout))
            try:
                in_time = _ended_in_time(process, tail, deadline)
            finally:
                _kill_group(process)
            for _ in range(_LAST_READS):
                if not tail.read(wait=0):
                    break
        text = tail.text
        if not in_time:
            return False, f"stopped at the deadline\n{text}".strip()
        if process.returncode == 0:
            return True, text or "exit status 0"
        if process.returncode < 0:
            return False, f"ended by signal {-process.returncode}\n{text}".strip()
        return False, f"exit status {process.returncode}\n{text}".strip()


def _probed(base_url: str, probe: Probe, seconds: float) -> tuple[bool, str]:
    try:
        to = address(base_url)
    except ValueError as error:
        return False, f"the address to test is {error}"
    connection = Connection(to)
    try:
        path = to.path.rstrip("/") + "/" + probe.path.lstrip("/")
        answer = connection.request("GET", path, seconds=seconds, headers=_HEADERS)
    except NoAnswer as error:
        return False, f"{error.what} ({to})"
    finally:
        connection.close()
    if answer.status == probe.status:
        return True, f"answered {answer.status}"
    return False, f"answered {answer.status}, expected {probe.status} ({to})"


class _Tail:
    """The last bytes of a pipe, read without ever waiting for its end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._file = pipe.fileno()
        self.held = b""

    def read(self, *, wait: float) -> bool:
        """Read what comes within ``wait`` seconds; False if nothing did."""
        if not select.select([self._file], [], [], wait)[0]:
            return False
        fresh = os.read(self._file, _CHUNK)
        self.held = (self.held + fresh)[-4 * OUTPUT_LIMIT :]
        return bool(fresh)

    @property
    def text(self) -> str:
        """The end of it, fit to be shown: without control characters."""
        lines = self.held.decode(errors="replace").replace("\r", "\n").split("\n")
        shown = ("".join(c for c in line if c.isprintable()).rstrip() for line in lines)
        return "\n".join(shown).strip()[-OUTPUT_LIMIT:]


def _ended_in_time(process: "subprocess.Popen[bytes]", tail: _Tail, deadline: Deadline) -> bool:
    # A grandchild may hold the pipe open for ever, so the process is watched, not the pipe's end.
    while not _has_ended(process):
        if deadline.expired:
            return False
        if not tail.read(wait=min(_LOOK_EVERY, deadline.remaining)):
            deadline.pause(_LOOK_EVERY)
    return True


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    # The process is looked at but not reaped: until then nobody else can get its group's number.
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, options) is not None


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
