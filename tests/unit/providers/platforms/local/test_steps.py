from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.platforms.local.values import release, snapshot, workload

from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.local import LocalSettings, steps

SETTINGS = LocalSettings(releases=Path("/releases"), instances=2)


def test_plan_reads_as_people_know_it() -> None:
    """The lines that people approve are not the ones they know."""
    listed = steps.listed(snapshot("v1.2.1"), SETTINGS, to=release("v1.2.0"))
    assert [step.title for step in listed] == [
        "Start `v1.2.0` instances.",
        "Switch production traffic from `v1.2.1` to `v1.2.0`.",
        "Scale down `v1.2.1` instances to 0.",
    ]
    assert [step.moves_traffic for step in listed] == [False, True, False]


@given(desired=st.integers(1, 9), ready=st.integers(0, 9), other=st.booleans())
def test_start_is_left_out_only_where_all_are_ready(
    *, desired: int, ready: int, other: bool
) -> None:
    """Traffic is switched to fewer instances than the load needs, or to other configuration."""
    version = "v1.1.0" if other else "v1.2.0"
    seen = snapshot(
        "v1.2.1",
        workload(1, "v1.2.1", desired=desired, ready=desired),
        workload(2, version, desired=desired, ready=min(ready, desired)),
    )
    listed = steps.listed(seen, SETTINGS, to=release("v1.2.0"))
    assert (listed[0].kind == SWITCH) is (not other and ready >= desired)
    assert listed[0].parameter("instances") == str(desired)


def test_promise_is_planned_with_like_the_real_thing() -> None:
    """The plan that people approve changes once the prewarmed version is really there."""
    to = release("v1.2.0")
    seen = snapshot("v1.2.1", workload(1, "v1.2.1", desired=3, ready=3))
    promised = steps.promised(seen, SETTINGS, to)
    real = snapshot(
        "v1.2.1",
        workload(1, "v1.2.1", desired=3, ready=3),
        workload(7, "v1.2.0", desired=3, ready=3),
    )
    assert promised.fingerprint == seen.fingerprint
    assert steps.listed(promised, SETTINGS, to=to) == steps.listed(real, SETTINGS, to=to)


def test_nothing_live_cannot_be_rolled_back() -> None:
    """A plan is made out of nothing."""
    with pytest.raises(ProviderError, match="nothing is live"):
        steps.listed(snapshot(None), SETTINGS, to=release("v1.2.0"))
