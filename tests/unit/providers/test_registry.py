"""Providers are found by name, one at a time; nothing is guessed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartspec_rollback.errors import ProviderError, UnknownName
from smartspec_rollback.providers import registry
from smartspec_rollback.providers.channels.file import FileChannel, FileSettings
from smartspec_rollback.providers.metrics.probe import ProbeSettings, ProbeSource


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Supply a folder in which a test installs packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._points.cache_clear()
    yield tmp_path
    registry._points.cache_clear()


def _install(site: Path, package: str, *entry_points: str, module: str = "") -> None:
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "\n".join(entry_points)
    (info / "entry_points.txt").write_text(f"[smartspec_rollback.channels]\n{lines}\n")
    (site / f"{package}.py").write_text(module)


def test_own_providers_are_installed() -> None:
    """The installed tool lacks one of its own providers."""
    assert {"file", "terminal", "webhook"} <= set(registry.names("channels"))
    assert "probe" in registry.names("metrics")
    assert "local" in registry.names("platforms")
    assert registry.provider("metrics", "probe") is ProbeSource
    assert registry.settings_type("metrics", "probe") is ProbeSettings
    assert registry.provider("channels", "file") is FileChannel
    assert registry.settings_type("channels", "file") is FileSettings


@pytest.mark.parametrize("kind", ["terminal", "webhook", "file"])
def test_own_channels_keep_the_convention(kind: str) -> None:
    """A provider is known by one name in the configuration and by another in its posts."""
    assert registry.provider("channels", kind).name == kind


def test_unknown_kind_names_the_nearest_and_all() -> None:
    """A typing error in a kind is guessed at, or leaves people to search."""
    with pytest.raises(UnknownName) as caught:
        registry.provider("channels", "webhok")
    assert caught.value.exit_code == 2
    assert caught.value.nearest == ("webhook",)
    assert "terminal" in caught.value.remedy


def test_unknown_group_is_a_bug() -> None:
    """A group that does not exist looks like one without providers."""
    with pytest.raises(ValueError, match="no group"):
        registry.names("plugins")


def test_other_packages_add_kinds(site: Path) -> None:
    """Nobody but us can add a provider."""
    module = "class Pager:\n    name = 'pager'\n    settings_type = dict\n"
    _install(site, "pager_package", "pager = pager_package:Pager", module=module)
    assert "pager" in registry.names("channels")
    assert registry.settings_type("channels", "pager") is dict


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("import no_such_sdk", "no_such_sdk"),
        ("raise RuntimeError('out of order')", "out of order"),
        ("class Other: pass", "Pager"),
        ("Pager = 3", "no class"),
        ("class Pager: pass", "settings_type"),
    ],
)
def test_broken_package_is_named_and_harms_no_other(site: Path, module: str, words: str) -> None:
    """One broken package keeps every rollback from starting, and nobody knows which."""
    _install(site, "broken_package", "pager = broken_package:Pager", module=module)
    with pytest.raises(ProviderError, match=words) as caught:
        registry.provider("channels", "pager")
    assert "broken_package" in caught.value.where
    assert caught.value.remedy
    sys.modules.pop("broken_package", None)
    assert registry.provider("channels", "file") is FileChannel


def test_kind_claimed_twice_is_refused(site: Path) -> None:
    """A package takes the place of another one's provider by the order of installation."""
    _install(site, "usurper", "file = usurper:Channel", module="class Channel: pass")
    with pytest.raises(ProviderError, match="several packages") as caught:
        registry.provider("channels", "file")
    assert "usurper" in caught.value.where
    assert "smartspec-rollback" in caught.value.where


def test_naming_kinds_loads_none() -> None:
    """Help and completion load every SDK there is."""
    code = (
        "import sys; from smartspec_rollback.providers import registry; "
        "assert registry.names('channels') and registry.names('platforms'); "
        "print([m for m in sys.modules if m.startswith('smartspec_rollback.providers.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['smartspec_rollback.providers.registry']"
