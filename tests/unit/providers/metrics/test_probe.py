"""The probe source: open loop, nothing given up looks fast, and silence is a problem."""

import math
import socket
import threading

import pytest

from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.providers.metrics import probe
from smartspec_rollback.providers.metrics.probe import ProbeSettings, ProbeSource
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.samples import TARGET
from smartspec_rollback.testing.web_service import Page, raw_server, web_service

CLOCK = SystemClock()


def _source(settings: ProbeSettings) -> ProbeSource:
    return ProbeSource(settings, clock=CLOCK)


def _window(url: str | None, seconds: float = 0.5) -> Window:
    return Window(target=TARGET, front_door=url, seconds=seconds)


def _collect(url: str | None, settings: ProbeSettings, *, left: float = 60.0) -> Samples:
    deadline = Deadline.after(CLOCK, left)
    return _source(settings).collect(_window(url), deadline=deadline)


def test_offered_rate_is_kept() -> None:
    """Fewer requests than promised: the verdict rests on less than it says."""
    with web_service({"/price?item=1": Page()}) as service:
        samples = _collect(service.url, ProbeSettings(path="/price?item=1", rate=40))
        assert samples.requests == 20
        assert len(service.received) == 20
        assert {r.headers["User-Agent"] for r in service.received} == {"smartspec-probe"}


def test_one_slow_answer_slows_all_who_wait_behind_it() -> None:
    """Coordinated omission: a stall of the service is measured once instead of by everybody."""
    stall = 0.3
    with web_service({"/": [Page(delay=stall), Page()]}) as service:
        samples = _collect(service.url, ProbeSettings(rate=50, connections=1, timeout=30.0))
    assert samples.errors == 0
    assert samples.requests == 25
    # Request n was scheduled at n/50 s, and cannot have been answered before the stall was over.
    assert all(latency >= stall - number / 50 for number, latency in enumerate(samples.latencies))


def test_what_never_answers_is_an_error_and_slow() -> None:
    """Hanging requests vanish, so that a hanging release has a good p99."""

    def hang(_: socket.socket, stopping: threading.Event) -> None:
        stopping.wait()

    with raw_server(hang) as url:
        samples = _collect(url, ProbeSettings(timeout=0.2, connections=2, rate=50))
    assert samples.problem is None
    assert samples.requests == samples.errors == len(samples.latencies) == 25
    assert min(samples.latencies) >= 0.2


def test_closed_connections_are_errors() -> None:
    """A release that drops connections passes."""

    def drop(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)

    with raw_server(drop) as url:
        samples = _collect(url, ProbeSettings())
    assert samples.problem is None
    assert samples.errors == samples.requests > 0
    assert samples.latencies == ()


@pytest.mark.parametrize(
    ("status", "accept", "good"),
    [
        (200, (), True),
        (204, (), True),
        (302, (), True),
        (401, (), False),
        (401, (401,), True),
        (404, (401,), False),
        (500, (500,), False),
        (503, (), False),
    ],
)
def test_statuses(status: int, accept: tuple[int, ...], *, good: bool) -> None:
    """A release that lost a route, or fails, is measured as healthy; or the reverse."""
    with web_service({"/": Page(status=status, body=b"")}) as service:
        samples = _collect(service.url, ProbeSettings(accept=accept, rate=10))
    assert samples.requests > 0
    assert samples.errors == (0 if good else samples.requests)
    assert len(samples.latencies) == samples.requests - samples.errors


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "tells no URL"),
        ("ftp://127.0.0.1/", "not an http"),
        ("http://alice:T0P-SECRET@127.0.0.1/", "credentials"),
    ],
)
def test_unusable_front_door_is_a_problem(url: str | None, words: str) -> None:
    """A platform without a front door yields a verdict on nothing; or a password is shown."""
    problem = _collect(url, ProbeSettings()).problem
    assert problem is not None
    assert words in problem
    assert "T0P-SECRET" not in problem


def test_no_time_left_is_a_problem() -> None:
    """A measurement that could not take place counts as one without errors."""
    with web_service({"/": Page()}) as service:
        samples = _collect(service.url, ProbeSettings(timeout=2.0), left=1.0)
        assert samples.problem is not None
        assert "no time" in samples.problem
        assert service.received == []


def test_long_windows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of a day at a thousand requests per second fills the memory."""
    monkeypatch.setattr(probe, "MAX_REQUESTS", 10)
    with web_service({"/": Page()}) as service:
        samples = _collect(service.url, ProbeSettings(rate=1000))
    assert samples.requests == 10


def test_glance_names_slow_answers() -> None:
    """A slow release is shown as "nothing failing" while people decide."""
    with web_service({"/": Page(delay=0.05)}) as service:
        settings = ProbeSettings(slow=0.01, connections=20)
        reading = _source(settings).glance(_window(service.url), deadline=Deadline.after(CLOCK, 5))
    assert reading.problem is None
    assert reading.failing is not None
    assert reading.failing.startswith("slowest of 20 requests took ")


def test_glance_names_failures() -> None:
    """People decide without knowing what fails."""
    with web_service({"/": Page(status=503)}) as service:
        reading = _source(ProbeSettings()).glance(
            _window(service.url), deadline=Deadline.after(CLOCK, 5)
        )
    assert reading.failing == "20 of 20 requests failed (answered 503)"


def test_glance_without_time_admits_it() -> None:
    """A glance that did not take place says that all is well."""
    with web_service({"/": Page()}) as service:
        reading = _source(ProbeSettings()).glance(
            _window(service.url), deadline=Deadline.after(CLOCK, 0)
        )
    assert reading.problem == "no time to look"


def test_watching_sends_next_to_nothing() -> None:
    """Watching beside a rollback burdens a service that is in trouble already."""
    with web_service({"/": Page()}) as service:
        samples = _source(ProbeSettings(rate=1000, connections=64)).watch(
            _window(service.url), deadline=Deadline.after(CLOCK, 30)
        )
        sent = len(service.received)
    seconds = _window(None).seconds
    assert 0 < samples.requests == sent <= math.ceil(probe.WATCHING_RATE * seconds)


def test_slow_and_failing_requests_are_drawn_where_they_happened() -> None:
    """A chart shows trouble at another time than users had it."""
    pages = [*[Page()] * 10, *[Page(status=503)] * 10, Page()]
    with web_service({"/": pages}) as service:
        settings = ProbeSettings(rate=30, connections=1)
        samples = _source(settings).collect(
            Window(target=TARGET, front_door=service.url, seconds=1.0),
            deadline=Deadline.after(CLOCK, 30),
        )
    assert samples.series is not None
    assert [(p.requests, p.errors) for p in samples.series.points] == [(10, 0), (10, 10), (10, 0)]
    assert [bool(p.latencies) for p in samples.series.points] == [True, False, True]
