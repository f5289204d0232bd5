"""A rollback or deployment that dies, killed by itself at its n-th write or call; run with -m.

``carry_out`` keeps a journal as the engine does; called again, by whoever, it goes on.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec
from tests.integration.local.host import Host

from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.domain.values import Value
from smartspec_rollback.providers.platforms.local import LocalSettings
from smartspec_rollback.providers.platforms.local.supervision import Supervisord


class Journal(Value):
    """The steps of one rollback, and the fences of those that were begun."""

    steps: tuple[Step, ...]
    fences: tuple[Fence, ...] = ()


def carry_out(host: Host, version: str, path: Path) -> None:
    """Do what is not done yet of a rollback to a version."""
    if not path.exists():
        seen = host.platform.observe(host.target)
        write(path, Journal(steps=host.platform.plan(seen, to=host.release(version))))
    journal = msgspec.json.decode(path.read_bytes(), type=Journal)
    for number, step in enumerate(journal.steps):
        if number == len(journal.fences):
            fence = host.fence(f"{path.name}.{step.id}")
            journal = Journal(steps=journal.steps, fences=(*journal.fences, fence))
            write(path, journal)
        if host.platform.settled(step).state is not ProgressState.DONE:
            host.finish(step, journal.fences[number])


def write(path: Path, journal: Journal) -> None:
    """Write the journal in one step."""
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(msgspec.json.encode(journal))
    fresh.replace(path)


def die_at(count: int) -> None:
    """Kill this process at its ``count``-th sync of a file or call to supervisor."""
    left = count
    sync, call = os.fsync, Supervisord.call

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying_sync(handle: int) -> None:
        step()
        sync(handle)

    def dying_call(self: Supervisord, method: str, *parameters: str | bool) -> object:
        if not method.startswith("get"):
            step()
        return call(self, method, *parameters)

    os.fsync = dying_sync  # type: ignore[assignment] # the same, and deadly
    Supervisord.call = dying_call  # type: ignore[method-assign] # the same, and deadly


def main(folder: str, listen: str, version: str, name: str, count: str) -> None:
    """Roll back, or deploy if ``name`` is an id, and die on the way if there are so many writes."""
    settings = LocalSettings(
        releases=Path(folder) / "releases",
        state=Path(folder) / "state",
        listen=listen,
        instances=1,
        drain=5.0,
    )
    die_at(int(count))
    host = Host(Path(folder), settings)
    if name.startswith("deploy-"):
        host.deploy(version, name)
    else:
        carry_out(host, version, Path(name))


if __name__ == "__main__":
    main(*sys.argv[1:])
