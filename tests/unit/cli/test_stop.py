"""Signals: what may be left at once, and what never in the middle of a step."""

import signal

import pytest

from smartspec_rollback.cli.stop import SIGNALS, Interrupted, Stage, Stop


@pytest.mark.parametrize("number", SIGNALS)
def test_what_changes_nothing_is_left_at_once(number: signal.Signals) -> None:
    """If this failed, Ctrl-C would not end a gate that measures for minutes."""
    stop = Stop()
    with stop.listening(), pytest.raises(Interrupted):
        signal.raise_signal(number)
    assert stop()


def test_before_the_first_step_the_second_signal_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    """If this failed, a rollback that waits could not be ended, or not be closed in order."""
    stop = Stop()
    stop.stage = Stage.ASK
    with stop.listening():
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
    assert "before anything is changed" in capfd.readouterr().err


def test_a_server_ends_what_it_carries_out(capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever replaces a server must not be told that nothing is changed."""
    stop = Stop()
    stop.stage = Stage.SERVE
    with stop.listening():
        signal.raise_signal(signal.SIGTERM)
        assert stop()
        assert "what is carried out" in capfd.readouterr().err
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGTERM)


def test_a_running_step_is_never_left(capfd: pytest.CaptureFixture[str]) -> None:
    """If this failed, an impatient Ctrl-C would tear a step that moves production traffic."""
    stop = Stop()
    stop.stage = Stage.FINISH
    stop.waiting_for = lambda: "Switch traffic"
    with stop.listening():
        for _ in range(5):
            signal.raise_signal(signal.SIGINT)
    assert stop()
    assert capfd.readouterr().err.count("Switch traffic") == 5


def test_handlers_are_put_back() -> None:
    """If this failed, a program that uses these commands would lose its own Ctrl-C."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with Stop().listening():
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_nohup_is_respected() -> None:
    """If this failed, closing a terminal would stop a rollback started with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop().listening():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
