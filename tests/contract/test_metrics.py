"""The probe source and the fake one keep the same promises."""

from collections.abc import Iterator

import pytest

from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.metrics import MetricsSource, Window
from smartspec_rollback.providers.metrics.probe import ProbeSettings, ProbeSource
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_metrics import FakeMetrics, measured, unmeasured
from smartspec_rollback.testing.metrics_contract import MetricsContract
from smartspec_rollback.testing.samples import TARGET
from smartspec_rollback.testing.web_service import Page, nobody, web_service

Measured = tuple[MetricsSource, Window]


class TestProbeSource(MetricsContract):
    """The probe, against a real server."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the machine's clock."""
        return SystemClock()

    @pytest.fixture
    def healthy(self, clock: Clock) -> Iterator[Measured]:
        """Supply a server that answers well."""
        with web_service({"/": Page()}) as service:
            yield _probe(service.url, clock)

    @pytest.fixture
    def failing(self, clock: Clock) -> Iterator[Measured]:
        """Supply a server that answers the first requests only."""
        with web_service({"/": [Page(), Page(), Page(status=503)]}) as service:
            yield _probe(service.url, clock)

    @pytest.fixture
    def blind(self, clock: Clock) -> Iterator[Measured]:
        """Supply a front door where nobody listens."""
        with nobody() as url:
            yield _probe(url, clock)


class TestFakeMetrics(MetricsContract):
    """The fake."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply a clock that never waits."""
        return FakeClock()

    @pytest.fixture
    def healthy(self) -> Measured:
        """Supply good samples."""
        return FakeMetrics(measured()), _window(None)

    @pytest.fixture
    def failing(self) -> Measured:
        """Supply samples with errors."""
        return FakeMetrics(measured(errors=3)), _window(None)

    @pytest.fixture
    def blind(self) -> Measured:
        """Supply a source that cannot measure."""
        return FakeMetrics(unmeasured()), _window(None)


def _probe(url: str, clock: Clock) -> Measured:
    settings = ProbeSettings(timeout=0.4, slow=5.0, connections=4)
    return ProbeSource(settings, clock=clock), _window(url)


def _window(url: str | None) -> Window:
    return Window(target=TARGET, front_door=url, seconds=1.0)
