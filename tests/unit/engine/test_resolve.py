"""Resolve: evidence decides what to go back to, and everything passed over is named with why."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import go, hold

from smartspec_rollback.domain.candidate import Candidate, Origin
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.resolve import Resolution, resolve
from smartspec_rollback.errors import Refused, UnknownName
from smartspec_rollback.testing.engine_parts import (
    FAILED_ID,
    HEALTHY_ID,
    Bench,
    YieldingClock,
    deploy,
    record,
)
from smartspec_rollback.testing.fake_platform import BarePlatform
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    TARGET,
    a_release,
)


def _resolve(bench: Bench, *, version: str | None = None) -> Resolution:
    seen = bench.platform.observe(TARGET)
    return resolve(bench.parts, bench.failed, seen, version=version)


def _between(bench: Bench, name: str, verdict: VerdictOutcome | None, *, ago: float) -> Release:
    """Record a release between the good one and the bad one, ``ago`` seconds before now."""
    release = a_release(name)
    bench.platform.add(release)
    record(bench, f"deploy-{name}", release, verdict=verdict, ago=ago)
    return release


def _reason(found: Resolution, version: str) -> str:
    (only,) = [c for c in found.rejected if c.release.version == version]
    return "; ".join(only.rejected)


def test_evidence_and_not_order_decides(bench: Bench) -> None:
    """The previous release is taken although nobody knows whether it was any good."""
    _between(bench, "v1.2.0-b", None, ago=1800)
    found = _resolve(bench)
    assert found.chosen.release == a_release(GOOD)
    assert found.chosen.deployment_id == HEALTHY_ID
    assert "gate passed" in str(found.chosen.health)
    assert "no evidence of health" in _reason(found, "v1.2.0-b")


def test_failed_held_and_short_lived_are_passed_over(bench: Bench) -> None:
    """A release that failed, is banned, or lived too short to know is gone back to."""
    _between(bench, "failed", VerdictOutcome.FAIL, ago=3000)
    held = _between(bench, "held", VerdictOutcome.PASS, ago=2000)
    _between(bench, "short", VerdictOutcome.PASS, ago=100)
    hold(bench, held)
    found = _resolve(bench)
    assert found.chosen.release.version == GOOD
    assert "failed: p99 latency > 200ms" in _reason(found, "failed")
    assert "on hold" in _reason(found, "held")
    assert "the soak time is 10m" in _reason(found, "short")


def test_release_that_failed_when_deployed_again_is_passed_over(bench: Bench) -> None:
    """A release that was good once, and failed since, is gone back to."""
    again = _between(bench, "again", VerdictOutcome.PASS, ago=3400)
    record(bench, "deploy-again-2", again, verdict=VerdictOutcome.FAIL, ago=1500)
    found = _resolve(bench)
    assert found.chosen.release.version == GOOD
    reasons = [r for c in found.rejected if c.deployment_id == "deploy-again" for r in c.rejected]
    assert reasons == ["the same release failed when it was deployed again (deploy-again-2)"]


def test_gone_and_identical_are_passed_over(bench: Bench) -> None:
    """A release whose artifact was deleted, or the failed one itself, is gone back to."""
    _between(bench, "gone", VerdictOutcome.PASS, ago=3000)
    bench.platform.forget("gone")
    record(bench, "deploy-same", a_release(BAD), verdict=VerdictOutcome.PASS, ago=2000)
    found = _resolve(bench)
    assert found.chosen.release.version == GOOD
    assert "artifact is gone" in _reason(found, "gone")
    assert "the failed release itself" in _reason(found, BAD)


def test_far_behind_many_unproven_ones(bench: Bench) -> None:
    """More unproven releases than are listed hide the good one behind them."""
    for number in range(30):
        _between(bench, f"v1.2.0-{number}", None, ago=3000 - number)
    found = _resolve(bench)
    assert found.chosen.deployment_id == HEALTHY_ID
    assert len(found.rejected) == 20


def _first_incident(tmp_path: Path, *, recorded: bool) -> Bench:
    bench = Bench(tmp_path, clock=YieldingClock())
    bench.platform.deploy(a_release(GOOD))
    if recorded:
        record(bench, HEALTHY_ID, a_release(GOOD))
    bench.clock.advance(60)
    deploy(bench, FAILED_ID, a_release(BAD))
    return bench


@pytest.mark.parametrize("recorded", [True, False])
def test_first_incident_is_no_dead_end(tmp_path: Path, *, recorded: bool) -> None:
    """Nobody recorded health yet, and so nothing can be rolled back at all."""
    bench = _first_incident(tmp_path, recorded=recorded)
    found = _resolve(bench)
    assert found.chosen.release.version == GOOD
    assert found.chosen.health is None
    assert found.chosen.origin is (Origin.LEDGER if recorded else Origin.PLATFORM)
    bench.store.close()


def test_newest_unproven_one_whoever_remembers_it(tmp_path: Path) -> None:
    """An ancient recorded release is preferred to what really ran before the failed one."""
    bench = _first_incident(tmp_path, recorded=False)
    record(bench, "deploy-ancient", a_release("v0.1.0"), ago=1e6)
    bench.platform.add(a_release("v0.1.0"))
    found = _resolve(bench)
    assert found.chosen.release.version == GOOD
    assert "v0.1.0" in [c.release.version for c in found.rejected]
    bench.store.close()


def test_what_came_later_is_never_gone_back_to(tmp_path: Path) -> None:
    """A release newer than the failed one is taken for an earlier one."""
    bench = _first_incident(tmp_path, recorded=False)
    bench.clock.advance(60)
    bench.platform.deploy(a_release("v1.3.0"), deployment_id="deploy-later")
    assert _resolve(bench).chosen.release.version == GOOD
    bench.store.close()


def test_nothing_at_all_is_refused_with_every_candidate(tmp_path: Path) -> None:
    """A refusal that names no candidate leaves people guessing what to choose by hand."""
    bench = _first_incident(tmp_path, recorded=True)
    bench.platform.forget(GOOD)
    with pytest.raises(Refused) as refused:
        _resolve(bench)
    assert refused.value.exit_code == 3
    assert any(GOOD in line and "gone" in line for line in refused.value.details)
    bench.store.close()


def test_what_is_live_is_named_even_where_nothing_is_known_good(tmp_path: Path) -> None:
    """Somebody who named an old deployment is told of candidates, and not of their mistake."""
    bench = _first_incident(tmp_path, recorded=True)
    bench.platform.deploy(a_release("v1.3.0"), deployment_id="deploy-later")
    bench.platform.forget(GOOD)
    with pytest.raises(Refused, match=r"is not live: v1\.3\.0 \(deploy-later\) is"):
        _resolve(bench)
    bench.store.close()


def test_by_hand_keeps_the_evidence(bench: Bench) -> None:
    """A version chosen by hand loses what is known of it, or gains what is not."""
    assert _resolve(bench, version=GOOD).chosen.health is not None
    _between(bench, "short", VerdictOutcome.PASS, ago=100)
    chosen: Candidate = _resolve(bench, version="short").chosen
    assert (chosen.health, chosen.rejected) == (None, ())


def test_by_hand_what_only_the_platform_has(bench: Bench) -> None:
    """A version that could be started, but was never deployed, cannot be chosen."""
    bench.platform.add(a_release("v9"))
    assert _resolve(bench, version="v9").chosen.origin is Origin.PLATFORM


def test_unknown_version_names_the_nearest(bench: Bench) -> None:
    """A typing mistake in an incident is answered without the version that was meant."""
    with pytest.raises(UnknownName) as unknown:
        _resolve(bench, version="v1.2.00")
    assert GOOD in unknown.value.nearest
    assert unknown.value.exit_code == 2


def test_platform_that_knows_nothing_else(bench: Bench) -> None:
    """A platform that cannot inspect releases leaves the engine without a candidate."""
    parts = bench.parts_with(platform=BarePlatform(bench.platform))
    seen = bench.platform.observe(TARGET)
    assert resolve(parts, bench.failed, seen, version=None).chosen.release.version == GOOD


def test_a_held_target_is_refused(bench: Bench) -> None:
    """A rollback goes back to a release that another rollback condemned."""
    hold(bench, a_release(GOOD))
    report = go(bench, target_version=GOOD)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "target-not-held" in [f.check for f in report.plan.blocking]


def test_a_platform_that_knows_less_makes_no_condemned_release_new(tmp_path: Path) -> None:
    """The release that failed before comes back, since the platform forgot its configuration."""
    bench = Bench(tmp_path)
    for deployment_id, version, verdict in (
        ("deploy-1", "v1.0.0", VerdictOutcome.FAIL),
        ("deploy-2", "v1.1.0", None),
    ):
        release = a_release(version)
        bench.platform.deploy(replace(release, configuration_digest=None))
        record(bench, deployment_id, release, verdict=verdict)
        bench.clock.advance(3600.0)
    hold(bench, a_release("v1.1.0"))
    deploy(bench, FAILED_ID, a_release(BAD), verdict=VerdictOutcome.FAIL)
    with pytest.raises(Refused, match="no known good version"):
        _resolve(bench)
    bench.store.close()


def test_a_held_release_is_known_by_its_artifact(tmp_path: Path) -> None:
    """A hold is passed by because only the platform remembers the release, and knows less."""
    bench = Bench(tmp_path)
    release = a_release("v1.1.0")
    bench.platform.deploy(replace(release, configuration_digest=None))
    hold(bench, release)
    bench.clock.advance(3600.0)
    deploy(bench, FAILED_ID, a_release(BAD), verdict=VerdictOutcome.FAIL)
    with pytest.raises(Refused, match="no known good version"):
        _resolve(bench)
    report = go(bench, target_version="v1.1.0")
    assert report.rollback.status is Status.REFUSED
    assert "v1.1.0 is on hold" in report.rollback.status_detail
    bench.store.close()
