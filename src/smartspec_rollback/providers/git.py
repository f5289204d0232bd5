"""Git, run as a program: lists of arguments, nothing of the caller's that points it elsewhere.

Called by ``repository``. Without hooks, pager, filters or network, and for a bounded time and
output.
"""

import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO

from smartspec_rollback.errors import ProviderError, ProviderUnavailable, SmartSpecError, UsageError

_WITHIN = 30.0
_MAX_COMPLAINT = 10_000
_HARMLESS = (
    "--no-pager",
    "--no-replace-objects",
    "--no-optional-locks",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "gc.auto=0",
)


def run(
    repository: Path, asked: tuple[str, ...], *, limit: int, given: bytes = b""
) -> tuple[int, bytes, str]:
    """Run git; its exit code, output and complaint. Ends it at the time or output limit."""
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as complaint:
        question.write(given)
        question.seek(0)
        with _started(repository, asked, question, complaint) as process:
            # A timer, because reading a bounded piece of a pipe takes no time limit.
            alarm = threading.Timer(_WITHIN, process.kill)
            alarm.start()
            out = process.stdout.read(limit + 1) if process.stdout else b""
            if len(out) > limit:
                process.kill()
            code = process.wait()
            late = not alarm.is_alive()
            alarm.cancel()
        if len(out) > limit:
            raise ProviderError(f"git gave more than {limit:,} bytes", where=str(repository))
        if late:
            raise ProviderUnavailable(
                f"git did not answer within {_WITHIN:.0f} s", where=str(repository)
            )
        complaint.seek(0)
        return code, out, complaint.read(_MAX_COMPLAINT).decode("utf-8", "replace")


def _started(
    repository: Path, asked: tuple[str, ...], question: IO[bytes], complaint: IO[bytes]
) -> "subprocess.Popen[bytes]":
    if not repository.is_dir():
        raise UsageError(
            "there is no such folder", where=str(repository), remedy="name the repository's folder"
        )
    try:
        return subprocess.Popen(
            ("git", *_HARMLESS, *asked),  # noqa: S607 - the git of whoever runs this
            cwd=repository,
            env=_environment(),
            stdin=question,
            stdout=subprocess.PIPE,
            stderr=complaint,
        )
    except OSError as error:
        raise ProviderUnavailable(
            f"git cannot be run: {error.strerror}", where=str(repository), remedy="install git"
        ) from error


def _environment() -> dict[str, str]:
    """Keep of the environment what git needs to run, and nothing that tells it where to look."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_PAGER": "cat",
    }


def meaning(repository: Path, complaint: str, missing: str = "") -> SmartSpecError:
    """Say what git's complaint means."""
    first = complaint.strip().partition("\n")[0][:300]
    if "dubious ownership" in complaint:
        return ProviderError(
            "git refuses the repository, because it belongs to another user",
            where=str(repository),
            remedy=f"if it is yours: git config --global --add safe.directory '{repository}'",
        )
    if "not a git repository" in complaint:
        return UsageError(
            "not a git repository",
            where=str(repository),
            remedy="run it in the repository, or name snapshots instead of versions",
        )
    if missing and "not a valid object name" in complaint.lower():
        return UsageError(missing, where=str(repository), remedy="name the folder as it was then")
    return ProviderError(f"git failed: {first}", where=str(repository))
