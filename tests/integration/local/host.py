"""A real host for tests: a Target of its own in a temporary folder, and load upon it."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Revision
from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import LocalPlatform, LocalSettings
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.system import SystemClock

PATIENCE = 60.0
CLOCK = SystemClock()
TARGET = Target(service="shop", environment="production")


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Host:
    """One Target on this machine."""

    folder: Path
    settings: LocalSettings
    target: Target = TARGET
    platform: LocalPlatform = field(init=False)

    def __post_init__(self) -> None:
        self.platform = self.another()

    def another(self) -> LocalPlatform:
        """Make the platform once more, as another process would."""
        return LocalPlatform(self.settings, clock=CLOCK)

    @property
    def site(self) -> Site:
        """Look behind the scenes."""
        return Site.of(self.target, self.settings, CLOCK)

    def deploy(self, version: str, deployment_id: str | None = None) -> Revision:
        """Deploy a version whose release is there."""
        return self.platform.deploy(
            self.target,
            version,
            deployment_id=f"deploy-{version}" if deployment_id is None else deployment_id,
            deadline=Deadline.after(CLOCK, PATIENCE),
        )

    def release(self, version: str) -> Release:
        """Look a release up that must be there."""
        found = self.platform.find(self.target, version)
        assert found is not None
        return found

    def fence(self, operation: str) -> Fence:
        """Fence an operation by what is there now."""
        seen = self.platform.observe(self.target)
        return Fence(operation=operation, token=1, fingerprint=seen.fingerprint)

    def apply(self, step: Step, fence: Fence) -> None:
        """Apply a step, giving it all the time it may take."""
        self.platform.apply(step, fence=fence, deadline=Deadline.after(CLOCK, step.timeout))

    def finish(self, step: Step, fence: Fence) -> Progress:
        """Apply a step and wait until it is done."""
        self.apply(step, fence)
        return await_done(lambda: self.platform.settled(step))

    def roll_back(self, version: str, name: str) -> None:
        """Do every step to a version."""
        to = self.release(version)
        for step in self.platform.plan(self.platform.observe(self.target), to=to):
            self.finish(step, self.fence(f"{name}.{step.id}"))

    def get(self, path: str = "/") -> tuple[int, str]:
        """Send one request through the front door."""
        return get(self.site.front.port, path)


def get(port: int, path: str) -> tuple[int, str]:
    """Send one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        stream = connection.makefile("rb")
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, stream.read(length).decode()


def await_done(look: Callable[[], Progress]) -> Progress:
    """Poll until the answer is done; fail when it failed or patience is over."""
    deadline = Deadline.after(CLOCK, PATIENCE)
    while (said := look()).state is not ProgressState.DONE:
        assert said.state is ProgressState.PENDING, said.detail
        assert not deadline.expired, said.detail
        deadline.pause(0.01)
    return said


def until(condition: Callable[[], bool]) -> None:
    """Poll until a condition holds; fail when patience is over."""
    deadline = Deadline.after(CLOCK, PATIENCE)
    while not condition():
        assert not deadline.expired
        deadline.pause(0.01)


@contextmanager
def a_host(
    folder: Path, *, instances: int = 2, drain: float = 5.0, ports: str = "20000-29999"
) -> Iterator[Host]:
    """Make a host with three releases on disk, and leave nothing running."""
    host = Host(
        folder,
        LocalSettings(
            releases=folder / "releases",
            state=folder / "state",
            listen=f"127.0.0.1:{free_port()}",
            instances=instances,
            drain=drain,
            ports=ports,
        ),
    )
    for version in ("v1.1.0", "v1.2.0", "v1.2.1"):
        write_release(host.settings.releases, version, environment={"NAME": version})
    try:
        yield host
    finally:
        host.another().down(host.target)


class Shot(NamedTuple):
    """One request: when it was sent, and what came back; status 0 means that it failed."""

    sent: float
    status: int
    version: str


class Load:
    """Requests over kept-alive connections, from a thread of its own, until it is stopped."""

    def __init__(self, port: int, *, connections: int, at_least: int) -> None:
        self.shots: list[Shot] = []
        self._port = port
        self._connections = connections
        self._at_least = at_least
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Send what is missing, and end."""
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*(self._connection() for _ in range(self._connections)))

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while not (self._stop.is_set() and len(self.shots) >= self._at_least):
            sent = time.monotonic()
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
                body = (await reader.readexactly(length)).decode().strip()
                self.shots.append(Shot(sent, int(head.split()[1]), body))
            except (OSError, asyncio.IncompleteReadError, ValueError):
                self.shots.append(Shot(sent, 0, ""))
                break
        writer.close()


def running_below(folder: Path) -> list[int]:
    """List the processes whose command line or working folder is below ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in command or where.startswith(str(folder)):
            found.append(int(entry.name))
    return found
