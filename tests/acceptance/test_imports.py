"""What a command pays for: nothing that it does not use."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.acceptance.commands import Typed, seed

HEAVY = {"msgspec", "yaml", "rich", "psycopg", "asyncio", "supervisor", "envoy"}

_SCRIPT = """
import sys
from smartspec_rollback.cli import main
sys.argv = sys.argv[1:]
try:
    getattr(main, sys.argv[0])()
except SystemExit as done:
    assert not done.code, done.code
print("", *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def _imported(folder: Path, *words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("program", ["smartspec", "smartspec_rollback", "smartspec_quality_gate"])
def test_help_imports_nothing_heavy(tmp_path: Path, program: str) -> None:
    """If this failed, --help would be slow, and fail where a provider's package is broken."""
    assert not _imported(tmp_path, program, "--help") & (HEAVY | {"sqlite3", "importlib.metadata"})


def test_every_commands_help_is_light(tmp_path: Path) -> None:
    """If this failed, somebody imported at the top of a command's module what its work needs."""
    for words in (("deployment", "record"), ("local", "deploy"), ("doctor",), ("demo",)):
        assert not _imported(tmp_path, "smartspec", *words, "--help") & HEAVY, words


def test_approve_and_history_stay_light(typed: Typed) -> None:
    """If this failed, the two commands of an incident's busiest minute would become slow."""
    seed(typed.ledger)
    unwanted = HEAVY - {"msgspec", "yaml"}
    assert not _imported(typed.folder, "smartspec", "history") & unwanted
    assert not _imported(typed.folder, "smartspec", "approve", "rb-waiting") & unwanted
