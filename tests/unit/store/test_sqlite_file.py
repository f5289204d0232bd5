"""The file of the ledger: private, whole, and never overwritten when something is wrong with it."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smartspec_rollback.errors import StoreCorrupt, StoreError, StoreTooNew, UsageError
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.store.sqlite_file import SqliteFile
from smartspec_rollback.testing.samples import NOON, a_deployment, a_person, a_verdict

_NOBODY = 65534


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _raw(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_only_the_owner_can_read_it(store: SqliteStore) -> None:
    """If this fails, every user of the machine can read reasons, names and plans."""
    store.record_deployment(a_deployment(), by=a_person())
    folder = store.path.parent
    assert _mode(folder) == _mode(folder / "locks") == 0o700
    files = {each.name: _mode(each) for each in folder.iterdir() if each.is_file()}
    assert files == dict.fromkeys(("smartspec.db", "smartspec.db-wal", "smartspec.db-shm"), 0o600)


def test_what_is_written_survives_a_crash(store: SqliteStore) -> None:
    """If this fails, a power cut takes back what a person was told had been written."""
    with store.snapshot() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_newer_ledger_is_refused_untouched(path: Path) -> None:
    """If this fails, an old release damages what a newer one wrote."""
    SqliteStore.open(path).close()
    _raw(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="version 99; this release knows versions up to 5") as e:
        SqliteStore.open(path)
    assert "install" in e.value.remedy
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all\n" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_what_is_no_ledger_is_refused_untouched(path: Path, content: bytes) -> None:
    """If this fails, a damaged ledger is replaced by an empty one, and history is gone."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt) as caught:
        SqliteStore.open(path)
    assert str(path) in str(caught.value)
    assert "backup" in caught.value.remedy
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_untouched(path: Path) -> None:
    """If this fails, a wrong path in the settings spoils somebody else's data."""
    path.parent.mkdir()
    _raw(path, "CREATE TABLE precious (a)", "PRAGMA user_version = 1")
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="not a ledger"):
        SqliteStore.open(path)
    assert path.read_bytes() == before


def test_damage_inside_is_told_as_damage(path: Path) -> None:
    """If this fails, a broken disk reads as "no such deployment"."""
    with SqliteStore.open(path) as store:
        for number in range(300):
            store.record_verdict(a_verdict(f"d{number}", reason="x" * 500))
    whole = bytearray(path.read_bytes())
    whole[4096 * 20 :] = b"\x5a" * (len(whole) - 4096 * 20)
    path.write_bytes(bytes(whole))

    def read_all() -> None:
        with SqliteStore.open(path) as again:
            for number in range(300):
                assert again.newest_verdict(f"d{number}") is not None

    with pytest.raises(StoreCorrupt, match="damaged"):
        read_all()


@pytest.fixture
def locked_folder(tmp_path: Path) -> Iterator[Path]:
    """Make a folder that may not be written in; for root too, who becomes somebody else."""
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(_NOBODY)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_a_read_only_folder_is_told(locked_folder: Path) -> None:
    """If this fails, somebody without rights sees a traceback instead of what to do."""
    with pytest.raises(StoreError) as caught:
        SqliteStore.open(locked_folder / "state" / "smartspec.db")
    assert "writable" in caught.value.remedy
    assert str(locked_folder) in caught.value.where


def test_a_ledger_that_became_read_only_is_told(path: Path) -> None:
    """If this fails, a change that was not written is believed."""
    file = SqliteFile(path, patience=1.0)
    file._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="read-only") as caught:
        SqliteStore(file).record_deployment(a_deployment(), by=a_person())
    assert str(path) in caught.value.where
    file.close()


def test_a_full_disk_is_told_and_nothing_is_half_written(store: SqliteStore) -> None:
    """If this fails, a full disk leaves a change without its audit entry."""
    pages = store._file._db.execute("PRAGMA page_count").fetchone()[0]
    store._file._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    told, written = None, 0
    for written in range(100):
        try:
            store.record_verdict(a_verdict(f"d{written}", reason="x" * 2000))
        except StoreError as error:
            told = error
            break
    assert told is not None
    assert "the disk is full" in told.what
    assert "free some space" in told.remedy
    assert store.newest_verdict(f"d{written}") is None
    assert store.verify_audit() == (written, None)
    store._file._db.execute("PRAGMA max_page_count = 1000000")
    store.record_verdict(a_verdict())
    assert store.verify_audit() == (written + 1, None)


