"""Whatever lies in a migrations' folder, nothing crashes and every problem names its file."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.migrations.making import make, only, read_files, versions

from smartspec_rollback.errors import ProviderError, UnknownName, UsageError
from smartspec_rollback.ports.folder import Entry
from smartspec_rollback.providers.migrations import TOOLS, read
from smartspec_rollback.providers.migrations.text import MAX_BYTES, decode


def test_binary_file_stays_a_migration_whose_content_is_unknown(tmp_path: Path) -> None:
    """An unreadable migration vanished, and what it did to the schema was never asked for."""
    found = read_files("plain", tmp_path, {"001_a.sql": "SELECT 1;", "002_b.sql": b"\x7fELF\0\1\2"})
    assert versions(found) == ["001", "002"]
    assert found.migrations[1].up is None
    assert "binary" in str(found.migrations[1].dynamic)
    assert found.problems == ("002_b.sql: it is binary, not text",)


def test_huge_file_is_refused_with_the_limit_and_never_read(tmp_path: Path) -> None:
    """A file of 100 MB fills the memory, or is read in part as if it were whole."""
    with (tmp_path / "001_a.sql").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    found = read("plain", tmp_path)
    assert only(found).up is None
    assert found.problems == (
        f"001_a.sql: it is 104,857,600 bytes large, and above {MAX_BYTES:,} bytes nothing is read",
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_folder_named_like_a_file_is_told(tool: str, tmp_path: Path) -> None:
    """A directory called x.sql crashes a reader, or is skipped in silence."""
    (tmp_path / "V1__001_x.sql").mkdir()
    found = read(tool, tmp_path)
    assert found.migrations == ()
    assert any("V1__001_x.sql: it is a folder" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("data", "remark"),
    [
        ("\ufeffSELECT 'é';\r\n".encode(), ""),
        ("SELECT 'é';\n".encode("utf-16"), "UTF-16"),
        ("SELECT 'é';\n".encode("utf-16-be"), "UTF-16"),
        ("SELECT 'é';\n".encode("latin-1"), "line 1 is not UTF-8"),
    ],
)
def test_encodings_are_read_or_remarked_upon(data: bytes, remark: str) -> None:
    """A file of another editor is misread, or read right without a word where nobody can know."""
    decoded = decode(data)
    assert decoded.text == "SELECT 'é';\n"
    assert remark in decoded.remark
    assert bool(remark) == bool(decoded.remark)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text_or_a_fault(data: bytes) -> None:
    """Some file's bytes end the program."""
    decoded = decode(data)
    assert (decoded.text is None) == bool(decoded.fault)


def test_links_are_followed_only_inside_the_folder(tmp_path: Path) -> None:
    """A repository makes us read another file of this machine, or a loop of links never ends."""
    folder = make(tmp_path / "m", {"001_a.sql": "SELECT 1;"})
    secret = make(tmp_path, {"secret.sql": "SELECT 'secret';"}) / "secret.sql"
    (folder / "002_b.sql").symlink_to("001_a.sql")
    (folder / "003_c.sql").symlink_to(secret)
    (folder / "004_d.sql").symlink_to("004_d.sql")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "005_e.sql")
    found = read("plain", folder)
    assert [migration.up for migration in found.migrations] == ["SELECT 1;", "SELECT 1;"] + [
        None
    ] * 3
    assert "secret" not in repr(found.migrations[2].up)
    assert [problem.split(":")[0] for problem in found.problems] == [
        "003_c.sql",
        "004_d.sql",
        "005_e.sql",
    ]


@pytest.mark.parametrize("name", ["nope", "a\0b", "file.sql"])
def test_missing_folder_names_the_key_and_the_way_out(name: str, tmp_path: Path) -> None:
    """Somebody mistypes the path, and gets a traceback or an empty set that looks safe."""
    make(tmp_path, {"file.sql": ""})
    with pytest.raises(UsageError) as raised:
        read("flyway", tmp_path / name)
    assert "database.migrations.path" in raised.value.where
    assert "migrations: {tool: flyway" in raised.value.remedy


def test_unknown_tool_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt tool is read as another one."""
    with pytest.raises(UnknownName) as raised:
        read("flywya", tmp_path)
    assert raised.value.nearest == ("flyway",)
    assert read("golang_migrate", make(tmp_path, {"1_a.up.sql": ""})).tool == "golang-migrate"


@pytest.mark.parametrize("tool", TOOLS)
def test_empty_folder_and_empty_files_are_problems_not_crashes(tool: str, tmp_path: Path) -> None:
    """An empty folder looks like a service without migrations."""
    assert any("no migrations" in problem for problem in read(tool, tmp_path).problems)
    names = ("1_a.up.sql", "V1__x.sql", "1_x.sql", "sqitch.plan", "atlas.sum", "structure.sql")
    more = ("migrations/0001_x.py", "1/migration.sql", "migrate/1_x.rb", "log.xml")
    make(tmp_path, dict.fromkeys((*names, *more), ""))
    found = read(tool, tmp_path)
    assert found.tool == tool
    assert all(": " in problem for problem in found.problems)


class _Failing:
    """A folder whose files cannot be read."""

    where = path = "failing"

    def entries(self) -> tuple[Entry, ...]:
        return (Entry(path="001_a.sql", size=3), Entry(path="002_b.sql", fault="no permission"))

    def content(self, path: str, /) -> bytes:
        raise ProviderError(f"{path} is gone")


def test_files_that_go_away_while_reading_are_told() -> None:
    """A file deleted between listing and reading ends the program."""
    found = read("plain", _Failing())
    assert [migration.dynamic for migration in found.migrations] == [
        "001_a.sql: 001_a.sql is gone",
        "002_b.sql: no permission",
    ]


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("flyway", {"sql/V1__a.sql": ""}),
        ("dbmate", {"1_a.sql": "-- migrate:up\n"}),
        ("goose", {"1_a.sql": "-- +goose Up\n"}),
        ("sqitch", {"sqitch.plan": "%project=x\n"}),
        ("atlas", {"atlas.sum": "h1:x\n", "1_a.up.sql": ""}),
        ("prisma", {"20240101000000_a/migration.sql": ""}),
        ("liquibase", {"a.sql": "--liquibase formatted sql\n"}),
        ("rails", {"migrate/20240101000000_a.rb": ""}),
        ("plain", {"001_a.sql": "", "002_b.sql": ""}),
        ("alembic", {"versions/a.py": "revision = 'a'\ndown_revision = None\n"}),
        ("django", {"shop/migrations/0001_initial.py": "class Migration(migrations.Migration):\n"}),
    ],
)
def test_each_tool_is_recognised_by_its_folder(
    tool: str, files: dict[str, str | bytes], tmp_path: Path
) -> None:
    """A folder is read as another tool's, in the wrong order or with the wrong halves."""
    assert read(None, make(tmp_path, files)).tool == tool


def test_what_two_tools_share_is_asked_for(tmp_path: Path) -> None:
    """A guess between two tools compares the files with the wrong ledger."""
    with pytest.raises(UsageError) as raised:
        read(None, make(tmp_path, {"1_a.up.sql": "", "1_a.down.sql": ""}))
    assert "golang-migrate or sqlx" in raised.value.remedy
    with pytest.raises(UsageError, match="no tool's migrations"):
        read(None, make(tmp_path / "empty", {"readme.txt": ""}))
