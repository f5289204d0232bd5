"""Migrations named on a command line: files, folders, and what of them cannot be read."""

from pathlib import Path

import pytest

from smartspec_rollback.comparing.scripts import going_down, going_up, whole
from smartspec_rollback.errors import UsageError

UP = "ALTER TABLE t ADD n text;"


def test_files_keep_their_order(tmp_path: Path) -> None:
    """Migrations are applied in another order than they were."""
    for name in ("b.sql", "a.sql"):
        (tmp_path / name).write_text(f"{UP} -- {name}")
    found, unread = going_up([tmp_path / "b.sql", tmp_path / "a.sql"])
    assert [Path(name).name for name, _ in found] == ["b.sql", "a.sql"]
    assert unread == ()


def test_a_folder_nobody_recognises_is_read_by_its_files(tmp_path: Path) -> None:
    """A plain folder of SQL files is refused, with the words of a configuration."""
    folder = tmp_path / "x.sql"
    folder.mkdir()
    for name in ("two.sql", "one.sql"):
        (folder / name).write_text(UP)
    found, _ = going_up([folder])
    assert sorted(Path(name).name for name, _ in found) == ["one.sql", "two.sql"]


def test_of_sections_only_the_right_one_is_taken(tmp_path: Path) -> None:
    """Going up also goes down again, and nothing seems to change."""
    file = tmp_path / "20260101000000_x.sql"
    file.write_text(f"-- migrate:up\n{UP}\n-- migrate:down\nALTER TABLE t DROP n;\n")
    ((_, up),), _ = going_up([file])
    ((_, down),) = going_down([file])
    assert "ADD n" in up
    assert "DROP" not in up
    assert "DROP n" in down
    assert "ADD" not in down


@pytest.mark.parametrize("content", [b"\x00\x01\xff", "SELECT 1".encode("utf-16"), b""])
def test_what_cannot_be_read_is_told_or_empty(tmp_path: Path, content: bytes) -> None:
    """A binary migration counts as one that does nothing."""
    (tmp_path / "m.sql").write_bytes(content)
    found, unread = going_up([tmp_path / "m.sql"])
    assert unread or all(isinstance(sql, str) for _, sql in found)
    if content[:1] == b"\x00":
        assert unread


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A dump of 100 MB fills the memory of whoever compares."""
    with (tmp_path / "m.sql").open("wb") as file:
        file.truncate(100 * 2**20)
    found, unread = going_up([tmp_path / "m.sql"])
    assert found == ()
    assert unread


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """A mistyped name is an internal error, or no migration at all."""
    for read in (going_up, going_down):
        with pytest.raises(UsageError):
            read([tmp_path / "nowhere.sql"])
    with pytest.raises(UsageError):
        whole(tmp_path)
