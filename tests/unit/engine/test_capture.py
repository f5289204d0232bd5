"""Capturing what was just deployed: the right release or none, and a way back from it."""

from pathlib import Path

from msgspec.structs import replace
from tests.unit.engine.acting import effects, go, serving

from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.capture import CaptureRecorded, record_capture
from smartspec_rollback.ledgers import StoredCaptures
from smartspec_rollback.ports.platform import CapturesReleases
from smartspec_rollback.testing.engine_parts import FAILED_ID, HEALTHY_ID, Bench, deploy
from smartspec_rollback.testing.fake_platform import BarePlatform
from smartspec_rollback.testing.fake_world import RESTORE, SCALE_DOWN, START
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    TARGET,
    a_person,
    a_release,
)


def recalling(bench: Bench) -> Bench:
    """Let the platform know the ledger's captures."""
    assert isinstance(bench.platform, CapturesReleases)
    bench.platform.recall(StoredCaptures(lambda: bench.store))
    return bench


def test_what_is_live_is_kept_once(bench: Bench) -> None:
    """A pipeline that repeats its step keeps the same again, or keeps nothing."""
    recalling(bench)
    first = record_capture(bench.platform, bench.store, bench.failed, by=a_person())
    again = record_capture(bench.platform, bench.store, bench.failed, by=a_person())
    assert isinstance(first, CaptureRecorded)
    assert isinstance(again, CaptureRecorded)
    assert (first.is_new, again.is_new) == (True, False)
    assert bench.store.captures(TARGET, limit=9) == (first.capture,)
    assert first.capture.release == a_release(BAD)
    assert first.capture.deployment_id == FAILED_ID


def test_what_is_not_live_is_not_kept_under_its_name(bench: Bench) -> None:
    """The bad version is kept as the good one, and comes back instead of it."""
    recalling(bench)
    bench.platform.deploy(a_release("v1.3.0"))
    other = record_capture(bench.platform, bench.store, bench.failed, by=a_person())
    assert other == "v1.3.0 is live, not v1.2.1"
    bench.platform.deploy(a_release(BAD, configuration="fixed by hand"))
    fixed = record_capture(bench.platform, bench.store, bench.failed, by=a_person())
    assert isinstance(fixed, str)
    assert "artifact or configuration differs" in fixed
    older = bench.store.deployment("deploy-12344")
    assert older is not None
    late = record_capture(bench.platform, bench.store, older.deployment, by=a_person())
    assert late == "deploy-12345 is newer than deploy-12344"
    assert bench.store.captures(TARGET, limit=9) == ()


def test_what_cannot_be_kept_is_left_out(bench: Bench) -> None:
    """Recording a deployment fails on a platform that captures nothing, or before it is live."""
    recalling(bench)
    bare = BarePlatform(bench.platform)
    assert record_capture(bare, bench.store, bench.failed, by=a_person()) is None
    early = replace(bench.failed, phase=Phase.AFTER_MIGRATIONS)
    assert record_capture(bench.platform, bench.store, early, by=a_person()) is None


def test_a_release_that_the_platform_forgot_is_rolled_back_to(tmp_path: Path) -> None:
    """History was cleared away, and the rollback ends with "its artifact is gone"."""
    bench = recalling(Bench(tmp_path))
    good = deploy(bench, HEALTHY_ID, a_release(GOOD), verdict=VerdictOutcome.PASS)
    record_capture(bench.platform, bench.store, good, by=a_person())
    bench.clock.advance(3600.0)
    deploy(bench, FAILED_ID, a_release(BAD), verdict=VerdictOutcome.FAIL)
    bench.clock.advance(60.0)
    bench.platform.interfere(configuration="of the bad version")
    bench.platform.forget(GOOD)
    report = go(bench)
    assert report.rollback.status is Status.SUCCEEDED
    assert effects(bench) == [RESTORE, START, SWITCH, SCALE_DOWN]
    assert serving(bench) == GOOD
    bench.store.close()
