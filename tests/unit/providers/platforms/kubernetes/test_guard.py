"""The Lease that keeps rollbacks apart, even without the ledger."""

import threading

import pytest
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, TARGET, Shop

from smartspec_rollback.errors import AnotherRunning
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.objects import Obj

LEASE = "smartspec-deployment-checkout"


def _lease(shop: Shop) -> Obj | None:
    return shop.cluster.get(resources.LEASE, NAMESPACE, LEASE)


def test_a_lease_is_held_and_given_back(shop: Shop) -> None:
    """Somebody looking at the cluster does not see who is at it, or a Lease is left behind."""
    shop.platform.guard(TARGET, holder="rb-1")
    lease = _lease(shop)
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "rb-1"
    seen = shop.again().observe(TARGET)
    assert seen.operation is not None
    assert seen.operation.since == shop.clock.now()
    shop.platform.unguard(TARGET, holder="rb-1")
    assert _lease(shop) is None


def test_its_own_holder_takes_it_up_in_another_process(shop: Shop) -> None:
    """A rollback that crashed cannot be resumed before its own Lease has run out."""
    shop.platform.guard(TARGET, holder="rb-1")
    other = shop.again()
    other.guard(TARGET, holder="rb-1")
    with pytest.raises(AnotherRunning, match="rb-1"):
        shop.again().guard(TARGET, holder="rb-2")
    other.unguard(TARGET, holder="rb-1")
    shop.platform.unguard(TARGET, holder="rb-1")
    assert _lease(shop) is None


def test_what_a_dead_process_left_is_taken_and_no_longer_shown(shop: Shop) -> None:
    """A process that died blocks every rollback until somebody deletes its Lease by hand."""
    _left_behind(shop, seconds=31.0)
    assert shop.platform.observe(TARGET).operation is None
    before = shop.clock.monotonic()
    shop.platform.guard(TARGET, holder="rb-2")
    assert shop.clock.monotonic() - before >= 6.0  # it watched that nobody renews it
    lease = _lease(shop)
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "rb-2"
    assert lease["spec"]["leaseTransitions"] == 1
    shop.platform.unguard(TARGET, holder="rb-2")


def _left_behind(shop: Shop, *, seconds: float) -> None:
    stamp = shop.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": "rb-dead", "leaseDurationSeconds": 15, "renewTime": stamp}
    shop.cluster.create(resources.LEASE, NAMESPACE, {"metadata": {"name": LEASE}, "spec": spec})
    shop.cluster.advance(seconds)


def test_a_slow_clock_of_ours_takes_nothing_from_the_living(shop: Shop) -> None:
    """A machine whose clock runs ahead takes over a Lease that is being renewed."""
    _left_behind(shop, seconds=31.0)

    def renew() -> None:
        shop.cluster.annotate(resources.LEASE, NAMESPACE, LEASE, {"renewed": "just now"})

    shop.cluster.clock.at(3.0, renew)
    with pytest.raises(AnotherRunning, match="rb-dead"):
        shop.platform.guard(TARGET, holder="rb-2")


def test_one_of_many_wins(shop: Shop) -> None:
    """Two processes that come at the same moment both hold the Target."""
    won: list[str] = []
    lost: list[str] = []

    def come(holder: str) -> None:
        try:
            shop.again().guard(TARGET, holder=holder)
        except AnotherRunning:
            lost.append(holder)
        else:
            won.append(holder)

    threads = [threading.Thread(target=come, args=(f"rb-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == 5
    shop.again().unguard(TARGET, holder=won[0])
    assert _lease(shop) is None


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_a_cut_connection_leaves_no_doubt(shop: Shop, verb: str) -> None:
    """The answer to taking or giving back is lost: the guard is stuck, or held by nobody."""
    shop.cluster.faults.add(Fault(verb=verb, path="leases", drop="after"))
    shop.platform.guard(TARGET, holder="rb-1")
    assert _lease(shop) is not None
    shop.platform.unguard(TARGET, holder="rb-1")
    assert _lease(shop) is None


def test_a_strange_lease_is_not_taken(shop: Shop) -> None:
    """A Lease somebody made by hand, without times, counts as abandoned."""
    spec = {"holderIdentity": "somebody\x1b[2J"}
    shop.cluster.create(resources.LEASE, NAMESPACE, {"metadata": {"name": LEASE}, "spec": spec})
    shop.cluster.advance(3600.0)
    with pytest.raises(AnotherRunning) as caught:
        shop.platform.guard(TARGET, holder="rb-2")
    assert "somebody?[2J" in str(caught.value)
    assert "\x1b" not in str(caught.value)
