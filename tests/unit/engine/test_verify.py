"""Verification: only a target that runs, passes its tests and is watched long enough passes."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import go, when

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.domain.settings import Probe, Verification
from smartspec_rollback.domain.snapshot import Share, Snapshot, Workload
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource
from smartspec_rollback.engine.verify import merge, verify
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.testing.engine_parts import Bench
from smartspec_rollback.testing.fake_metrics import FakeMetrics, measured, unmeasured
from smartspec_rollback.testing.fake_world import SCALE_DOWN
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release

PASS, FAIL, INCONCLUSIVE = VerdictOutcome


def _verified(bench: Bench) -> Verdict:
    """Roll back, then verify once more by the same plan."""
    report = go(bench)
    assert report.rollback.status in {Status.SUCCEEDED, Status.UNSTABLE}
    return verify(bench.parts, report.plan, deployment_id=report.rollback.id)


def _measuring(bench: Bench, *script: Samples) -> None:
    bench.metrics = FakeMetrics(*script)


def _tested_by(bench: Bench, **tests: object) -> None:
    verification = replace(bench.settings.verification, **tests)
    bench.settings = replace(bench.settings, verification=verification)


def test_pass_is_recorded_with_its_measurements(bench: Bench) -> None:
    """A verified rollback gives the next one no evidence and no baseline."""
    report = go(bench)
    verdict = bench.store.newest_verdict(report.rollback.id)
    assert verdict is not None
    assert (verdict.outcome, verdict.source) == (PASS, VerdictSource.VERIFICATION)
    assert verdict.measured is not None
    live = bench.store.live(TARGET)
    assert live is not None
    assert (live.deployment.id, live.deployment.release) == (report.rollback.id, a_release(GOOD))


def _another_live(seen: Snapshot) -> Snapshot:
    assert seen.live is not None
    other = replace(seen.live, release=a_release("v1.3.0"))
    return replace(seen, live=other)


def _nothing_live(seen: Snapshot) -> Snapshot:
    return replace(seen, live=None)


def _half_the_traffic(seen: Snapshot) -> Snapshot:
    assert seen.live is not None
    return replace(
        seen,
        traffic=(Share(revision=seen.live.id, percent=50), Share(revision="x", percent=50)),
    )


def _workload(seen: Snapshot, version: str, **changes: object) -> Snapshot:
    changed: list[Workload] = [
        replace(w, **changes) if w.version == version else w for w in seen.workloads
    ]
    return replace(seen, workloads=tuple(changed))


WRONG: dict[str, Callable[[Snapshot], Snapshot]] = {
    "v1.3.0 is live instead of v1.2.0": _another_live,
    "nothing is live instead of v1.2.0": _nothing_live,
    "v1.2.0 gets 50% of the traffic": _half_the_traffic,
    "2 of 3 instances of v1.2.0 are ready": lambda s: _workload(s, GOOD, ready=2),
    "no instance of v1.2.0 is ready": lambda s: _workload(s, GOOD, ready=0, desired=0),
    "3 instances of v1.2.1 still run": lambda s: _workload(s, BAD, running=3),
}


@pytest.mark.parametrize("reason", WRONG)
@pytest.mark.parametrize("later", [False, True])
def test_wrong_production_never_passes(bench: Bench, reason: str, *, later: bool) -> None:
    """Production is not what the plan promised, at first or after the watch, and it passes."""
    report = go(bench)
    looks: list[int] = []
    observe = bench.platform.observe

    def wrong(*_: object) -> Snapshot:
        looks.append(1)
        seen = observe(TARGET)
        return seen if later and len(looks) == 1 else WRONG[reason](seen)

    bench.platform.observe = wrong  # type: ignore[method-assign] # to see what is not so
    verdict = verify(bench.parts, report.plan, deployment_id="rb-1")
    assert (verdict.outcome, verdict.reason) == (FAIL, reason)


def test_no_instance_listed_at_all(bench: Bench) -> None:
    """A target without any instance counts as running."""
    report = go(bench)
    seen = replace(bench.platform.observe(TARGET), workloads=())
    bench.platform.observe = lambda _: seen  # type: ignore[method-assign] # to see nothing
    assert verify(bench.parts, report.plan, deployment_id="rb-1").outcome is FAIL


def test_release_recorded_without_digests_is_recognised(bench: Bench) -> None:
    """A target recorded by name alone can never be verified."""
    report = go(bench)
    named = Release(version=GOOD, artifact=f"releases/{GOOD}")
    plan = replace(report.plan, to=replace(report.plan.to, release=named))
    assert verify(bench.parts, plan, deployment_id="rb-1").outcome is PASS


@pytest.mark.parametrize("broken", ["probe", "command"])
def test_failing_test_fails(bench: Bench, broken: str) -> None:
    """The service's own tests fail, and the rollback counts as good."""
    _tested_by(bench, probes=(Probe(path="/healthz"),), commands=("./smoke.sh",))
    if broken == "probe":
        bench.smoke.statuses["/healthz"] = 503
    else:
        bench.smoke.failing["./smoke.sh"] = "exit status 1"
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (7, Status.UNSTABLE)
    assert "its test" in report.rollback.status_detail


