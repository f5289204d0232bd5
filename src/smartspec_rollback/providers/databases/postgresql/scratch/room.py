"""Where a scratch server's folder lies: in memory where there is plenty, else on disk.

Called by ``server``. A scratch server's data is worth nothing after it, so it need never reach a
disk; but too much of it must not take the memory from what else runs on this machine.
"""

import os
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is made by mkdtemp
_ROOM = 2 * 2**30
"""Bytes that have to be free: two copies of 10,000 tables take some 1.5 GB."""
_AVAILABLE = 4 * 2**30
"""Bytes of memory that have to be left on the machine, and allowed to this container."""

_FIGURES = Path("/proc/meminfo")
_ALLOWED = Path("/sys/fs/cgroup/memory.max")


def folder() -> Path | None:
    """Name the folder to make others in; None leaves that to the system, as where TMPDIR is set."""
    return None if os.environ.get("TMPDIR") else in_memory()


def in_memory(
    memory: Path = _MEMORY, *, figures: Path = _FIGURES, allowed: Path = _ALLOWED
) -> Path | None:
    """Name a folder in memory to make others in; None where there is none, or too little room."""
    try:
        found = os.statvfs(memory)
        available = _available(figures.read_text("ascii"))
    except (OSError, ValueError):
        return None
    free = found.f_bavail * found.f_frsize
    if found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY) or not os.access(memory, os.W_OK | os.X_OK):
        return None
    enough = free >= _ROOM and min(available, _limit(allowed)) >= _AVAILABLE
    return memory if enough else None


def _available(figures: str) -> int:
    """Read how much memory programs may still take, in bytes."""
    for line in figures.splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return 0


def _limit(allowed: Path) -> int:
    """Read how much memory this container may take in all; where nobody says, there is no limit."""
    try:
        return int(allowed.read_text("ascii"))
    except (OSError, ValueError):
        return 2**63
