"""Finding smartspec.yaml."""

from pathlib import Path

import pytest

from smartspec_rollback.config.find import find_configuration
from smartspec_rollback.errors import UsageError


def test_the_nearest_file_upwards_is_found(tmp_path: Path) -> None:
    """Commands run from any folder of a repository; a nearer file is the more specific one."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "smartspec.yaml").touch()
    assert find_configuration(inner) == tmp_path / "smartspec.yaml"
    (tmp_path / "a" / "smartspec.yaml").touch()
    assert find_configuration(inner) == tmp_path / "a" / "smartspec.yaml"


def test_a_folder_of_that_name_is_no_configuration(tmp_path: Path) -> None:
    """It cannot be read, so the search goes on."""
    inner = tmp_path / "a"
    (inner / "smartspec.yaml").mkdir(parents=True)
    (tmp_path / "smartspec.yaml").touch()
    assert find_configuration(inner) == tmp_path / "smartspec.yaml"


def test_without_one_the_remedy_is_init(tmp_path: Path) -> None:
    """A first user must learn how to begin."""
    with pytest.raises(UsageError, match="smartspec init"):
        find_configuration(tmp_path)
    (tmp_path / "smartspec.yml").touch()
    with pytest.raises(UsageError, match=r"rename smartspec\.yml"):
        find_configuration(tmp_path)
