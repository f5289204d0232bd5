"""Versions are read out of real git repositories, and hostile ones do no harm."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.errors import ProviderError, SmartSpecError, UsageError
from smartspec_rollback.providers import git as program
from smartspec_rollback.providers import repository
from smartspec_rollback.providers.migrations import read
from smartspec_rollback.providers.repository import (
    Between,
    GitFolder,
    between,
    commit_of,
    root_of,
)


def migrations_at(place: Path, ref: str, folder: str) -> tuple[str, ...]:
    """List a folder's files at a version."""
    return tuple(sorted(GitFolder(place, ref, folder).tree))


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody whose own settings do not matter."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ("git", *who, "-c", "protocol.file.allow=always", *arguments)
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(folder: Path, files: dict[str, str | None], tag: str) -> None:
    """Write files (None: delete), commit and tag."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            file.unlink()
        else:
            file.write_text(text, "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", tag)
    git(folder, "tag", tag)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a repository with two versions."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(
        folder,
        {"db/001_a.sql": "CREATE TABLE a ();", "db/002_ü x.sql": "B", "db/003_c.sql": "C"},
        "v1",
    )
    commit(
        folder,
        {"db/002_ü x.sql": "B2", "db/003_c.sql": None, "db/004_d.sql": "", "app.py": "x"},
        "v2",
    )
    return folder


def test_versions_are_compared_by_path_and_content(shop: Path) -> None:
    """A migration edited after it was released is taken for the one that was applied."""
    assert migrations_at(shop, "v1", "db") == ("001_a.sql", "002_ü x.sql", "003_c.sql")
    assert between(shop, "v1", "v2", "db/") == Between(
        added=("004_d.sql",), removed=("003_c.sql",), edited=("002_ü x.sql",)
    )


def test_old_versions_are_read_without_checkout(shop: Path) -> None:
    """The work tree's files are read where an old version's were asked for."""
    (shop / "db" / "001_a.sql").write_text("edited, not committed", "utf-8")
    folder = GitFolder(shop, "v1", "db")
    assert read(None, folder).tool == "plain"
    assert [migration.up for migration in read("plain", folder).migrations] == [
        "CREATE TABLE a ();",
        "B",
        "C",
    ]
    assert folder.where == "db at v1"
    assert git(shop, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    with pytest.raises(ProviderError):
        folder.content("../app.py")


def test_bare_repositories_worktrees_and_subfolders_work(shop: Path, tmp_path: Path) -> None:
    """A pipeline's bare clone or a second worktree cannot be judged."""
    git(tmp_path, "clone", "-q", "--bare", str(shop), "bare.git")
    git(shop, "worktree", "add", "-q", str(tmp_path / "tree"), "v1")
    bare = tmp_path / "bare.git"
    for place in (bare, tmp_path / "tree", shop / "db"):
        assert len(migrations_at(place, "v2", "db")) == 3
    assert (root_of(shop / "db"), root_of(bare)) == (shop, bare)


def test_shallow_clone_says_how_to_get_the_version(shop: Path, tmp_path: Path) -> None:
    """A pipeline's shallow clone gives an error that nobody can act upon."""
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-tags", f"file://{shop}", "shallow")
    with pytest.raises(UsageError, match="does not know the version 'v1'") as raised:
        migrations_at(tmp_path / "shallow", "v1", "db")
    assert "git fetch --unshallow --tags" in raised.value.remedy
    with pytest.raises(UsageError) as raised:
        migrations_at(shop, "v9", "db")
    assert "git fetch --tags" in raised.value.remedy


def test_tag_wins_over_a_branch_of_its_name(shop: Path) -> None:
    """Somebody's branch called v1 is judged in place of the release."""
    git(shop, "branch", "v1", "v2")
    assert commit_of(shop, "v1") == git(shop, "rev-parse", "refs/tags/v1^{commit}")


