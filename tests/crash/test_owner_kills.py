"""A rollback that suspends Argo CD first, killed at each write of its journal."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes import controllers as made
from tests.unit.providers.platforms.kubernetes.shop import NAME, Shop

from smartspec_rollback.domain.rollback import EntryKind
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import TARGET

WRITES = 20
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_STEP = "suspend-application-argocd-checkout"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a recorded shop that Argo CD deploys."""
    with a_recorded_shop(tmp_path) as shop:
        made.deployed_by_argo_cd(shop)
        yield shop


def _suspended(shop: Shop) -> bool:
    policy = made.spec_of(shop, made.APPLICATIONS, "argocd", NAME)["syncPolicy"]
    return policy["automated"].get("enabled") is False


def _journalled(folder: Path, kind: EntryKind) -> bool:
    store = SqliteStore.open(folder / "smartspec.db")
    try:
        said = [e for each in store.rollbacks(TARGET, limit=9) for e in store.journal(each.id)]
    finally:
        store.close()
    return any(entry.step == _STEP and entry.kind is kind for entry in said)


def _must_be_rolled_back(shop: Shop, generation: int) -> None:
    image = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")
    assert _suspended(shop)
    found = shop.cluster.get(made.APPLICATIONS, "argocd", NAME)
    assert found is not None
    assert found["metadata"]["generation"] == generation + 1  # suspended once


def _generation(shop: Shop) -> int:
    found = shop.cluster.get(made.APPLICATIONS, "argocd", NAME)
    assert found is not None
    number: int = found["metadata"]["generation"]
    return number


def test_undisturbed(shop: Shop, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    generation = _generation(shop)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    assert _journalled(tmp_path, EntryKind.STEP_DONE)
    _must_be_rolled_back(shop, generation)


@pytest.mark.parametrize(
    # Both sides of every write are tried on the plain and the prewarmed way.
    ("side", "number"),
    [(("after", "before")[number % 2], number) for number in range(1, WRITES + 1)],
)
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and Argo CD sleeps without anybody knowing, or wakes in the middle."""
    generation = _generation(shop)
    killed = run(tmp_path, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    assert not _suspended(shop) or _journalled(tmp_path, EntryKind.STEP_INTENT)
    again = run(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(shop, generation)
