"""What goes wrong around a rollback: told clearly, with an exit code that says what was touched.

Afterwards the same command brings it to its end, once what was wrong is mended.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, Shop, a_shop
from tests.unit.providers.platforms.kubernetes.whole import Whole

from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.testing.engine_parts import FAILED_ID, HEALTHY_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Attempt, Rule
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.images import NeverReady, PullFails, Ready

GOOD_IMAGE = "registry.example/checkout:v1.2.0"
REFUSED, UNTOUCHED, PARTLY, UNKNOWN, UNVERIFIED = 3, 4, 5, 6, 7


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    """Supply the engine on a cluster where v1.2.1 failed after v1.2.0."""
    with a_shop(tmp_path, ready_within=60.0) as shop:
        shop.deploy("v1.2.0", HEALTHY_ID)
        shop.deploy("v1.2.1", FAILED_ID)
        yield Whole(shop, tmp_path)


def _touched(shop: Shop) -> bool:
    return MARK in shop.deployment["metadata"]["annotations"]


def _prune(shop: Shop) -> None:
    shop.change({"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 0})
    shop.cluster.advance(5.0)


def _meddle(shop: Shop) -> None:
    def meddle(attempt: Attempt) -> None:
        if attempt.resource is resources.DEPLOYMENT:
            spec = attempt.object["spec"]["template"]["spec"]
            spec["containers"][0]["env"] = [{"name": "ADDED", "value": "x"}]

    shop.cluster.hooks.append(meddle)


def _full(shop: Shop) -> None:
    said = {"pods": "3"}
    body = {
        "metadata": {"name": "few"},
        "spec": {"hard": said},
        "status": {"hard": said, "used": said},
    }
    shop.cluster.create(resources.QUOTA, NAMESPACE, body)


def _set(shop: Shop, **changes: Any) -> None:
    shop.settings = replace(shop.settings, **changes)


def _ended(whole: Whole) -> tuple[int, str]:
    """Run the command once; gives its exit code, and what speaks against the plan."""
    try:
        report = whole.roll_back()
    except SmartSpecError as error:
        return error.exit_code, str(error)
    assert report.plan is not None
    return report.exit_code, " ".join(each.summary for each in report.plan.blocking)


BEFORE: dict[str, tuple[Callable[[Shop], object], int, str]] = {
    "no kubeconfig": (
        lambda shop: _set(shop, kubeconfig=Path("/nowhere/kubeconfig")),
        UNTOUCHED,
        "cannot be read",
    ),
    "no context": (lambda shop: _set(shop, context="prod"), UNTOUCHED, "no context 'prod'"),
    "expired": (
        lambda shop: shop.cluster.faults.add(Fault(code=401, times=None)),
        UNTOUCHED,
        "does not know who we are",
    ),
    "forbidden": (
        lambda shop: shop.cluster.access.deny(Rule(resource="deployments")),
        UNTOUCHED,
        "not allowed (403)",
    ),
    "forbidden to patch": (
        lambda shop: shop.cluster.access.deny(Rule(verb="patch", resource="deployments")),
        UNTOUCHED,
        "not allowed (403)",
    ),
    "wrong namespace": (
        lambda shop: _set(shop, namespace="default"),
        UNTOUCHED,
        "there is no deployment/checkout in the namespace default",
    ),
    "gone": (lambda shop: shop.remove(), UNTOUCHED, "there is no deployment/checkout"),
    "webhook": (_meddle, UNTOUCHED, "would change the template"),
    "pruned": (_prune, REFUSED, ""),
    "quota": (_full, REFUSED, "Only 0 of 3 needed instances"),
}


@pytest.mark.parametrize("what", list(BEFORE))
def test_what_is_wrong_beforehand_changes_nothing(whole: Whole, what: str) -> None:
    """Something is wrong from the start, and is found out while production is being changed."""
    happens, code, said = BEFORE[what]
    happens(whole.shop)
    ended, told = _ended(whole)
    assert ended == code
    assert said in told
    assert whole.asked_after == []
    if what != "gone":
        assert not _touched(whole.shop)
        assert set(whole.shop.running.values()) == {"v1.2.1"}


MEANWHILE: dict[str, tuple[Callable[[Shop], object], set[int]]] = {
    "expired": (
        lambda shop: shop.cluster.faults.add(Fault(code=401, times=None)),
        {UNTOUCHED},
    ),
    "forbidden": (
        lambda shop: shop.cluster.access.deny(Rule(verb="patch", resource="deployments")),
        {UNTOUCHED},
    ),
    "gone": (lambda shop: shop.remove(), {UNTOUCHED}),
    "pruned": (_prune, {UNTOUCHED}),
    "webhook": (_meddle, {PARTLY}),
    "image": (
        lambda shop: shop.cluster.images.update({GOOD_IMAGE: PullFails()}),
        {PARTLY},
    ),
    "quota": (_full, {PARTLY}),
}


@pytest.mark.parametrize("what", list(MEANWHILE))
def test_what_goes_wrong_while_people_read_the_plan(whole: Whole, what: str) -> None:
    """What was right when the plan was made is not when it begins: nobody knows what was done."""
    happens, codes = MEANWHILE[what]
    whole.at_question = lambda: happens(whole.shop)
    code = whole.exit_code()
    assert code in codes
    if what != "gone":
        assert _touched(whole.shop) == (code == PARTLY)


@pytest.mark.parametrize("what", ["expired", "forbidden", "image", "quota"])
def test_the_same_command_ends_it_once_that_is_mended(whole: Whole, what: str) -> None:
    """A rollback that stopped half-way cannot be taken up again."""
    happens, codes = MEANWHILE[what]
    whole.at_question = lambda: happens(whole.shop)
    assert whole.exit_code() in codes
    shop = whole.shop
    whole.at_question = lambda: None
    shop.cluster.faults.clear()
    shop.cluster.access.clear()
    shop.cluster.images.pop(GOOD_IMAGE, None)
    if what == "quota":
        shop.cluster.remove(resources.QUOTA, NAMESPACE, "few")
    shop.cluster.advance(60.0)
    assert whole.exit_code() == 0
    assert list(shop.running.values()) == ["v1.2.0"] * 3
    assert shop.cluster.all(resources.LEASE, NAMESPACE) == []


@pytest.mark.parametrize("told", ["deploy-99", None])
def test_another_rollout_is_not_undone(whole: Whole, told: str | None) -> None:
    """Somebody who deploys a fix meanwhile is rolled back with the failed release."""
    whole.shop.cluster.images["registry.example/checkout:v1.2.2"] = NeverReady()
    whole.shop.deploy("v1.2.2", told)
    code, said = _ended(whole)
    assert code == REFUSED
    assert "the rollout of v1.2.2 is changing checkout/production right now" in said
    assert "v1.2.2" in whole.shop.running.values()


@pytest.mark.parametrize("told", [FAILED_ID, None])
@pytest.mark.parametrize("ends", [False, True])
def test_the_failed_deployments_own_rollout_is_undone(
    tmp_path: Path, told: str | None, *, ends: bool
) -> None:
    """A rollout that is stuck cannot be undone, or not once it came through while people read."""
    with a_shop(tmp_path) as shop:
        shop.deploy("v1.2.0", HEALTHY_ID if told else None)
        bad = Ready(after=100.0) if ends else NeverReady()
        shop.cluster.images["registry.example/checkout:v1.2.1"] = bad
        shop.deploy("v1.2.1", told)
        assert set(shop.running.values()) == {"v1.2.0", "v1.2.1"}
        whole = Whole(shop, tmp_path)
        if ends:
            whole.at_question = lambda: shop.cluster.advance(600.0)
        assert whole.exit_code() == 0
        assert list(shop.running.values()) == ["v1.2.0"] * 3


@pytest.mark.parametrize("sent", [1, 2, 3])
def test_the_workload_goes_in_the_middle(whole: Whole, sent: int) -> None:
    """Somebody deletes the workload during the rollback, and it counts as done, or as untouched."""
    patches: list[str] = []

    def remove(attempt: Attempt) -> None:
        if attempt.resource is resources.DEPLOYMENT and MARK in str(attempt.object["metadata"]):
            patches.append(attempt.operation)
            if len(patches) == sent:
                whole.shop.cluster.clock.at(0.005, whole.shop.remove)

    whole.shop.cluster.hooks.append(remove)
    # Once all steps are seen to be done, it is the verification that finds nothing there.
    assert whole.exit_code() in ((PARTLY, UNKNOWN) if sent < 3 else (PARTLY, UNKNOWN, UNVERIFIED))


def _writes(tmp_path: Path) -> list[int]:
    """List the calls of an undisturbed rollback that write something, by their numbers."""
    with a_shop(tmp_path) as shop:
        shop.deploy("v1.2.0", HEALTHY_ID)
        shop.deploy("v1.2.1", FAILED_ID)
        whole = Whole(shop, tmp_path)
        shop.cluster.requests.clear()
        assert whole.exit_code() == 0
        calls = shop.cluster.requests.all()
        writes = [number for number, call in enumerate(calls) if call.method != "GET"]
        assert len(writes) >= 4  # else whoever goes through them tries nothing
        return writes


def test_a_token_that_expires_in_the_middle(tmp_path: Path) -> None:
    """Credentials end during the rollback, and the exit code hides that production was touched."""
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    for number in sorted({each + after for each in _writes(folder) for after in (0, 1)}):
        folder = tmp_path / str(number)
        folder.mkdir()
        with a_shop(folder, ready_within=20.0, drain=5.0) as shop:
            shop.deploy("v1.2.0", HEALTHY_ID)
            shop.deploy("v1.2.1", FAILED_ID)
            whole = Whole(shop, folder)
            shop.cluster.requests.clear()
            shop.cluster.faults.add(Fault(code=401, skip=number, times=None))
            code = whole.exit_code()
            said = code in (0, PARTLY, UNKNOWN, UNVERIFIED)
            assert said == _touched(shop), f"{code} at {number}"
            shop.cluster.faults.clear()
            shop.cluster.advance(60.0)
            assert whole.exit_code() == 0, f"again, after {code} at {number}"
            assert list(shop.running.values()) == ["v1.2.0"] * 3
            assert shop.deployment["metadata"]["name"] == NAME
