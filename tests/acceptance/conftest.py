"""What every acceptance test starts from: a folder with a configuration, and nobody's terminal."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION, Typed


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
