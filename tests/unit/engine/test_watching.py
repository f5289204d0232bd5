"""Watching beside a rollback: it is kept, it ends, and it never gets in the way."""

from collections.abc import Callable
from threading import Event
from threading import enumerate as threads

import msgspec
import pytest

from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine import report
from smartspec_rollback.engine.parts import Watcher
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.engine.watching import MAX_WINDOWS, watched
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.testing.engine_parts import FAILED_ID, Bench, asking_for
from smartspec_rollback.testing.fake_metrics import FakeMetrics, measured
from smartspec_rollback.testing.samples import a_plan, a_summary, a_verdict
from smartspec_rollback.testing.series_samples import a_point, a_series
from smartspec_rollback.testing.store_rollbacks_contract import open_one

PATIENCE = 20.0


class Seeing:
    """Measures one second at a time; tells when it began, and runs while it is let."""

    def __init__(self, *, fails: Exception | None = None) -> None:
        self.fails = fails
        self.windows: list[Window] = []
        self.began = Event()
        self.go_on = Event()

    def watch(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Measure a window of a second."""
        self.windows.append(window)
        self.began.set()
        assert self.go_on.wait(PATIENCE)
        if self.fails is not None:
            raise self.fails
        now = deadline.clock.now()
        return msgspec.structs.replace(measured(), series=a_series(a_point(), start=now))


def _ended() -> None:
    for thread in threads():
        if thread.name.startswith("watch-"):
            thread.join(PATIENCE)
            assert not thread.is_alive()


def _watcher(bench: Bench, seeing: Seeing) -> Callable[[], Watcher]:
    return lambda: Watcher(platform=bench.platform, metrics=seeing)


def test_what_was_measured_meanwhile_is_kept(bench: Bench) -> None:
    """The chart of a rollback has a hole where people look first."""
    open_one(bench.store)
    seeing = Seeing()
    seeing.go_on.set()
    parts = bench.parts_with(watcher=_watcher(bench, seeing))
    with watched(parts, a_plan()):
        assert seeing.began.wait(PATIENCE)
    _ended()
    kept = bench.store.series("rb-1")
    assert kept
    assert sum(len(series.points) for series in kept) == len(seeing.windows)


def test_nobody_waits_for_the_end_of_a_window(bench: Bench) -> None:
    """A request that hangs keeps the rollback from going on."""
    open_one(bench.store)
    seeing = Seeing()
    with watched(bench.parts_with(watcher=_watcher(bench, seeing)), a_plan()):
        assert seeing.began.wait(PATIENCE)
    # It is still measuring here, and the block is over.
    assert any(thread.name == "watch-rb-1" for thread in threads())
    seeing.go_on.set()
    _ended()
    assert len(seeing.windows) == 1


@pytest.mark.parametrize("fails", [ProviderUnavailable("gone"), RuntimeError("a bug")])
def test_trouble_ends_the_watching_alone(bench: Bench, fails: Exception) -> None:
    """A broken metrics source fails a rollback that never needed it."""
    seeing = Seeing(fails=fails)
    seeing.go_on.set()
    made = []

    def watcher() -> Watcher:
        made.append(1)
        return Watcher(platform=bench.platform, metrics=seeing)

    ended = rollback(bench.parts_with(watcher=watcher), bench.failed, asking_for())
    _ended()
    assert ended.rollback.status is Status.SUCCEEDED
    assert made


def test_watching_is_bounded(bench: Bench) -> None:
    """A rollback that waits for hours goes on sending requests and filling the ledger."""
    open_one(bench.store)
    seeing = Seeing()
    seeing.go_on.set()
    with watched(bench.parts_with(watcher=_watcher(bench, seeing)), a_plan()):
        _ended()
    assert len(seeing.windows) == MAX_WINDOWS
    lengths = [window.seconds for window in seeing.windows]
    assert lengths[0] == 1.0
    assert lengths == sorted(lengths)
    assert sum(lengths) > 3600


def test_the_report_has_before_during_and_after(bench: Bench) -> None:
    """The chart shows one side of the switch only."""
    before = a_series(a_point(latency=0.9))
    bench.store.record_verdict(
        msgspec.structs.replace(
            a_verdict(FAILED_ID, VerdictOutcome.FAIL, measured=a_summary()), series=before
        )
    )
    bench.metrics = FakeMetrics(msgspec.structs.replace(measured(), series=a_series()))
    ended = rollback(bench.parts, bench.failed, asking_for())
    bench.store.add_series(ended.rollback.id, a_series(a_point()))
    told = report.build(bench.store, ended.rollback.id).charted
    assert told.before == (before,)
    assert told.during == (a_series(a_point()),)
    assert told.after == (a_series(),)
