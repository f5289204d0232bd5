"""A person at a terminal: runs a command in a pseudo-terminal and types answers."""

import os
import pty
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.commands import Result

_PATIENCE = 60.0


def at_terminal(
    *words: str, folder: Path, answers: Sequence[tuple[str, str]] = (), stdout: Path | None = None
) -> Result:
    """Run an installed program; type each answer once the text before it has appeared.

    Everything shown is in ``out``. ``stdout`` takes standard output away from the terminal.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        _become(words, folder, stdout)
    shown, seen, waiting = b"", 0, list(answers)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            fresh = os.read(terminal, 65536)
        except OSError:
            break
        if not fresh:
            break
        shown += fresh
        if waiting and (found := shown.find(waiting[0][0].encode(), seen)) >= 0:
            seen = found + len(waiting[0][0].encode())
            os.write(terminal, waiting.pop(0)[1].encode())
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return Result(os.waitstatus_to_exitcode(status), shown.decode(errors="replace"), "")


def _become(words: Sequence[str], folder: Path, stdout: Path | None) -> None:
    """Turn the child into the program; never returns."""
    try:
        os.chdir(folder)
        if stdout is not None:
            os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT, 0o600), 1)
        program = str(Path(sys.executable).with_name(words[0]))
        os.execv(program, [program, *words[1:]])  # noqa: S606 - becoming it is the point
    finally:
        os._exit(127)
