"""Telling our processes from strangers, and ending those that lost their supervisor.

Called by ``running`` and ``guard``. A process is known by its id and the moment it was started,
both written down by itself; nothing else is ever killed.
"""

import os
import signal
from pathlib import Path

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.platforms.local.files import read_value, remove
from smartspec_rollback.providers.platforms.local.launcher import born

_GRACE = 10.0
_KILL_GRACE = 5.0
_POLL = 0.02


class Recorded(Value):
    """A process as it was written down; ``born`` is when it was started."""

    pid: int
    born: str | None

    @property
    def alive(self) -> bool:
        """Whether just this process still runs."""
        return self.born is not None and born(self.pid) == self.born


def here() -> Recorded:
    """Describe this process."""
    return Recorded(pid=os.getpid(), born=born(os.getpid()))


def none_alive(folder: Path) -> bool:
    """Tell whether no process recorded in ``folder`` runs; ProviderError for a damaged record."""
    records = (read_value(path, Recorded) for path in folder.glob("*.json"))
    return not any(seen is not None and seen.alive for seen in records)


def end_recorded(folder: Path, clock: Clock) -> None:
    """End every process recorded in ``folder`` that still runs, with its children."""
    records = {path: read_value(path, Recorded) for path in folder.glob("*.json")}
    alive = [seen for seen in records.values() if seen is not None and seen.alive]
    for signal_number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _KILL_GRACE)):
        for seen in alive:
            _send(seen, signal_number)
        alive = _still_there(alive, Deadline.after(clock, grace))
    if alive:
        raise ProviderError(f"process {alive[0].pid} does not end", where=str(folder))
    for path in records:
        remove(path)


def _still_there(watched: list[Recorded], deadline: Deadline) -> list[Recorded]:
    while (watched := [seen for seen in watched if seen.alive]) and not deadline.expired:
        deadline.pause(_POLL)
    return watched


def _send(seen: Recorded, signal_number: int) -> None:
    """Signal a process and, where it leads a group of its own, its children."""
    if not seen.alive:
        return
    try:
        if os.getpgid(seen.pid) == seen.pid:
            os.killpg(seen.pid, signal_number)
        else:
            os.kill(seen.pid, signal_number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ProviderError(f"process {seen.pid} belongs to another user") from error
