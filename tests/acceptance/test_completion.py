"""Completion, as bash asks for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.acceptance.commands import Typed

from smartspec_rollback.cli.completion import PROGRAMS

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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_program_in_every_shell(typed: Typed, shell: str) -> None:
    """If this failed, one of the three commands would not complete."""
    script = typed("completion", shell).out
    for program in PROGRAMS:
        assert f"_{program.upper()}_COMPLETE={shell}_complete" in script
