"""Smoke tests are run without a shell, end at the deadline, and leave nothing behind."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartspec_rollback.domain.settings import Probe
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.smoke import SmokeResult
from smartspec_rollback.providers.smoke import OUTPUT_LIMIT, SmokeRunner
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.web_service import Page, web_service

CLOCK = SystemClock()


def _run(folder: Path, command: str, *, seconds: float = 30.0) -> SmokeResult:
    deadline = Deadline.after(CLOCK, seconds)
    return SmokeRunner(folder).command(command, environment=(), deadline=deadline)


def _script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def _is_running(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _assert_gone(process: int) -> None:
    deadline = Deadline.after(CLOCK, 20)
    while _is_running(process):
        assert not deadline.expired
        deadline.pause(0.01)


def test_command_runs_where_the_configuration_is(tmp_path: Path) -> None:
    """``./smoke.sh`` beside smartspec.yaml is not found, or another one is."""
    _script(tmp_path, "smoke.py", "import os; print(os.getcwd())")
    result = _run(tmp_path, "./smoke.py")
    assert result.passed
    assert result.detail == str(tmp_path.resolve())


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    """A name in a command runs as another command."""
    result = _run(tmp_path, "echo $(touch made) ; touch made && touch made")
    assert result.passed
    assert "$(touch made)" in result.detail
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("echo 'unclosed", "cannot be read"),
        ("./not-there.sh", "cannot be started"),
        ("./folder", "cannot be started"),
        ("echo nul\0byte", "cannot be started"),
    ],
)
def test_what_cannot_be_run_has_not_passed(tmp_path: Path, command: str, words: str) -> None:
    """A mistyped verification command counts as passed."""
    (tmp_path / "folder").mkdir()
    result = _run(tmp_path, command)
    assert not result.passed
    assert words in result.detail


def test_failure_is_told_with_its_output(tmp_path: Path) -> None:
    """People learn that a test failed, but not why."""
    script = "import sys; print('checking'); print('price is 0', file=sys.stderr); sys.exit(3)"
    _script(tmp_path, "smoke.py", script)
    result = _run(tmp_path, "./smoke.py")
    assert not result.passed
    assert result.detail.startswith("exit status 3\n")
    assert "checking" in result.detail
    assert "price is 0" in result.detail


def test_command_killed_by_a_signal_has_not_passed(tmp_path: Path) -> None:
    """A test that crashed counts as passed."""
    _script(tmp_path, "smoke.py", "import os; os.kill(os.getpid(), 9)")
    result = _run(tmp_path, "./smoke.py")
    assert (result.passed, result.detail) == (False, "ended by signal 9")


class UntilReady(SystemClock):
    """A clock on which every deadline is over as soon as a file exists."""

    def __init__(self, ready: Path) -> None:
        """Watch for ``ready``."""
        self._ready = ready

    def monotonic(self) -> float:
        """Jump ahead when the file is there."""
        return super().monotonic() + (1e6 if self._ready.exists() else 0)


def test_deadline_ends_the_command_and_its_children(tmp_path: Path) -> None:
    """A hanging test holds the rollback up, or goes on alone beside it."""
    _script(
        tmp_path,
        "smoke.py",
        "import os, pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(os.getpid(), child.pid, flush=True)\n"
        "pathlib.Path('ready').touch()\n"
        "time.sleep(600)\n",
    )
    deadline = Deadline.after(UntilReady(tmp_path / "ready"), 60)
    result = SmokeRunner(tmp_path).command("./smoke.py", environment=(), deadline=deadline)
    assert not result.passed
    first, _, numbers = result.detail.partition("\n")
    assert first == "stopped at the deadline"
    processes = [int(number) for number in numbers.split()]
    assert len(processes) == 2
    for process in processes:
        _assert_gone(process)


def test_what_a_command_leaves_running_is_ended(tmp_path: Path) -> None:
    """A grandchild that holds the output open keeps the rollback waiting, and stays for ever."""
    _script(
        tmp_path,
        "smoke.py",
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n",
    )
    result = _run(tmp_path, "./smoke.py")
    assert result.passed
    _assert_gone(int(result.detail))


def test_output_is_bounded_and_its_end_kept(tmp_path: Path) -> None:
    """A talkative test fills the memory, or its last words are lost."""
    _script(tmp_path, "smoke.py", "print('x' * 5_000_000); print('the end')")
    result = _run(tmp_path, "./smoke.py")
    assert result.passed
    assert len(result.detail) <= OUTPUT_LIMIT
    assert result.detail.endswith("the end")


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(output=st.binary(max_size=200))
def test_output_cannot_steer_a_terminal(tmp_path: Path, output: bytes) -> None:
    """A release's own words rewrite the report on somebody's screen."""
    (tmp_path / "output").write_bytes(output)
    detail = _run(tmp_path, "cat output").detail
    assert all(c.isprintable() or c == "\n" for c in detail)


def test_command_has_no_input(tmp_path: Path) -> None:
    """A command that asks something takes the answer meant for the plan, or waits for ever."""
    _script(tmp_path, "smoke.py", "import sys; print(repr(sys.stdin.read()))")
    assert _run(tmp_path, "./smoke.py").detail == "''"


def test_environment_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command loses its PATH, or does not get what it was given."""
    monkeypatch.setenv("SMARTSPEC_OF_THE_PARENT", "kept")
    text = "import os; print(os.environ['SMARTSPEC_OF_THE_PARENT'], os.environ['SMARTSPEC_URL'])"
    _script(tmp_path, "smoke.py", text)
    result = SmokeRunner(tmp_path).command(
        "./smoke.py",
        environment=parameters(SMARTSPEC_URL="http://checkout"),
        deadline=Deadline.after(CLOCK, 30),
    )
    assert result.detail == "kept http://checkout"
    assert "SMARTSPEC_URL" not in os.environ


def test_probe_joins_paths(tmp_path: Path) -> None:
    """A front door with a path of its own is asked for another page."""
    with web_service({"/shop/healthz": Page()}) as service:
        for base in (f"{service.url}/shop", f"{service.url}/shop/"):
            result = SmokeRunner(tmp_path).probe(
                base, Probe(path="/healthz"), deadline=Deadline.after(CLOCK, 30)
            )
            assert result.passed, result.detail


def test_probe_does_not_follow_redirects(tmp_path: Path) -> None:
    """A login page behind a redirect passes for a healthy service."""
    away = Page(status=302, headers={"Location": "/login"})
    with web_service({"/": away, "/login": Page()}) as service:
        result = SmokeRunner(tmp_path).probe(
            service.url, Probe(path="/"), deadline=Deadline.after(CLOCK, 30)
        )
    assert not result.passed
    assert "answered 302, expected 200" in result.detail


@pytest.mark.parametrize("url", ["", "ftp://checkout/", "http://me:T0P-SECRET@127.0.0.1/"])
def test_probe_of_a_bad_url_has_not_passed(tmp_path: Path, url: str) -> None:
    """A mistake in an address passes, or shows a password."""
    deadline = Deadline.after(CLOCK, 30)
    result = SmokeRunner(tmp_path).probe(url, Probe(path="/"), deadline=deadline)
    assert not result.passed
    assert "T0P-SECRET" not in result.detail
