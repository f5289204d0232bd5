import stat
from pathlib import Path

import pytest
from tests.unit.providers.platforms.local.values import TARGET

from smartspec_rollback.errors import NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local.files import (
    locked,
    private_folder,
    read_value,
    write_if_changed,
    write_private,
)
from smartspec_rollback.providers.platforms.local.records import Identity, Records
from smartspec_rollback.testing.clock import FakeClock


def test_files_are_private_and_whole(tmp_path: Path) -> None:
    """Others can read a file of ours, or a failed write leaves half of it."""
    path = tmp_path / "state.json"
    write_private(path, b"old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / ".state.json.tmp").mkdir()
    with pytest.raises(NotDone):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"


def test_unchanged_files_are_not_touched(tmp_path: Path) -> None:
    """The proxy is woken for nothing, or not told of a change."""
    path = tmp_path / "clusters.json"
    assert write_if_changed(path, b"one")
    assert not write_if_changed(path, b"one")
    assert write_if_changed(path, b"two")


def test_damage_is_said(tmp_path: Path) -> None:
    """A damaged file is read as an empty one."""
    path = tmp_path / "target.json"
    assert read_value(path, Identity) is None
    for content in (b"", b"{", b"{}", b'{"uid": 1}'):
        path.write_bytes(content)
        with pytest.raises(ProviderError, match="damaged"):
            Records(tmp_path).identity(TARGET)


def test_a_lock_keeps_others_out(tmp_path: Path) -> None:
    """Two processes change a Target at once."""
    path, clock = tmp_path / "lock", FakeClock()
    with locked(path, Deadline.after(clock, 1)):
        with (
            pytest.raises(NotDone, match="another process"),
            locked(path, Deadline.after(clock, 1)),
        ):
            pytest.fail("both have it")
        assert clock.slept
    with locked(path, Deadline.after(clock, 0)):
        assert path.exists()


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    """A read-only or misused folder ends in a traceback."""
    (tmp_path / "state").touch()
    with pytest.raises(NotDone, match="cannot make a folder"):
        private_folder(tmp_path / "state" / "shop")
