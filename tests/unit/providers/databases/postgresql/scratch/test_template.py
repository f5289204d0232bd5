"""Data folders are kept for later servers, and taken only from where nobody else can put one."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.scratch.template import Kept


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have a cache of this test's own, where only this user can get at it."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        yield Path(folder)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Make what looks like the programs of a server."""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("program")
    return tmp_path


def _keep(kept: Kept, content: bytes) -> bool:
    begun = kept.begun()
    if begun is None:
        return False
    begun.file.write(content)
    begun.done()
    return True


def _read(kept: Kept) -> bytes | None:
    file = kept.opened()
    if file is None:
        return None
    with file:
        return file.read()


def test_what_is_kept_is_found_again(cache: Path, programs: Path) -> None:
    """Every comparison waits a second for what was made before."""
    kept = Kept(programs, ("--one",))
    assert _read(kept) is None
    assert _keep(kept, b"data")
    assert _read(Kept(programs, ("--one",))) == b"data"
    assert _read(Kept(programs, ("--two",))) is None
    kept.forget()
    assert _read(kept) is None
    assert not [each for each in cache.rglob("*") if each.is_file()]


def test_an_update_replaces_what_was_kept(cache: Path, programs: Path) -> None:
    """A data folder of another release is served, or old ones fill the disk."""
    _keep(Kept(programs, ()), b"old")
    (programs / "postgres").write_text("the next release")
    kept = Kept(programs, ())
    assert _read(kept) is None
    _keep(kept, b"new")
    assert _read(kept) == b"new"
    assert len([each for each in cache.rglob("*") if each.is_file()]) == 1


def test_half_of_one_is_never_found(cache: Path, programs: Path) -> None:
    """A process that ends while it writes leaves a broken data folder to all that follow."""
    kept = Kept(programs, ())
    begun = kept.begun()
    assert begun is not None
    begun.file.write(b"half")
    begun.file.flush()
    assert _read(kept) is None
    begun.drop()
    assert not [each for each in cache.rglob("*") if each.is_file()]


def _link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


@pytest.mark.parametrize("where", ["smartspec/scratch", "smartspec", "."])
@pytest.mark.parametrize(
    "open_to_others",
    [
        pytest.param(lambda folder: folder.chmod(0o777), id="anybody"),
        pytest.param(lambda folder: folder.chmod(0o770), id="group"),
        pytest.param(_link, id="link"),
        pytest.param(lambda folder: os.chown(folder, 12345, 12345), id="somebody"),
    ],
)
def test_what_others_may_have_put_there_is_not_taken(
    cache: Path, programs: Path, where: str, open_to_others: Callable[[Path], None]
) -> None:
    """Whoever may write to the cache runs programs of his as the user who compares schemas."""
    kept = Kept(programs, ())
    inner = cache / "xdg"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(inner))
        assert _keep(kept, b"data")
        try:
            open_to_others(inner / where)
        except PermissionError:  # only root can give folders away
            (inner / where).chmod(0o777)
        trusted = (inner / where).is_symlink() and where == "."  # his own link to his own folder
        assert _read(kept) == (b"data" if trusted else None)
        assert _keep(kept, b"more") is trusted


@pytest.mark.parametrize("value", ["relative", "/dev/null/nowhere"])
def test_without_a_cache_nothing_is_kept(
    programs: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Where there is no home, as in many containers, no schemas can be compared."""
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("HOME", "/dev/null")
    kept = Kept(programs, ())
    assert not _keep(kept, b"data")
    assert _read(kept) is None
    kept.forget()


def test_servers_start_from_what_was_kept(cache: Path) -> None:
    """What is kept is no data folder, and the second server on a machine never starts."""
    for _ in range(2):
        with Scratch(18) as server, server.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute("SELECT * FROM left_behind")
            connection.execute("CREATE TABLE left_behind ()")
    (archive,) = (each for each in cache.rglob("*") if each.is_file())
    assert archive.stat().st_mode & 0o077 == 0


def test_what_is_of_no_use_is_made_anew(cache: Path) -> None:
    """One broken file, and no schema can be compared on this machine any more."""
    with Scratch(18):
        (archive,) = (each for each in cache.rglob("*") if each.is_file())
    archive.write_bytes(b"no archive")
    with Scratch(18) as server, server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert archive.stat().st_size > 2**20
    with pytest.raises(ProviderUnavailable), Scratch(18, {"no_such_setting": "1"}):
        pass
    assert not archive.exists()
