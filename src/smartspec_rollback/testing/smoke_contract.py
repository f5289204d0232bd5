"""What every runner of smoke tests must do, as tests: inherit ``SmokeContract``."""

import pytest

from smartspec_rollback.domain.settings import Probe
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.smoke import SmokeTests


class SmokeContract:
    """Promises of ``SmokeTests``.

    Supply ``smoke``, ``clock``, ``base_url`` (where ``good_path`` is answered 200 and ``bad_path``
    500) and ``dead_url`` (where nobody listens). The commands may be replaced by the class.
    """

    good_path = "/good"
    bad_path = "/bad"
    good_command = "true"
    bad_command = "false"
    unknown_command = "smartspec-no-such-command"
    environment_command = """sh -c 'test "$SMARTSPEC_VERSION" = v1.2.0'"""

    @pytest.fixture
    def smoke(self) -> SmokeTests:
        """Supply the runner."""
        raise self._not_supplied("smoke")

    @pytest.fixture
    def base_url(self) -> str:
        """Supply the URL of a service."""
        raise self._not_supplied("base_url")

    @pytest.fixture
    def dead_url(self) -> str:
        """Supply a URL where nobody listens."""
        raise self._not_supplied("dead_url")

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock of the deadlines."""
        raise self._not_supplied("clock")

    def test_probe_compares_the_status(
        self, smoke: SmokeTests, base_url: str, clock: Clock
    ) -> None:
        """A release that answers errors passes its smoke test, or a good one does not."""
        deadline = Deadline.after(clock, 30)
        good = smoke.probe(base_url, Probe(path=self.good_path), deadline=deadline)
        bad = smoke.probe(base_url, Probe(path=self.bad_path), deadline=deadline)
        wanted = smoke.probe(base_url, Probe(path=self.bad_path, status=500), deadline=deadline)
        assert (good.passed, bad.passed, wanted.passed) == (True, False, True)
        assert self.bad_path in bad.name
        assert "500" in bad.detail
        assert good.seconds >= 0

    def test_probe_of_nothing_has_not_passed(
        self, smoke: SmokeTests, dead_url: str, clock: Clock
    ) -> None:
        """A release that does not even listen passes."""
        deadline = Deadline.after(clock, 30)
        result = smoke.probe(dead_url, Probe(path=self.good_path), deadline=deadline)
        assert not result.passed
        assert result.detail

    def test_command_passes_by_its_exit_status(self, smoke: SmokeTests, clock: Clock) -> None:
        """A failing test passes, or one that cannot be started does."""
        commands = (self.good_command, self.bad_command, self.unknown_command)
        results = [
            smoke.command(command, environment=(), deadline=Deadline.after(clock, 30))
            for command in commands
        ]
        assert [result.passed for result in results] == [True, False, False]
        assert [result.name for result in results] == list(commands)
        assert all(result.detail for result in results[1:])

    def test_command_gets_its_environment(self, smoke: SmokeTests, clock: Clock) -> None:
        """A verification command tests another release than the one it was started for."""
        result = smoke.command(
            self.environment_command,
            environment=parameters(SMARTSPEC_VERSION="v1.2.0"),
            deadline=Deadline.after(clock, 30),
        )
        assert result.passed

    def test_nothing_passes_after_the_deadline(
        self, smoke: SmokeTests, base_url: str, clock: Clock
    ) -> None:
        """A test that was never run counts as passed."""
        over = Deadline.after(clock, 0)
        assert not smoke.probe(base_url, Probe(path=self.good_path), deadline=over).passed
        assert not smoke.command(self.good_command, environment=(), deadline=over).passed

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply the fixture {fixture!r}")
