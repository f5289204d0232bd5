"""Locks: one holder, and a gate that never hangs for ever."""

from pathlib import Path

import pytest

from smartspec_rollback.errors import StoreError
from smartspec_rollback.store.locks import LockFolder


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """If this fails, two threads of one process drive one rollback."""
    locks = LockFolder(tmp_path / "locks", patience=1.0)
    assert not locks.is_taken("a")
    descriptor = locks.take("a")
    assert descriptor is not None
    assert locks.take("a") is None
    assert locks.is_taken("a")
    assert not locks.is_taken("b")
    locks.free("a", descriptor)
    assert not locks.is_taken("a")


def test_waiting_for_the_gate_has_an_end(tmp_path: Path) -> None:
    """If this fails, one stopped process hangs everybody who wants to claim."""
    locks = LockFolder(tmp_path / "locks", patience=0.02)
    with locks.gate(), pytest.raises(StoreError, match="for too long") as caught:
        locks.take("a")
    assert "fuser" in caught.value.remedy


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """If this fails, claiming on a broken disk is a traceback."""
    (tmp_path / "locks").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        LockFolder(tmp_path / "locks", patience=0.02).take("a")
    assert str(tmp_path / "locks") in caught.value.where


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """If this fails, a link put there by somebody else makes us lock or empty another file."""
    locks = LockFolder(tmp_path / "locks", patience=0.02)
    assert not locks.is_taken("a")
    (tmp_path / "locks").mkdir()
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "locks" / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        locks.take("a")
    assert (tmp_path / "elsewhere").read_text() == "precious"
