"""Who operates, and which process this is, come from the kernel."""

import os
import pwd
import socket

import pytest

from smartspec_rollback.providers.system import SystemClock, holder_name, operator_account


def test_environment_does_not_change_who_operates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody approves as somebody else by setting a variable."""
    before = operator_account()
    for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert operator_account() == before == f"os:{pwd.getpwuid(os.getuid()).pw_name}"


def test_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container without a passwd entry nobody can approve, or the command crashes."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert operator_account() == "os:4000000000"


def test_holder_names_this_process() -> None:
    """Nobody can tell whose claim is in the way."""
    login = operator_account().removeprefix("os:")
    assert holder_name() == f"{login}@{socket.gethostname()}:{os.getpid()}"


def test_negative_wait_is_none() -> None:
    """A wait for something that is over crashes the rollback."""
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(-1)
    assert clock.monotonic() >= before
