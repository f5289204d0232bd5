"""The quality gate: a verdict is recorded before it is said, and silence never passes."""

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import hold

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine.judge import gate
from smartspec_rollback.errors import ProviderUnavailable, StoreError
from smartspec_rollback.testing.engine_parts import Bench
from smartspec_rollback.testing.fake_metrics import FakeMetrics, measured, unmeasured
from smartspec_rollback.testing.samples import BAD, TARGET, a_deployment, a_release

PASS, FAIL, INCONCLUSIVE = VerdictOutcome


def _gate(bench: Bench) -> Verdict:
    verdict = gate(bench.parts, bench.failed)
    assert bench.store.newest_verdict(bench.failed.id) == verdict
    return verdict


def test_pass_and_fail(bench: Bench) -> None:
    """The gate fails what keeps its objectives, or passes what does not."""
    assert _gate(bench).outcome is PASS
    bench.metrics = FakeMetrics(measured(latency=0.5))
    verdict = _gate(bench)
    assert (verdict.outcome, verdict.reason) == (FAIL, "p99 latency > 200ms")
    assert verdict.measured is not None


def test_no_data_is_inconclusive(bench: Bench) -> None:
    """A service nobody called, or a source that is down, passes."""
    for samples in (measured(requests=0), unmeasured()):
        bench.metrics = FakeMetrics(samples)
        assert _gate(bench).outcome is INCONCLUSIVE


def test_no_objectives_is_inconclusive(bench: Bench) -> None:
    """A service without objectives passes by nobody's measure."""
    bench.settings = replace(bench.settings, objectives=())
    assert _gate(bench).outcome is INCONCLUSIVE


def test_held_release_fails(bench: Bench) -> None:
    """A banned release is deployed again and passes."""
    hold(bench, a_release(BAD))
    verdict = _gate(bench)
    assert verdict.outcome is FAIL
    assert "on hold" in verdict.reason
    assert bench.metrics.windows == []


def test_held_release_fails_however_it_was_recorded(bench: Bench) -> None:
    """A pipeline that records no digests gets a banned release through the gate."""
    hold(bench, a_release(BAD))
    bench.platform.deploy(a_release(BAD), deployment_id="deploy-again")
    nameless = Release(version=BAD, artifact=f"releases/{BAD}")
    again = a_deployment("deploy-again", release=nameless, at=bench.clock.now())
    assert gate(bench.parts, again).outcome is FAIL


def test_not_live_is_inconclusive(bench: Bench) -> None:
    """A verdict is given on something else than what runs."""
    bench.platform.deploy(a_release("v1.3.0"))
    assert "v1.3.0 is" in _gate(bench).reason
    assert _gate(bench).outcome is INCONCLUSIVE


def test_same_version_with_other_configuration_is_not_it(bench: Bench) -> None:
    """A verdict on fixed configuration is recorded for the broken one."""
    bench.platform.deploy(a_release(BAD, configuration="fixed"))
    verdict = _gate(bench)
    assert verdict.outcome is INCONCLUSIVE
    assert "another artifact or configuration" in verdict.reason


def test_replaced_while_it_was_measured(bench: Bench) -> None:
    """What was measured belongs to two releases, and the verdict to one."""
    collect = bench.metrics.collect

    def swapped(*args: object, **kwargs: object) -> object:
        bench.platform.deploy(a_release("v1.3.0"))
        return collect(*args, **kwargs)  # type: ignore[arg-type] # passed on as they came

    bench.metrics.collect = swapped  # type: ignore[method-assign,assignment] # to act just then
    assert _gate(bench).outcome is INCONCLUSIVE


def test_platform_that_cannot_be_reached_is_inconclusive(bench: Bench) -> None:
    """A platform outage fails a release, or passes it."""
    bench.platform.fail_next("observe", ProviderUnavailable("down"))
    assert _gate(bench).outcome is INCONCLUSIVE


def test_stopped_is_inconclusive(bench: Bench) -> None:
    """Ctrl-C during the gate passes a release that was not watched."""
    bench.stop = lambda: True
    assert _gate(bench).outcome is INCONCLUSIVE


def test_verdict_that_cannot_be_recorded_is_not_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate says "fail" with nothing in the ledger that a rollback could rest on."""

    def refuse(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bench.store, "record_verdict", refuse)
    with pytest.raises(StoreError):
        gate(bench.parts, bench.failed)


def test_deployment_that_only_the_platform_knew_is_recorded(bench: Bench) -> None:
    """The verdict on an unrecorded deployment has no home."""
    bench.platform.deploy(a_release("v2"), deployment_id="pipeline-7")
    unknown = a_deployment("pipeline-7", release=a_release("v2"), at=bench.clock.now())
    assert gate(bench.parts, unknown).outcome is PASS
    entry = bench.store.deployment("pipeline-7")
    assert entry is not None
    assert entry.deployment.recorded_by == "platform"
    assert entry.deployment.target == TARGET


def test_fresh_deployment_warms_up_first(bench: Bench) -> None:
    """A cold start is measured and fails the release."""
    bench.settings = replace(
        bench.settings, verification=replace(bench.settings.verification, warm_up=300.0)
    )
    before = bench.clock.now()
    _gate(bench)
    waited = (bench.clock.now() - before).total_seconds()
    assert waited >= 240.0
