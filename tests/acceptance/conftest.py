"""What every acceptance test starts from: a folder with a configuration, and nobody's terminal."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION, Typed
from tests.acceptance.schemas import QUERIES, TABLE, change


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Typed]:
    """Run commands in a configured folder, with standard input closed to questions."""
    (tmp_path / "smartspec.yaml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMARTSPEC_DATABASE_URL", raising=False)
    nothing, kept = os.open(os.devnull, os.O_RDONLY), os.dup(0)
    os.dup2(nothing, 0)
    yield Typed(tmp_path, capsys)
    os.dup2(kept, 0)
    os.close(nothing)
    os.close(kept)


@pytest.fixture
def url(database: str) -> str:
    """Make a database with one table in it."""
    change(database, TABLE)
    return database


@pytest.fixture
def recorded(typed: Typed, url: str) -> Typed:
    """Run commands in a folder with ``q.sql`` and the snapshot ``a.json``."""
    (typed.folder / "q.sql").write_text(QUERIES)
    done = typed("schema", "snapshot", url, "--statements", "q.sql", "--no-remembered")
    assert done.code == 0
    (typed.folder / "a.json").write_text(done.out)
    return typed


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Make a folder whose path leaves room for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="ss-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
