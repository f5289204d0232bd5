"""Two versions' migrations by git's trees, held against what was applied."""

import os
import subprocess
from pathlib import Path

import pytest

from smartspec_rollback.comparing import Between, between
from smartspec_rollback.domain.migration import AppliedMigration, Versions
from smartspec_rollback.errors import SmartSpecError

VERSIONS = Versions(old="v1", new="v2")


def applied(*versions: str) -> tuple[AppliedMigration, ...]:
    """Say which migrations a database has."""
    return tuple(AppliedMigration(version=each) for each in versions)


def git(folder: Path, *words: str) -> None:
    """Run git as somebody whose own settings do not matter."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ("git", *who, *words)
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def tagged(folder: Path, tag: str, **files: str) -> None:
    """Commit migrations by number, and tag them as a version."""
    for number, text in files.items():
        (folder / "db" / f"V{number[1:]}__step.sql").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", tag)
    git(folder, "tag", tag)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a repository whose work tree is of a version later than both."""
    (tmp_path / "db").mkdir()
    git(tmp_path, "init", "-q")
    tagged(tmp_path, "v1", n1="CREATE TABLE a (x int);")
    tagged(tmp_path, "v2", n2="CREATE TABLE b (x int);", n3="CREATE TABLE c (x int);")
    tagged(tmp_path, "v3", n2="DELETE FROM a;", n4="DELETE FROM b;")
    return tmp_path


def found(shop: Path, then: str, now: str, versions: Versions = VERSIONS) -> Between:
    """Look what lies between two states, each a list of numbers."""
    return between("flyway", shop / "db", versions, applied(*then.split()), applied(*now.split()))


def test_files_are_those_of_the_version_and_not_those_that_lie_there(shop: Path) -> None:
    """What a later commit wrote into a file is taken for what was applied."""
    seen = found(shop, "1", "1 2 3")
    assert seen.scripts == (
        ("V2__step.sql", "CREATE TABLE b (x int);"),
        ("V3__step.sql", "CREATE TABLE c (x int);"),
    )
    assert (seen.unread, seen.notes) == ((), ())


@pytest.mark.parametrize(
    ("then", "now", "versions", "told"),
    [
        ("1", "1 2", VERSIONS, "v2 brought 3, not applied since v1"),
        ("", "1 2 3", VERSIONS, "1 applied since, but v1 had the file already"),
        ("1 2 3", "1 2 3 4", Versions(old="v2", new="v3"), "V2__step.sql edited since v2"),
        ("1", "1 2", Versions(old="v1", new="v9"), "does not know the version 'v9'"),
    ],
)
def test_where_git_and_the_database_differ_is_told(
    shop: Path, then: str, now: str, versions: Versions, told: str
) -> None:
    """An edited, missing or early migration is why a database is not what its code expects."""
    (note,) = found(shop, then, now, versions).notes
    assert told in note


def test_what_the_version_has_no_file_for_may_have_done_anything(shop: Path) -> None:
    """Somebody's own migration is neither judged nor mentioned."""
    (unread,) = found(shop, "1", "1 2 3 4").unread
    assert "4 was applied since, and no file of v2 says what it did" in unread


def test_without_a_repository_the_files_are_what_they_are(tmp_path: Path) -> None:
    """A folder that was copied into an image is refused, or talked about at every plan."""
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "V2__step.sql").write_text("SELECT 1;")
    assert found(tmp_path, "1", "1 2") == Between(scripts=(("V2__step.sql", "SELECT 1;"),))
    with pytest.raises(SmartSpecError):
        between("flyway", tmp_path / "nowhere", VERSIONS, (), ())