def test_a_ledger_that_cannot_be_finished_is_not_there(path: Path) -> None:
    """If this fails, a disk full at the first start leaves a file that opens as an empty ledger."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from smartspec_rollback.errors import StoreError\n"
        "from smartspec_rollback.store.sqlite import SqliteStore\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))\n"
        "try:\n    SqliteStore.open(Path(sys.argv[1]))\n"
        "except StoreError as error:\n    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    ).stdout
    assert "to do:" in told
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == []
    with SqliteStore.open(path) as store:
        assert store.verify_audit() == (0, None)


def test_a_draft_left_by_a_killed_process_is_replaced(path: Path) -> None:
    """If this fails, a kill at the first start blocks every later one."""
    path.parent.mkdir()
    draft = path.with_name(".smartspec.db.new")
    draft.write_bytes(b"half")
    draft.with_name(draft.name + "-wal").write_bytes(b"half")
    with SqliteStore.open(path) as store:
        assert store.verify_audit() == (0, None)
    assert not draft.exists()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_ledger_that_was_moved_is_not_written_to(path: Path, *, replaced: bool) -> None:
    """If this fails, what a rollback writes goes into a file that nobody will read again."""
    with SqliteStore.open(path) as store:
        store.record_deployment(a_deployment(), by=a_person())
        path.rename(path.with_name("moved.db"))
        if replaced:
            SqliteStore.open(path).close()
        with pytest.raises(StoreError, match="removed or replaced") as caught:
            store.record_verdict(a_verdict())
        assert str(path) in caught.value.where
        assert path.exists() is replaced


def test_a_ledger_that_was_put_back_goes_on(store: SqliteStore) -> None:
    """If this fails, the remedy that is told for a moved ledger does not help."""
    store.record_deployment(a_deployment(), by=a_person())
    moved = store.path.rename(store.path.with_name("moved.db"))
    with pytest.raises(StoreError):
        store.record_verdict(a_verdict())
    moved.rename(store.path)
    store.record_verdict(a_verdict())
    assert store.verify_audit() == (2, None)


def test_a_link_that_leads_nowhere_is_not_replaced(path: Path) -> None:
    """If this fails, a disk that is not mounted gets its ledger replaced by an empty one."""
    path.parent.mkdir()
    path.symlink_to(path.parent / "not-mounted" / "smartspec.db")
    with pytest.raises(StoreError, match="link to a file that is not there"):
        SqliteStore.open(path)
    assert path.is_symlink()


def test_waiting_for_others_has_an_end(path: Path) -> None:
    """If this fails, a process that hangs in a change hangs every command."""
    holder = SqliteFile(path, patience=1.0)
    with holder.write(), SqliteStore.open(path, patience=0.05) as store:
        with pytest.raises(StoreError, match="locked by another process") as caught:
            store.record_deployment(a_deployment(), by=a_person())
        assert str(path) in caught.value.where
    holder.close()


def test_threads_share_one_store(store: SqliteStore) -> None:
    """If this fails, the threads of a server write into each other's transactions."""

    def write(name: str) -> None:
        for number in range(20):
            store.record_deployment(a_deployment(f"{name}-{number}"), by=a_person(name))

    threads = [threading.Thread(target=write, args=(f"t{each}",)) for each in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.deployments(limit=1000)) == 100
    assert store.verify_audit() == (100, None)


def test_text_that_is_no_unicode_is_refused(store: SqliteStore) -> None:
    """If this fails, a file name from a strange locale becomes a traceback."""
    with pytest.raises(UsageError, match="not valid Unicode"):
        store.audit(actor="\udcff", action="a", subject="s", detail="d", at=NOON)
    assert store.verify_audit() == (0, None)


def test_a_closed_store_says_so(path: Path) -> None:
    """If this fails, using a store too late is a traceback from SQLite."""
    store = SqliteStore.open(path)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.deployment("d")


def test_opening_imports_nothing_heavy(path: Path) -> None:
    """If this fails, ``approve`` and ``history`` wait for modules they do not use."""
    script = (
        "import sys; from pathlib import Path\n"
        "from smartspec_rollback.store.sqlite import SqliteStore\n"
        "SqliteStore.open(Path(sys.argv[1])).close()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "sqlite3" in told
    assert not {"asyncio", "rich", "psycopg", "yaml", "click", "subprocess", "http"} & set(told)
