"""The log: events with fields, shown with --verbose and only then."""

import logging
from pathlib import Path

import pytest

from smartspec_rollback.cli.logs import show
from smartspec_rollback.cli.output import Output
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.testing.engine_parts import APPROVE, asking_for, furnished
from smartspec_rollback.testing.fake_channel import FakeChannel


@pytest.fixture(name="logger")
def _logger(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """Supply our logger, left as it was found."""
    logger = logging.getLogger("smartspec_rollback")
    for name in ("handlers", "level"):
        monkeypatch.setattr(logger, name, getattr(logger, name))
    return logger


def test_events_stand_on_a_line_with_their_fields(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """If this failed, nobody could tell from the log which rollback and step an event is of."""
    show(Output())
    logger.info("did \x1b[31mit", extra={"action": "platform.apply", "step": "s1", "seconds": 0.5})
    said = capsys.readouterr().err
    assert said == "log: platform.apply step=s1 seconds=0.5: did \N{REPLACEMENT CHARACTER}[31mit\n"


def test_a_rollback_logs_what_it_writes_and_sends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If this failed, --verbose would show nothing of an incident's slowest part."""
    bench = furnished(tmp_path)
    bench.channel = FakeChannel(APPROVE)
    with caplog.at_level(logging.INFO, logger="smartspec_rollback"):
        report = rollback(bench.parts, bench.failed, asking_for())
    actions = [vars(record)["action"] for record in caplog.records]
    assert actions.count("platform.apply") == len(report.steps) - 1
    told = [action for action in actions if action.startswith("journal.")]
    assert told == [f"journal.{entry.kind}" for entry in report.journal]
