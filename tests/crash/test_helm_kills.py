"""A rollback that Helm is to record, killed at each write once production has switched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes import charts
from tests.unit.providers.platforms.kubernetes.shop import Shop

WRITES = 20
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_SWITCHED = 14


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Supply a recorded shop that Helm deployed, and a program helm."""
    monkeypatch.setenv("PATH", charts.path_with(charts.program(tmp_path)))

    def deploy(shop: Shop, version: str, _: str) -> None:
        charts.put_live(shop, tmp_path, version)

    with a_recorded_shop(tmp_path, deploy=deploy, token="") as shop:
        yield shop


def _must_be_recorded(shop: Shop, folder: Path) -> None:
    image = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")
    assert charts.history(shop)[-1] == (3, "deployed")
    assert (folder / "helm.log").read_text().count("\n") == 1  # asked once


def test_undisturbed(shop: Shop, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_recorded(shop, tmp_path)


@pytest.mark.parametrize("number", range(_SWITCHED, WRITES + 1))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and Helm takes the failed revision for live, or is asked twice."""
    killed = run(tmp_path, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    again = run(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_recorded(shop, tmp_path)
