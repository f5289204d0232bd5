"""How soon five hundred open pages show what happens to fifty running rollbacks.

A real ``smartspec serve`` with a real ledger; this process writes the journals, as other processes
would, and reads all the streams. So what is measured is the server and its readers together.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from figure import Figure
from setting import Setting

from smartspec_rollback.domain.rollback import Claim, EntryKind, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.store import Change
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.access import a_token, given
from smartspec_rollback.testing.samples import a_plan, a_rollback

AT_MOST = 1.0
"""Seconds until 95 of 100 pages show what happened."""

GROWTH = 1.15
"""How many times the memory of a server that is warm it may take after many events."""

ROLLBACKS, VIEWERS = 50, 500
_PEOPLE = 10
_PATIENCE = 60.0
_CLOCK = SystemClock()
_TARGET = """\
  shop-{number}:
    production:
      platform: {{kind: local, releases: releases/, listen: "127.0.0.1:1"}}
      database: none
"""


@dataclass(frozen=True)
class _Serving:
    """A server that runs."""

    process: "subprocess.Popen[str]"
    port: int

    def memory(self) -> int:
        """Tell how much memory it takes, in KiB."""
        if not sys.platform.startswith("linux"):
            used = subprocess.run(
                ["/bin/ps", "-o", "rss=", "-p", str(self.process.pid)],
                capture_output=True,
                text=True,
                check=True,
            )
            return int(used.stdout)
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Let much happen while many look."""
    folder = setting.folder("console")
    targets = "".join(_TARGET.format(number=n) for n in range(ROLLBACKS))
    people = "".join(f'  person-{n}: {{os: "{n}"}}\n' for n in range(_PEOPLE))
    (folder / "smartspec.yaml").write_text(f"services:\n{targets}people:\n{people}")
    with SqliteStore.open(folder / ".smartspec" / "smartspec.db") as store:
        now = _CLOCK.now()
        tokens = [
            given(store, a_token(f"t{n}", person=f"person-{n}", at=now)) for n in range(_PEOPLE)
        ]
        claims = [_begun(store, number) for number in range(ROLLBACKS)]
        with _serving(folder) as serving:
            rounds = 20 if setting.quick else 120
            return asyncio.run(_watched(serving, store, claims, tokens, rounds))


def _begun(store: SqliteStore, number: int) -> Claim:
    target = Target(service=f"shop-{number}", environment="production")
    plan = a_plan(f"rb-{number}", target=target, made_at=_CLOCK.now())
    store.open_rollback(a_rollback(plan=plan), plan)
    claim = store.claim(plan.rollback_id, holder="bench", at=_CLOCK.now())
    if claim is None:
        raise RuntimeError(f"{plan.rollback_id} is held by somebody")
    for status in (Status.AWAITING_APPROVAL, Status.APPROVED, Status.EXECUTING):
        change = Change(kind=EntryKind.STATUS, text=str(status), status=status)
        store.append(claim, change, at=_CLOCK.now())
    return claim


@contextmanager
def _serving(folder: Path) -> Iterator[_Serving]:
    program = str(Path(sys.executable).with_name("smartspec"))
    process = subprocess.Popen(
        [program, "serve", "--port", "0"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server's words cannot be read")
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                yield _Serving(process, int(found[1]))
                return
        raise RuntimeError("the server did not start")
    finally:
        process.terminate()
        process.wait(_PATIENCE)


class _Audience:
    """Everybody who looks; ``seen`` tells which state of which rollback was there when."""

    def __init__(self, port: int, tokens: list[str], claims: list[Claim]) -> None:
        self.seen: dict[tuple[str, int], list[float]] = defaultdict(list)
        self.all_look = asyncio.Event()
        self._port = port
        self._looking = 0
        self._viewers = [
            asyncio.ensure_future(
                self._view(tokens[n % _PEOPLE], claims[n % ROLLBACKS].rollback_id)
            )
            for n in range(VIEWERS)
        ]

    async def leave(self) -> None:
        """Close every page."""
        for viewer in self._viewers:
            viewer.cancel()
        await asyncio.gather(*self._viewers, return_exceptions=True)

    async def _view(self, token: str, rollback_id: str) -> None:
        """Keep one page open, and note which state came when."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        try:
            writer.write(
                f"GET /rollbacks/{rollback_id}/events HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            states = 0
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    number = int(line[4:].partition(b".")[0])
                    self.seen[rollback_id, number].append(time.monotonic())
                    states += 1
                    self._looking += states == 1
                    if self._looking == VIEWERS:
                        self.all_look.set()
        finally:
            writer.close()


async def _watched(
    serving: _Serving, store: SqliteStore, claims: list[Claim], tokens: list[str], rounds: int
) -> tuple[Figure, ...]:
    sent: dict[tuple[str, int], float] = {}
    audience = _Audience(serving.port, tokens, claims)
    async with asyncio.timeout(_PATIENCE):
        await audience.all_look.wait()
    warm = 0
    for number in range(rounds):
        await asyncio.to_thread(_happen, store, claims, sent)
        if number == rounds // 3:
            warm = serving.memory()
    await asyncio.sleep(AT_MOST)
    await audience.leave()
    waited = sorted(
        at - sent[key] for key, times in audience.seen.items() if key in sent for at in times
    )
    late, memory = waited[int(len(waited) * 0.95)], serving.memory()
    what = f"{VIEWERS} pages on {ROLLBACKS} rollbacks"
    return (
        Figure(
            what=f"{what}: until 95 of 100 updates are there",
            value=late,
            unit="s",
            bound=f"at most {AT_MOST:g} s",
            holds=late <= AT_MOST and len(waited) >= VIEWERS,
        ),
        Figure(
            what=f"{what}: the server's memory after {len(sent)} events",
            value=memory / 1024,
            unit="MiB",
            baseline=warm / 1024,
            against="after a third of them",
            bound=f"at most {GROWTH:g} times",
            holds=memory <= GROWTH * warm,
        ),
    )


def _happen(store: SqliteStore, claims: list[Claim], sent: dict[tuple[str, int], float]) -> None:
    """Let something happen to every rollback."""
    for claim in claims:
        change = Change(kind=EntryKind.STATUS, text="2 of 3 instances are ready")
        entry = store.append(claim, change, at=_CLOCK.now())
        sent[claim.rollback_id, entry.seq] = time.monotonic()