def test_links_and_submodules_are_told_and_not_followed(shop: Path) -> None:
    """A link in a tree is read as the file it names on this machine."""
    (shop / "db" / "005_e.sql").symlink_to("/etc/passwd")
    git(shop, "submodule", "add", "-q", str(shop), "db/006_f.sql")
    commit(shop, {}, "v3")
    found = read("plain", GitFolder(shop, "v3", "db"))
    unread = {m.path: m.dynamic for m in found.migrations if m.up is None}
    assert "it is a link" in str(unread["005_e.sql"])
    assert "submodule" in str(unread["006_f.sql"])
    assert len(migrations_at(shop / "db" / "006_f.sql", "v1", "db")) == 3


@pytest.mark.parametrize(
    "ref",
    [
        "--upload-pack=x",
        "-v",
        "v1..v2",
        "v1:db",
        "HEAD^{/x}",
        "@{-1}",
        "v1\n",
        "",
        "a b",
        "x" * 300,
    ],
)
def test_hostile_references_never_reach_git(
    ref: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version's name from outside becomes an option of git."""
    monkeypatch.setattr(repository, "run", lambda *_, **__: pytest.fail("git was run"))
    with pytest.raises(UsageError, match="not a name of a version"):
        commit_of(shop, ref)


@given(ref=st.text(max_size=12), folder=st.text(max_size=12))
def test_odd_names_give_errors_of_ours(ref: str, folder: str) -> None:
    """Some odd version or folder ends the program."""
    here = Path(__file__).parents[3]
    with pytest.raises(SmartSpecError):
        migrations_at(here, f"no-such-{ref}", folder)


@pytest.mark.parametrize("folder", ["../x", "/etc", "a/../../b", "a\0b"])
def test_folders_outside_are_refused(folder: str, shop: Path) -> None:
    """A path from outside leads out of the repository."""
    with pytest.raises(UsageError, match="not a folder inside"):
        migrations_at(shop, "v1", folder)


def test_missing_folder_and_missing_repository_are_told(shop: Path, tmp_path: Path) -> None:
    """A mistyped folder looks like a version without migrations."""
    with pytest.raises(UsageError, match="there is no folder nope at v1"):
        migrations_at(shop, "v1", "nope")
    with pytest.raises(UsageError, match="not a git repository"):
        migrations_at(tmp_path, "v1", "db")
    with pytest.raises(UsageError, match="no such folder"):
        migrations_at(tmp_path / "nope", "v1", "db")


def test_environment_and_hooks_change_nothing(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of the shell sends us to another repository, or a repository runs a program."""
    marker, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n", "utf-8")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "core.sshCommand"):
        git(shop, "config", key, str(program))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(program))
    assert read("plain", GitFolder(shop, "v1", "db")).migrations[0].up == "CREATE TABLE a ();"
    assert not marker.exists()


def test_repository_of_somebody_else_names_the_way_out() -> None:
    """Git's refusal of another user's repository comes through as gibberish."""
    complaint = "fatal: detected dubious ownership in repository at '/srv/shop'"
    error = program.meaning(Path("/srv/shop"), complaint)
    assert "safe.directory" in error.remedy


def test_output_and_time_are_bounded(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge tree fills the memory, or a stuck git is waited for without end."""
    with monkeypatch.context() as patched:
        patched.setattr(repository, "_MAX_LISTING", 10)
        with pytest.raises(ProviderError, match="more than 10 bytes"):
            migrations_at(shop, "v1", "db")
    with monkeypatch.context() as patched:
        patched.setattr(repository, "_MAX_FILE", 3)
        found = read("plain", GitFolder(shop, "v1", "db"))
        assert [migration.up for migration in found.migrations] == [None, "B", "C"]
        assert "nothing is read" in found.problems[0]
    slow = shop / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec tail -f /dev/null\n", "utf-8")
    (slow / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow}:{os.environ['PATH']}")
    monkeypatch.setattr(program, "_WITHIN", 0.2)
    with pytest.raises(ProviderError, match="did not answer"):
        commit_of(shop, "v1")
