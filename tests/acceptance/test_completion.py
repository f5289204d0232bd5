"""Completion, as bash asks for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.acceptance.commands import Typed, place_hold, seed

from smartspec_rollback.cli.completion import PROGRAMS
from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.store.sqlite import SqliteStore

_ASK = """
source ./completion.sh
COMP_WORDS=({words}) COMP_CWORD={at}
{function} {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def _completed(folder: Path, program: str, *words: str) -> list[str]:
    bash = shutil.which("bash")
    assert bash is not None, "these tests need bash"
    script = _ASK.format(
        words=" ".join((program, *(f"'{word}'" for word in words))),
        at=len(words),
        function=f"_{program}_completion",
        program=program,
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes(typed: Typed) -> None:
    """If this failed, TAB would do nothing in the middle of an incident."""
    done = typed("completion", "bash")
    assert done.code == 0
    (typed.folder / "completion.sh").write_text(done.out)
    assert _completed(typed.folder, "smartspec", "ro") == ["rollback"]
    assert _completed(typed.folder, "smartspec", "deployment", "") == [
        *("list", "mark", "record", "show"),
    ]
    assert "--failed-deployment-id" in _completed(typed.folder, "smartspec_rollback", "--fa")
    assert "json" in _completed(typed.folder, "smartspec_quality_gate", "--format", "")


def test_ids_versions_and_checks(typed: Typed) -> None:
    """If this failed, people would type ids from another window while production is down."""
    record = ("deployment", "record", "--service", "checkout", "--environment", "production")
    for number in (1, 2):
        typed(*record, "--id", f"d{number}", "--version", f"v{number}")
        write_release(typed.folder / "releases", f"v{number}", environment={})
    with SqliteStore.open(typed.ledger) as store:
        place_hold(store, "d1")
    seed(typed.ledger)
    (typed.folder / "completion.sh").write_text(typed("completion", "bash").out)

    def offered(*words: str) -> list[str]:
        return _completed(typed.folder, *words)

    for command in ("approve", "deny", "resume", "show", "abandon"):
        assert offered("smartspec", command, "") == ["rb-waiting", "rb-1"]
    assert offered("smartspec_rollback", "--failed-deployment-id", "") == ["d2", "d1"]
    assert offered("smartspec_quality_gate", "--deployment-id", "d2") == ["d2"]
    assert offered("smartspec", "hold", "release", "h") == ["hold-1"]
    assert set(offered("smartspec", "local", "deploy", "--version", "")) == {"v1", "v2"}
    assert offered("smartspec_rollback", "--override", "still") == ["still-live"]


def test_nothing_to_offer_is_said_by_silence(typed: Typed, tmp_path: Path) -> None:
    """If this failed, TAB would write errors into the line being typed, or make a ledger."""
    script = typed("completion", "bash").out
    (typed.folder / "completion.sh").write_text(script)
    asked = (
        ("smartspec_rollback", "--failed-deployment-id", ""),
        ("smartspec", "hold", "release", ""),
        ("smartspec", "local", "deploy", "--version", ""),
    )
    for words in asked:
        assert _completed(typed.folder, *words) == []
    assert not typed.ledger.parent.exists()
    typed.ledger.parent.mkdir()
    typed.ledger.write_bytes(b"no database at all " * 100)
    (typed.folder / "smartspec.yaml").write_text("servces: {}\n")
    for words in asked:
        assert _completed(typed.folder, *words) == []
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (typed.folder / "smartspec.yaml").unlink()
    (elsewhere / "completion.sh").write_text(script)
    for words in asked:
        assert _completed(elsewhere, *words) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_program_in_every_shell(typed: Typed, shell: str) -> None:
    """If this failed, one of the three commands would not complete."""
    script = typed("completion", shell).out
    for program in PROGRAMS:
        assert f"_{program.upper()}_COMPLETE={shell}_complete" in script
