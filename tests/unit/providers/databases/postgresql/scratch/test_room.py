"""Scratch servers lie in memory only where that takes it from nobody."""

import os
from pathlib import Path

import pytest

from smartspec_rollback.providers.databases.postgresql.scratch import room

_PLENTY = 2**40


def _figures(folder: Path, available: int) -> Path:
    """Write what the kernel tells of memory."""
    path = folder / "meminfo"
    path.write_text(f"MemTotal: {2**34} kB\nMemAvailable:    {available // 1024} kB\n")
    return path


def _found(monkeypatch: pytest.MonkeyPatch, *, free: int, flags: int = 0) -> None:
    """Have every file system be one with this much room."""
    values = (4096, 4096, free // 4096, free // 4096, free // 4096, 9, 9, 9, flags, 255)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(values))


def test_plenty_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison waits for a disk that nothing of it needs."""
    _found(monkeypatch, free=_PLENTY)
    figures = _figures(tmp_path, _PLENTY)
    assert room.in_memory(tmp_path, figures=figures, allowed=tmp_path / "none") == tmp_path
    allowed = tmp_path / "allowed"
    allowed.write_text("max\n")
    assert room.in_memory(tmp_path, figures=figures, allowed=allowed) == tmp_path


@pytest.mark.parametrize(
    "limits",
    [
        (64 * 2**20, _PLENTY, "max", 0),
        (_PLENTY, 2**30, "max", 0),
        (_PLENTY, _PLENTY, str(2**30), 0),
        (_PLENTY, _PLENTY, "max", os.ST_NOEXEC),
        (_PLENTY, _PLENTY, "max", os.ST_RDONLY),
    ],
)
def test_too_little_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int, str, int]
) -> None:
    """A comparison in a small container has what runs beside it killed for want of memory."""
    free, available, allowed, flags = limits
    _found(monkeypatch, free=free, flags=flags)
    told = tmp_path / "allowed"
    told.write_text(allowed)
    figures = _figures(tmp_path, available)
    assert room.in_memory(tmp_path, figures=figures, allowed=told) is None


def test_unknown_is_too_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that does not tell of its memory, no comparison can be made at all."""
    gone = tmp_path / "none"
    assert room.in_memory(gone) is None
    _found(monkeypatch, free=_PLENTY)
    assert room.in_memory(tmp_path, figures=gone) is None
    other = tmp_path / "other"
    other.write_text("MemTotal: 5 kB\n")
    assert room.in_memory(tmp_path, figures=other) is None
    other.write_text("MemAvailable: much\n")
    assert room.in_memory(tmp_path, figures=other) is None


def test_whoever_names_a_place_is_obeyed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody who keeps temporary files off a small memory would find them there."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert room.folder() is None
    monkeypatch.delenv("TMPDIR")
    assert room.folder() == room.in_memory()
