"""Supervisor: its configuration, and talking to it over its private socket.

Called by ``running`` and ``looking``. Its configuration holds paths only: what a release is and
knows stands in launch files, so nothing of a release can be read, or smuggled, into it.
"""

import http.client
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xmlrpc.client import Fault, ServerProxy

from smartspec_rollback.errors import NotDone, ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import launcher
from smartspec_rollback.providers.platforms.local.unix_http import UnixTransport, unavailable

PROXY = "envoy"
STOP_SECONDS = 10
_RPC_TIMEOUT = STOP_SECONDS + 20.0
_ALREADY = frozenset({"ALREADY_ADDED", "BAD_NAME", "ALREADY_STARTED", "NOT_RUNNING"})
_BREAKS_INI = ("\n", "\r", " ;", " #", "\t;", "\t#")
_FAILED = frozenset({"BACKOFF", "FATAL"})
_ENDED = frozenset({"STOPPED", "EXITED", "FATAL", "UNKNOWN"})
_POLL = 0.02
_RUNNING = frozenset({"STARTING", "RUNNING"})

_MAIN = """\
[supervisord]
identifier = smartspec
logfile = {logs}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
pidfile = {root}/supervisord.pid
childlogdir = {logs}
umask = 077
silent = true

[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files = conf.d/*.ini
"""

_PROGRAM = """\
[program:{program}]
command = {command}
autostart = true
autorestart = true
startsecs = 1
startretries = 1000000
stopsignal = TERM
stopwaitsecs = {stop}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = {logs}/{program}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 1
"""


@dataclass(frozen=True)
class Program:
    """One supervised process: the group it belongs to, its state's name, its process id."""

    group: str
    name: str
    state: str
    pid: int

    @property
    def runs(self) -> bool:
        """Whether it is up, or coming up for the first time."""
        return self.state in _RUNNING

    @property
    def fails(self) -> bool:
        """Whether it ended before it had run for a second."""
        return self.state in _FAILED


def program_name(group: str, number: int) -> str:
    """Name a group's program, counted from 1."""
    return f"{group}-{number}"


def main_file(root: Path, *, logs: Path, socket: Path) -> bytes:
    """Write supervisor's own configuration."""
    return _MAIN.format(root=_ini(root), logs=_ini(logs), socket=_ini(socket)).encode()


def group_file(group: str, *, programs: Iterable[str], launches: Path, logs: Path) -> bytes:
    """Write a group of programs, each started by its launch file."""
    names = tuple(programs)
    parts = [f"[group:{group}]\nprograms = {','.join(names)}\n"]
    parts += [
        _PROGRAM.format(
            program=name,
            command=_command(launches / f"{name}.json"),
            stop=STOP_SECONDS,
            logs=_ini(logs),
        )
        for name in names
    ]
    return "\n".join(parts).encode()


def _command(launch: Path) -> str:
    words = (sys.executable, "-I", "-S", launcher.__file__, str(launch))
    return " ".join(shlex.quote(_ini(word)) for word in words)


def _ini(value: Path | str) -> str:
    """Write a path so that supervisor reads just that path."""
    text = str(value)
    if any(broken in text for broken in _BREAKS_INI):
        raise NotDone(
            f"supervisor cannot be told this path: {text!r}",
            remedy="choose a path without line breaks, and without ';' or '#' after a space",
        )
    return text.replace("%", "%%")


class Supervisord:
    """The running supervisor of one Target; ProviderUnavailable where nothing answers."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    @property
    def answers(self) -> bool:
        """Whether it is there, be it in the middle of shutting down."""
        try:
            self.call("getState")
        except ProviderUnavailable:
            return False
        return True

    def programs(self) -> tuple[Program, ...]:
        """List everything it runs."""
        found = self.call("getAllProcessInfo")
        if not isinstance(found, list):
            raise ProviderError("supervisor answered oddly", where=str(self._socket))
        return tuple(
            Program(
                group=str(one["group"]),
                name=str(one["name"]),
                state=str(one["statename"]),
                pid=int(one["pid"]),
            )
            for one in found
        )

    def take_over(self, deadline: Deadline) -> None:
        """Make it run just the groups of its configuration files; returns when the rest ended."""
        changes = self.call("reloadConfig")
        if not isinstance(changes, list):
            raise ProviderError("supervisor answered oddly", where=str(self._socket))
        added, _, removed = changes[0]
        for group in added:
            self.call("addProcessGroup", str(group))
        for group in removed:
            self._stop(str(group), deadline)
            self.call("removeProcessGroup", str(group))

    def restart(self, group: str, deadline: Deadline) -> None:
        """Stop and start a group."""
        self._stop(group, deadline)
        self.call("startProcessGroup", group)

    def _stop(self, group: str, deadline: Deadline) -> None:
        """Stop a group; asking on and on, since supervisor notices an end a second late else."""
        self.call("stopProcessGroup", group, False)  # noqa: FBT003 - XML-RPC: don't wait
        while any(p.group == group and p.state not in _ENDED for p in self.programs()):
            if deadline.expired:
                raise ProviderError(f"{group} does not end", where=str(self._socket))
            deadline.pause(_POLL)

    def shut_down(self) -> None:
        """Ask it to stop everything and end."""
        self.call("shutdown")

    def call(self, method: str, *parameters: str | bool) -> object:
        """Call one of its methods; a fault that says "it is so already" is none."""
        transport = UnixTransport(self._socket, timeout=_RPC_TIMEOUT)
        try:
            with ServerProxy("http://localhost", transport=transport) as server:
                result: object = getattr(server.supervisor, method)(*parameters)
                return result
        except Fault as fault:
            name = fault.faultString.partition(":")[0]
            if name in _ALREADY:
                return None
            if name == "SHUTDOWN_STATE":
                raise unavailable(self._socket, fault) from fault
            raise ProviderError(f"supervisor refused {method}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException) as error:
            raise unavailable(self._socket, error) from error
