"""This machine: its clock, who uses it, and which process this is.

Made by ``wiring`` and handed to the engine. Identity comes from the kernel's user id, never from
an environment variable, which anybody may set.
"""

import os
import pwd
import socket
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Tell the wall time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Tell a time in seconds that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Wait; not at all where ``seconds`` is not above 0."""
        if seconds > 0:
            time.sleep(seconds)


def operator_account() -> str:
    """Name who runs this process, as ``os:<login>``; by number where the login has no name.

    The real user id counts, so that a set-user-id program does not change who approves.
    """
    return f"os:{_login()}"


def holder_name() -> str:
    """Name this process for claims and guards, as ``<login>@<host>:<process id>``."""
    return f"{_login()}@{socket.gethostname()}:{os.getpid()}"


def _login() -> str:
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
