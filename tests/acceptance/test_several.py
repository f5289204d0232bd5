"""One incident, several services: rolled back side by side by one command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.clusters import NAMES, Shops
from tests.acceptance.commands import installed
from tests.acceptance.terminal import at_terminal

from smartspec_rollback.testing.kubernetes.cluster import Cluster


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[Shops]:
    """Supply the cluster."""
    with Cluster(speed=20.0) as cluster:
        yield Shops(tmp_path, cluster)


def _ids(*versions: str) -> list[str]:
    named = zip(NAMES, versions, strict=False)
    return [w for name, v in named for w in ("--failed-deployment-id", f"{name}-{v}")]


def test_all_are_planned_at_once(shops: Shops) -> None:
    """In an incident of many services people plan one after the other."""
    done = shops.roll_back(*_ids("v2", "v2", "v2"), "--dry-run", "--format", "json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["schema"] == "smartspec.rollbacks/1"
    plans = {
        each["target"]["service"]: each["rollback"]["to_version"] for each in said["rollbacks"]
    }
    assert plans == dict.fromkeys(NAMES, "v1")
    assert all(image.endswith(":v2") for image in shops.images().values())


def test_one_answer_decides_about_all(shops: Shops) -> None:
    """A person is asked once for each of many services while production hurts."""
    answers = [("Approve these 3 plans?", "yes\n")]
    words = ("smartspec_rollback", *_ids("v2", "v2", "v2"), "--reason", "the new region is broken")
    done = at_terminal(*words, folder=shops.folder, answers=answers)
    assert done.code == 7, done.out  # nothing is measured here, so nothing is verified
    assert all(image.endswith(":v1") for image in shops.images().values())
    history = installed("smartspec", "history", "--format", "json", folder=shops.folder)
    rollbacks = json.loads(history.out)["rollbacks"]
    assert len({each["plan_digest"] for each in rollbacks}) == len(NAMES)


def test_a_denial_is_for_all(shops: Shops) -> None:
    """Somebody says no, and one of the rollbacks goes on."""
    answers = [("Approve these 3 plans?", "no\n")]
    words = ("smartspec_rollback", *_ids("v2", "v2", "v2"), "--reason", "slow")
    done = at_terminal(*words, folder=shops.folder, answers=answers)
    assert done.code == 3, done.out
    assert all(image.endswith(":v2") for image in shops.images().values())


def test_one_that_is_refused_stops_no_other(shops: Shops) -> None:
    """A single service that cannot go back keeps all others in their trouble."""
    answers = [("Approve these 2 plans?", "yes\n")]
    words = ("smartspec_rollback", *_ids("v1", "v2", "v2"), "--reason", "slow")
    done = at_terminal(*words, folder=shops.folder, answers=answers)
    assert done.code == 7, done.out
    images = shops.images()
    assert images.pop("basket").endswith(":v2")
    assert all(image.endswith(":v1") for image in images.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--failed-deployment-id", "basket-v9"], "basket-v9"),
        (["--failed-deployment-id", "basket-v1"], "both of basket/production"),
        (["--target-version", "v1"], "about one deployment"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(shops: Shops, words: list[str], said: str) -> None:
    """A slip among many ids is found out when half of them are rolled back."""
    done = shops.roll_back(*_ids("v2", "v2"), *words, "--auto-approve")
    assert done.code == 2
    assert said in done.err
    assert all(image.endswith(":v2") for image in shops.images().values())
