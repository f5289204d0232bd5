"""What people are told when the cluster itself refuses a rollback, or has nothing to roll back."""

from collections.abc import Callable

import pytest
from tests.unit.providers.platforms.kubernetes.shop import NAME, TARGET, Shop, fence_for, send

from smartspec_rollback.errors import NotDone, ProviderError, ProviderUnavailable
from smartspec_rollback.testing.kubernetes import resources, statuses
from smartspec_rollback.testing.kubernetes.admission import Attempt
from smartspec_rollback.testing.kubernetes.statuses import ApiError


def _refusing(error: ApiError) -> Callable[[Attempt], None]:
    def refuse(attempt: Attempt) -> None:
        if attempt.resource is resources.DEPLOYMENT:
            raise error

    return refuse


def _planned(shop: Shop, error: ApiError) -> None:
    seen, to = shop.platform.observe(TARGET), shop.release("v1.2.0")
    shop.cluster.hooks.append(_refusing(error))
    shop.platform.plan(seen, to=to)


def test_a_policy_that_denies_is_quoted(shop: Shop) -> None:
    """A policy's denial looks like an invalid object, and nobody learns which rule it breaks."""
    error = statuses.denied_by_policy(resources.DEPLOYMENT, NAME, "signed", "image is not signed")
    with pytest.raises(NotDone, match=r"the cluster refuses: .*'signed'.*image is not signed"):
        _planned(shop, error)


@pytest.mark.parametrize("code", [400, 401, 403, 409, 422])
def test_a_webhook_that_denies_is_quoted_whatever_status_it_chose(shop: Shop, code: int) -> None:
    """A denial with 401 sends people to log in again, and one with 409 is tried on and on."""
    error = statuses.denied("policy.example.org", "no changes today")
    error.code = code
    with pytest.raises(NotDone, match=r"policy\.example\.org.*no changes today"):
        _planned(shop, error)


def test_another_refusal_is_not_taken_for_a_missing_role(shop: Shop) -> None:
    """People ask for a Role they have, while a limit of the namespace is in the way."""
    why = "maximum cpu usage per Container is 1, but limit is 2"
    with pytest.raises(NotDone, match=r"the cluster refuses: .*maximum cpu") as caught:
        _planned(shop, statuses.forbidden(resources.DEPLOYMENT, NAME, why))
    assert "Role" not in caught.value.remedy


def test_a_webhook_that_is_down_is_named(shop: Shop) -> None:
    """An outage of one webhook looks like one of the API server, and is searched for there."""
    error = statuses.webhook_unreachable("guard.example.org", "connection refused")
    with pytest.raises(ProviderUnavailable, match=r"webhook guard\.example\.org does not answer"):
        _planned(shop, error)


def test_a_workload_deleted_in_the_middle_ends_the_step(shop: Shop) -> None:
    """A rollback waits until its time is over for instances that nobody will ever make."""
    platform = shop.platform
    steps = platform.plan(platform.observe(TARGET), to=shop.release("v1.2.0"))
    send(platform, steps[0], fence_for(platform, "rb-1.1.start"), shop.clock)
    gone = fence_for(platform, "rb-1.2.switch")
    shop.remove()
    said = platform.settled(steps[0])
    assert (said.state, said.detail) == ("failed", "deployment/checkout is no longer there")
    with pytest.raises(NotDone, match="there is no deployment/checkout"):
        send(platform, steps[1], gone, shop.clock)
    with pytest.raises(ProviderError, match="there is no deployment/checkout"):
        platform.observe(TARGET)
