import importlib.util
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.providers.platforms.local import parts


@pytest.fixture
def short() -> Iterator[Path]:
    """Supply a folder whose path is short enough for sockets."""
    with TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        yield Path(folder)


def test_sockets_have_a_private_short_folder(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user can speak to supervisor, or the sockets' paths are too long to be bound."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    folder = parts.runtime_folder(tmp_path / "state")
    assert folder.is_relative_to(short)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert parts.runtime_folder(tmp_path / "state") == folder
    assert parts.runtime_folder(tmp_path / "other") != folder


def test_too_long_a_folder_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long XDG_RUNTIME_DIR keeps everything from starting."""
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    folder = parts.runtime_folder(tmp_path / "state")
    assert len(str(folder)) < 80
    folder.rmdir()


@pytest.mark.parametrize("given", ["", ".", "run/user"])
def test_a_relative_folder_is_passed_over(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands in another folder look for the sockets where they are not."""
    (tmp_path / "run/user").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", given)
    folder = parts.runtime_folder(tmp_path / "state")
    assert folder.is_absolute()
    assert not folder.is_relative_to(tmp_path)
    folder.rmdir()


def test_foreign_folders_are_refused(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who was there first listens in on our sockets."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    (short / "elsewhere").mkdir(mode=0o700)
    (short / "smartspec").symlink_to("elsewhere")
    with pytest.raises(ProviderError, match="not ours alone"):
        parts.runtime_folder(short / "state")
    (short / "smartspec").unlink()
    (short / "smartspec").mkdir()
    (short / "smartspec").chmod(0o755)
    with pytest.raises(ProviderError, match="not ours alone"):
        parts.runtime_folder(short / "state")
    with pytest.raises(ProviderUnavailable):
        parts.check_private(short / "gone")


def test_missing_parts_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody without the extra gets a traceback instead of what to install."""

    def missing(name: str) -> object:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(parts, "distribution", missing)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for find in (parts.envoy, parts.supervisord):
        with pytest.raises(ProviderUnavailable) as refused:
            find()
        assert "smartspec-rollback[local]" in refused.value.remedy
