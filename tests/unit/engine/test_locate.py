"""Locate: an id is found wherever it is known, and a wrong one is answered with its likes."""

import pytest

from smartspec_rollback.engine.locate import locate
from smartspec_rollback.errors import UnknownName
from smartspec_rollback.testing.engine_parts import FAILED_ID, Bench
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.samples import TARGET, a_release


def _locate(bench: Bench, deployment_id: str) -> str:
    found = locate(
        deployment_id,
        store=bench.store,
        targets=(TARGET,),
        platform_of=lambda _: bench.platform,
    )
    return found.release.version


def test_recorded_id_needs_no_platform(bench: Bench) -> None:
    """An unreachable platform hides a deployment that the ledger knows."""
    bench.platform.say_nothing()
    assert _locate(bench, FAILED_ID) == "v1.2.1"


def test_ids_that_only_the_platform_knows(bench: Bench) -> None:
    """Somebody's first incident cannot be rolled back, since nothing was recorded."""
    bench.platform.deploy(a_release("v2"), deployment_id="pipeline-7")
    live = bench.platform.observe(TARGET).live
    assert live is not None
    assert _locate(bench, "pipeline-7") == "v2"
    assert _locate(bench, live.id) == "v2"


def test_unknown_id_names_the_nearest_and_who_could_not_be_asked(bench: Bench) -> None:
    """A typing mistake is answered without the id that was meant, or hides an outage."""
    with pytest.raises(UnknownName) as unknown:
        _locate(bench, "deploy-12354")
    assert FAILED_ID in unknown.value.nearest
    bench.platform.say_nothing()
    with pytest.raises(UnknownName) as unknown:
        _locate(bench, "deploy-12354")
    assert any("does not answer" in line for line in unknown.value.details)


def test_unknown_id_on_an_empty_platform(bench: Bench) -> None:
    """An id near one that only the platform remembers is not recognised as a mistake."""
    other = FakePlatform(TARGET)
    other.deploy(a_release("v3"), deployment_id="release-2026-01")
    with pytest.raises(UnknownName) as unknown:
        locate("release-2026-02", store=bench.store, targets=(TARGET,), platform_of=lambda _: other)
    assert "release-2026-01" in unknown.value.nearest
