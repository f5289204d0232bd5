"""The Events that a rollback writes on the workload."""

from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import (
    NAMESPACE,
    TARGET,
    Shop,
    carry_out,
    fence_for,
    send,
)

from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.faults import Fault


def _events(shop: Shop) -> list[Any]:
    found = shop.cluster.all(resources.EVENT, NAMESPACE)
    return sorted(found, key=lambda each: int(each["metadata"]["resourceVersion"]))


def test_each_step_is_told(shop: Shop) -> None:
    """Whoever looks at the workload in the incident does not see what is being done to it."""
    carry_out(shop, "v1.2.0")
    events = _events(shop)
    assert [(each["reason"], each["message"]) for each in events] == [
        ("RollbackStarted", "Start v1.2.0 instances. (rollback rb-1)"),
        ("RollbackStep", "Switch production traffic from v1.2.1 to v1.2.0. (rollback rb-1)"),
        ("RollbackStep", "Scale down v1.2.1 instances to 0. (rollback rb-1)"),
    ]
    for each in events:
        about = each["involvedObject"]
        assert about["uid"] == shop.deployment["metadata"]["uid"]
        assert (about["kind"], about["apiVersion"]) == ("Deployment", "apps/v1")
        assert each["source"]["component"] == "smartspec"
        assert each["count"] == 1


def test_a_step_that_is_sent_again_is_counted(shop: Shop) -> None:
    """A step that was sent twice looks like two steps."""
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    fence = fence_for(shop.platform, "rb-1.1.start-instances")
    send(shop.platform, steps[0], fence, shop.clock)
    shop.cluster.advance(60.0)
    send(shop.platform, steps[0], fence, shop.clock)
    (event,) = _events(shop)
    assert event["count"] == 2
    assert event["lastTimestamp"] > event["firstTimestamp"]


@pytest.mark.parametrize("how", [{"code": 500}, {"code": 429}, {"drop": "before"}, {}])
def test_an_event_that_cannot_be_written_fails_nothing(shop: Shop, how: dict[str, Any]) -> None:
    """A rollback fails, or is asked about by the doctor, for want of a mere note."""
    if how:
        shop.cluster.faults.add(Fault(path="events", times=None, **how))
    else:
        shop.cluster.access.deny(Rule(resource="events"))
    assert shop.platform.access(TARGET).missing == ()
    carry_out(shop, "v1.2.0")
    assert _events(shop) == []
    assert len(shop.cluster.requests.all(path="events")) == 3
