"""The demo: the product's main job, told from beginning to end with real parts."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from smartspec_rollback.demo import story
from smartspec_rollback.demo.folder import make_folder
from smartspec_rollback.errors import UsageError

_SMARTSPEC = Path(sys.executable).with_name("smartspec")
_PATIENCE = 240.0


def _refuses(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) != 0


def test_the_story_is_told_and_nothing_is_left_running(tmp_path: Path) -> None:
    """What everybody tries first loses requests, ends without a report, or leaves processes."""
    told = subprocess.run(
        [_SMARTSPEC, "demo", "--folder", "shop"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Quality gate failed (p99 latency > 200ms)" in told.stdout
    assert re.search(r"^Requests failed: +0$", told.stdout, re.MULTILINE)
    (report,) = re.findall(r"^Report: +(shop\S+)$", told.stdout, re.MULTILINE)
    assert "Rolled back" in (tmp_path / report).read_text()
    configuration = (tmp_path / "shop" / "smartspec.yaml").read_text()
    (port,) = re.findall(r"listen: \"127\.0\.0\.1:(\d+)\"", configuration)
    assert _refuses(f"http://127.0.0.1:{port}")


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    """A mistyped --folder deletes somebody's work."""
    (tmp_path / "work.txt").write_text("mine")
    with pytest.raises(UsageError):
        make_folder(tmp_path)
    assert (tmp_path / "work.txt").read_text() == "mine"


def test_ctrl_c_waits_for_the_command_that_acts() -> None:
    """Ctrl-C stops production under the hands of a rollback, and leaves it half done."""

    class Interrupted:
        """A command that ends after the person interrupted twice."""

        waits = 0

        def wait(self) -> int:
            """Be interrupted twice, then end."""
            self.waits += 1
            if self.waits <= 2:
                raise KeyboardInterrupt
            return 5

    running = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        story._ended(running)  # type: ignore[arg-type] # only wait() of a process is needed
    assert running.waits == 3
