"""The demo's database: how long its server lives, its migrations, and the shop that uses it."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.loops import run

from smartspec_rollback.demo import stage
from smartspec_rollback.demo.database import end_left
from smartspec_rollback.demo.folder import DATABASE_URL, check_out
from smartspec_rollback.demo.shop import Records
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_PATIENCE = 60.0
_MIGRATE = Path(stage.__file__).with_name("migrate.py")
_HOLDS = """
import sys
from pathlib import Path
from smartspec_rollback.demo import stage
from smartspec_rollback.demo.database import ShopDatabase
database = ShopDatabase(Path(sys.argv[1]))
if sys.argv[2:] == ["leave"]:
    database.leave()
else:
    print("holding", flush=True)
    sys.stdin.read()
"""


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _await_end(url: str) -> None:
    """Wait until a server has ended and taken its folder away; fail where it does not."""
    home = Path(url.partition("host=")[2])
    until = time.monotonic() + _PATIENCE
    while _answers(url) or home.exists():
        assert time.monotonic() < until, f"{url} still answers"
        time.sleep(0.05)


def test_a_server_ends_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    """A demo that was killed leaves a database server behind for good."""
    holding = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"holding\n"
        url = (tmp_path / DATABASE_URL).read_text().strip()
        assert _answers(url)
        holding.send_signal(signal.SIGKILL)
    _await_end(url)


@pytest.mark.parametrize("how", ["the next demo", "the folder is removed"])
def test_a_server_that_is_left_runs_until_it_is_ended(tmp_path: Path, how: str) -> None:
    """`--keep` leaves a shop without its database, or a database that nothing ends."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    subprocess.run([sys.executable, "-c", _HOLDS, folder, "leave"], check=True, timeout=_PATIENCE)
    url = (folder / DATABASE_URL).read_text().strip()
    assert (folder / DATABASE_URL).stat().st_mode & 0o077 == 0
    try:
        assert _answers(url)
    finally:
        if how == "the next demo":
            end_left(folder)
        else:
            shutil.rmtree(folder)
    _await_end(url)


def test_ending_what_has_ended_is_no_error(tmp_path: Path) -> None:
    """A demo cannot be played again after the machine was restarted."""
    end_left(tmp_path)
    (tmp_path / DATABASE_URL).write_text(f"postgresql://shop@/shop?host={tmp_path}/gone\n")
    end_left(tmp_path)
    assert not (tmp_path / DATABASE_URL).exists()


class _Shop:
    """The demo's folder on a database of its own, without platform and load."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        (folder / DATABASE_URL).write_text(url)
        shutil.copyfile(_MIGRATE, folder / "migrate.py")

    def check_out(self, files: str) -> None:
        """Bring in the files of a commit."""
        check_out(self.folder, files)

    def migrate(self, *words: str) -> str:
        """Apply what is new, and return what is said of it."""
        done = subprocess.run(
            [sys.executable, "migrate.py", *words],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        return done.stdout

    def records(self) -> Records:
        """Open the shop's records with the statements that are checked out."""
        return Records(self.url, self.folder / "statements")

    def order(self, records: Records) -> str:
        """Let a customer visit and order; OSError where the shop cannot write that."""

        async def visited() -> str:
            try:
                return await records.visit(1, orders=True)
            finally:
                await records.close()

        return run(visited())


@pytest.fixture
def shop(tmp_path: Path, scratch: Scratch) -> Iterator[_Shop]:
    """Make the shop as it is before the story's incident."""
    with scratch.database() as url:
        made = _Shop(tmp_path, url)
        made.check_out("v1.2.0")
        made.migrate("--to", "1")
        yield made


def test_the_old_version_works_beside_a_gift_note(shop: _Shop) -> None:
    """The demo shows two ✅ for a rollback that would break the shop."""
    old = shop.records()
    shop.check_out("slow-release")
    assert shop.migrate("--to", "2").startswith("Applied migrations/0002_add_gift_note.sql:\n")
    assert shop.order(old).startswith("3 items, ")
    assert shop.order(shop.records()).startswith("3 items, ")


def test_the_old_version_works_again_only_with_the_way_out(shop: _Shop) -> None:
    """The story warns of what does not break, or its way out leads nowhere."""
    old = shop.records()
    shop.check_out("breaking-schema")
    shop.migrate("--to", "2")
    assert shop.order(old)
    shop.migrate("--to", "3")
    with pytest.raises(OSError, match="channel"):
        shop.order(old)
    assert shop.order(shop.records())
    shop.check_out("way-out")
    shop.migrate()
    assert shop.order(old)
    assert shop.migrate() == ""


def test_the_shop_connects_again(shop: _Shop) -> None:
    """A connection that breaks between two requests fails a request, or the shop for good."""

    async def visits() -> tuple[str, ...]:
        records = shop.records()
        first = await records.visit(7, orders=True)
        with psycopg.connect(shop.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        second = await records.visit(7, orders=True)
        await records.close()
        return first, second

    first, second = run(visits())
    assert first == second


def test_a_shop_without_its_database_is_not_ready(tmp_path: Path) -> None:
    """A release whose database cannot be reached gets traffic."""
    records = Records(f"postgresql://shop@/shop?host={tmp_path}", tmp_path)
    assert not run(records.reachable())