def test_no_front_door_is_inconclusive(bench: Bench) -> None:
    """Tests that could not be run count as passed."""
    _tested_by(bench, probes=(Probe(path="/healthz"),))
    bench.platform.front_door = None
    assert _verified(bench).outcome is INCONCLUSIVE


def test_no_objectives_is_inconclusive(bench: Bench) -> None:
    """A service without objectives is called stable by nobody's measure."""
    bench.settings = replace(bench.settings, objectives=())
    verdict = _verified(bench)
    assert verdict.outcome is INCONCLUSIVE
    assert len(bench.metrics.windows) == 2


def test_objective_missed_fails(bench: Bench) -> None:
    """The target is as slow as what it replaced, and the rollback counts as good."""
    _measuring(bench, measured(latency=0.5))
    assert _verified(bench).outcome is FAIL


def test_thin_data_is_waited_for(bench: Bench) -> None:
    """Too few requests in the first window decide, although more are coming."""
    _measuring(bench, measured(requests=3), measured(requests=3), measured())
    assert go(bench).exit_code == 0
    assert len(bench.metrics.windows) == 3


def test_thin_data_until_the_deadline_is_inconclusive(bench: Bench) -> None:
    """A service nobody calls is watched for ever, or called stable."""
    _measuring(bench, measured(requests=0))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (7, Status.UNSTABLE)
    assert "inconclusive" in report.rollback.status_detail


def test_source_that_cannot_measure_is_inconclusive(bench: Bench) -> None:
    """A metrics source that is down is silence, and silence passes or is waited for in vain."""
    _measuring(bench, unmeasured())
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (7, Status.UNSTABLE)
    assert len(bench.metrics.windows) == 1


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), ValueError("a bug")])
def test_failing_after_the_switch_is_never_nothing_changed(bench: Bench, error: Exception) -> None:
    """A metrics read that fails after the switch exits as if nothing had been changed."""

    def fail(*_: object, **__: object) -> Samples:
        raise error

    bench.metrics.collect = fail  # type: ignore[method-assign] # to fail
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (7, Status.UNSTABLE)


def test_unreachable_platform_is_inconclusive(bench: Bench) -> None:
    """A platform that cannot be looked at is taken for a good one."""
    when(
        bench,
        f"after {SCALE_DOWN}",
        lambda: bench.platform.fail_next("observe", ProviderUnavailable("down")),
    )
    assert go(bench).exit_code == 7


def test_stop_while_watching(bench: Bench) -> None:
    """Ctrl-C while watching passes what was not watched, or watches on."""
    bench.settings = replace(bench.settings, verification=Verification(warm_up=60.0, bake=60.0))
    bench.stop = lambda: any("warming up" in text for _, text in bench.recorder.told)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (7, Status.UNSTABLE)
    assert bench.metrics.windows == []


def test_merged_windows_keep_every_problem() -> None:
    """Two windows put together lose requests, or hide that one could not be measured."""
    both = merge(measured(requests=10, errors=1), measured(requests=5))
    assert (both.requests, both.errors, len(both.latencies)) == (15, 1, 14)
    assert merge(measured(), unmeasured("down")).problem == "down"
