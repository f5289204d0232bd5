import os
from collections.abc import Callable
from pathlib import Path

import pytest

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.domain.release import Release
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.local.releases import (
    Releases,
    missing_configuration,
    missing_secrets,
)
from smartspec_rollback.providers.platforms.local.running import release_file_of


def found(folder: Path) -> Release:
    """Find the one release that must be there."""
    release = Releases(folder).find("v1")
    assert release is not None
    return release


def test_same_content_is_the_same_release(tmp_path: Path) -> None:
    """Copying a release, or looking twice, makes another release of it."""
    for folder in ("here", "there"):
        write_release(tmp_path / folder, "v1")
    os.utime(tmp_path / "there" / "v1" / "shop.py", (0, 0))
    here, there = found(tmp_path / "here"), found(tmp_path / "there")
    assert here.identity == there.identity


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "shop.py").write_text("other"),
        lambda folder: (folder / "shop.py").rename(folder / "store.py"),
        lambda folder: (folder / "shop.py").chmod(0o755),
        lambda folder: (folder / "new.py").touch(),
        lambda folder: (folder / "new").mkdir(),
        lambda folder: (folder / "link.py").symlink_to("shop.py"),
        lambda folder: Path(os.fsdecode(bytes(folder) + b"/\xff")).touch(),
    ],
)
def test_any_change_makes_another_artifact(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    """A release changed on disk still passes for what people consented to."""
    folder = write_release(tmp_path, "v1")
    before = found(tmp_path)
    change(folder)
    assert found(tmp_path).artifact_digest != before.artifact_digest
    assert found(tmp_path).configuration_digest == before.configuration_digest


def test_referenced_configuration_counts(tmp_path: Path) -> None:
    """The same version with other configuration passes for the same release."""
    outside = tmp_path / "shop.toml"
    write_release(tmp_path / "releases", "v1", configuration=(str(outside),))
    absent = found(tmp_path / "releases")
    outside.write_text("colour = 1")
    first = found(tmp_path / "releases")
    outside.write_text("colour = 2")
    second = found(tmp_path / "releases")
    digests = {release.configuration_digest for release in (absent, first, second)}
    assert len(digests) == 3
    assert absent.artifact_digest == second.artifact_digest


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """A release that lacks something is called startable."""
    folder = write_release(
        tmp_path, "v1", secrets={"TOKEN": tmp_path / "gone"}, configuration=("../gone.toml",)
    )
    told = release_file_of(folder)
    assert missing_secrets(folder, told) == ("TOKEN",)
    assert missing_configuration(folder, told) == ("../gone.toml",)


def test_links_out_of_a_release_are_refused(tmp_path: Path) -> None:
    """What a release runs can be changed without changing the release."""
    folder = write_release(tmp_path / "releases", "v1")
    (tmp_path / "outside.py").touch()
    (folder / "outside.py").symlink_to("../../outside.py")
    with pytest.raises(ProviderError, match="leads out"):
        Releases(tmp_path / "releases").find("v1")


def test_only_whole_folders_are_versions(tmp_path: Path) -> None:
    """A link, a file or a half-copied folder is offered as a version."""
    write_release(tmp_path, "v1")
    (tmp_path / "current").symlink_to("v1")
    (tmp_path / "half").mkdir()
    (tmp_path / "notes.txt").touch()
    write_release(tmp_path, "a name with spaces")
    assert Releases(tmp_path).versions() == ("v1",)
    assert Releases(tmp_path).find("current") is None
    assert Releases(tmp_path / "nowhere").versions() == ()


def test_configuration_of_a_broken_release_can_be_compared(tmp_path: Path) -> None:
    """Looking at production fails because somebody broke a file of the live release."""
    folder = write_release(tmp_path, "v1")
    releases = Releases(tmp_path)
    good = releases.configuration_now("v1")
    (folder / "release.yaml").write_text("command: [")
    broken = releases.configuration_now("v1")
    (folder / "release.yaml").unlink()
    assert len({good, broken, releases.configuration_now("v1")}) == 3
