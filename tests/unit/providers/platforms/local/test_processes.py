import json
import subprocess
import sys
from pathlib import Path

import pytest

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.local import launcher
from smartspec_rollback.providers.platforms.local.processes import (
    Recorded,
    end_recorded,
    here,
    none_alive,
)
from smartspec_rollback.providers.system import SystemClock


def test_a_process_is_known_by_its_birth() -> None:
    """A stranger with a process id that was ours once is taken for ours."""
    ours = here()
    assert ours.alive
    assert not Recorded(pid=ours.pid, born="another boot 1").alive
    assert not Recorded(pid=ours.pid, born=None).alive


def test_only_what_surely_ended_is_down(tmp_path: Path) -> None:
    """A Target whose processes may still serve is called down."""
    assert none_alive(tmp_path)
    (tmp_path / "1.json").write_text(json.dumps({"pid": here().pid, "born": "long ago"}))
    assert none_alive(tmp_path)
    (tmp_path / "2.json").write_text("{")
    with pytest.raises(ProviderError, match="damaged"):
        none_alive(tmp_path)
    (tmp_path / "2.json").write_text(json.dumps({"pid": here().pid, "born": here().born}))
    assert not none_alive(tmp_path)


def test_only_recorded_processes_are_ended(tmp_path: Path) -> None:
    """An orphan keeps its port, or a stranger is killed for it."""
    with (
        subprocess.Popen(["/bin/sleep", "600"]) as orphan,
        subprocess.Popen(["/bin/sleep", "600"]) as stranger,
    ):
        for process, born in ((orphan, launcher.born(orphan.pid)), (stranger, "long ago")):
            record = {"pid": process.pid, "born": born}
            (tmp_path / f"{process.pid}.json").write_text(json.dumps(record))
        end_recorded(tmp_path, SystemClock())
        assert orphan.wait() != 0
        assert stranger.poll() is None
        assert list(tmp_path.iterdir()) == []
        stranger.kill()


def test_launcher_becomes_the_program(tmp_path: Path) -> None:
    """A program does not get its secrets, or the launcher shows them."""
    (tmp_path / "secret").write_text("hunter2\n")
    launch = {
        "command": [sys.executable, "-c", "import os; print(os.environ['TOKEN'], os.getcwd())"],
        "folder": str(tmp_path),
        "pid_file": str(tmp_path / "who.json"),
        "environment": {},
        "secrets": {"TOKEN": str(tmp_path / "secret")},
        "prewarmed": False,
        "routes": "",
        "revision": "",
    }
    (tmp_path / "launch.json").write_text(json.dumps(launch))
    command = [sys.executable, "-I", "-S", launcher.__file__, str(tmp_path / "launch.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        said = program.communicate()[0]
        assert json.loads((tmp_path / "who.json").read_text())["pid"] == program.pid
    assert said == f"hunter2 {tmp_path}\n"
    (tmp_path / "secret").write_bytes(b"hunter2\xff")
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "TOKEN" in failed.stderr
    assert "hunter2" not in failed.stderr


@pytest.mark.parametrize("routes", ["", "{", '{"resources": []}', "[]", "null"])
def test_launcher_says_prewarm_unless_it_is_live(tmp_path: Path, routes: str) -> None:
    """A damaged route file makes a version on trial believe that it is live."""
    (tmp_path / "routes.json").write_text(routes)
    launch = {
        "command": [sys.executable, "-c", "import os; print(os.environ['SMARTSPEC_PREWARM'])"],
        "folder": str(tmp_path),
        "pid_file": str(tmp_path / "who.json"),
        "environment": {},
        "secrets": {},
        "prewarmed": True,
        "routes": str(tmp_path / "routes.json"),
        "revision": "r1-a",
    }
    (tmp_path / "launch.json").write_text(json.dumps(launch))
    command = [sys.executable, "-I", "-S", launcher.__file__, str(tmp_path / "launch.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "1\n", done.stderr
