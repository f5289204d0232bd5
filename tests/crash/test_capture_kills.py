"""A rollback to a captured release that the cluster forgot, killed at each write of its journal.

Its configuration goes back first, then its template; both come from the ledger alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, Shop

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.rollback import EntryKind
from smartspec_rollback.ledgers import StoredCaptures
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.engine_parts import HEALTHY_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.samples import TARGET, a_person

WRITES = 20
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_STEP = "restore-configuration"
_GOOD = {"colour": "blue"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a recorded shop whose good release was captured, forgotten, and configured away."""
    with SqliteStore.open(tmp_path / "smartspec.db") as store:
        captured: list[Capture] = []

        def deploy(shop: Shop, version: str, deployment_id: str) -> None:
            shop.deploy(version, deployment_id)
            if deployment_id == HEALTHY_ID:
                shop.platform.recall(StoredCaptures(lambda: store))
                captured.append(shop.platform.capture(TARGET, deployment_id=deployment_id))

        with a_recorded_shop(tmp_path, deploy=deploy) as shop:
            store.record_capture(captured[0], by=a_person("pipeline"))
            shop.configure(colour="red")
            shop.forget("v1.2.0")
            yield shop


def _settings(shop: Shop) -> Any:
    found = shop.cluster.get(resources.CONFIG_MAP, NAMESPACE, "settings")
    assert found is not None
    return found["data"]


def _writes(shop: Shop) -> int:
    """Count the writes of the ConfigMap that the server took, since the shop's own change."""
    taken = [
        call
        for call in shop.cluster.requests.all()
        if call.method == "PATCH" and "/configmaps/settings" in call.path and call.code == 200
    ]
    return len([call for call in taken if "dryRun" not in call.path]) - 1


def _journalled(folder: Path, kind: EntryKind) -> bool:
    with SqliteStore.open(folder / "smartspec.db") as store:
        said = [e for each in store.rollbacks(TARGET, limit=9) for e in store.journal(each.id)]
    return any(entry.step == _STEP and entry.kind is kind for entry in said)


def _must_be_rolled_back(shop: Shop) -> None:
    image = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")
    assert _settings(shop) == _GOOD
    assert _writes(shop) == 1
    live = shop.again().observe(shop.target).live
    assert live is not None
    assert (live.release.version, live.deployment_id) == ("v1.2.0", HEALTHY_ID)


def test_undisturbed(shop: Shop, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_rolled_back(shop)


@pytest.mark.parametrize(
    # Both sides of every write are tried on the plain and the prewarmed way.
    ("side", "number"),
    [(("after", "before")[number % 2], number) for number in range(1, WRITES + 1)],
)
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """Configuration is put back without the journal saying so, twice, or over a newer one."""
    killed = run(tmp_path, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    assert _settings(shop) != _GOOD or _journalled(tmp_path, EntryKind.STEP_INTENT)
    assert _settings(shop) == _GOOD or not _journalled(tmp_path, EntryKind.STEP_DONE)
    again = run(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(shop)
