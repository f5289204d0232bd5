"""The file channel: whole lines, private, never through a trap."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.channels.file import FileChannel, FileSettings
from smartspec_rollback.testing.channel_contract import a_notice


def _channel(path: Path) -> FileChannel:
    return FileChannel(FileSettings(path=path))


def test_lines_are_whole_and_private(tmp_path: Path) -> None:
    """A reader cannot take the file apart, or others on the machine read of an incident."""
    path = tmp_path / "notices.jsonl"
    _channel(path).post(a_notice("two\nlines", rollback_id="rb-7"))
    line = json.loads(path.read_text())
    assert {k: line[k] for k in ("schema", "kind", "rollback_id", "text")} == {
        "schema": "smartspec.notice/1",
        "kind": "plan",
        "rollback_id": "rb-7",
        "text": "two\nlines",
    }
    assert line["at"].endswith("Z")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writers_do_not_mix(tmp_path: Path) -> None:
    """Two rollbacks posting at once spoil each other's lines."""
    path = tmp_path / "notices.jsonl"

    def write(number: int) -> None:
        for _ in range(10):
            _channel(path).post(a_notice("x" * 20000, rollback_id=f"rb-{number}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 40


def test_half_a_line_of_a_dead_writer_spoils_nothing(tmp_path: Path) -> None:
    """A crash in the middle of a line takes the next notice with it."""
    path = tmp_path / "notices.jsonl"
    path.write_text('{"schema":"smartspec.no')
    _channel(path).post(a_notice("after the crash"))
    assert json.loads(path.read_text().splitlines()[-1])["text"] == "after the crash"


def test_traps_are_refused(tmp_path: Path) -> None:
    """A link or a pipe laid in place of the file redirects notices, or hangs the rollback."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for trap in (tmp_path / "link", tmp_path / "pipe", tmp_path):
        with pytest.raises(ProviderError) as caught:
            _channel(trap).post(a_notice())
        assert str(trap) in caught.value.where
        assert caught.value.remedy
    assert not (tmp_path / "elsewhere").exists()


def test_full_disk_is_said() -> None:
    """A notice that was not written counts as posted."""
    with pytest.raises(ProviderError, match="cannot be written"):
        _channel(Path("/dev/full")).post(a_notice())
