"""Ctrl-C, a polite kill, a closed terminal: when a command has to stop, and how soon.

Made by ``session``; ``exits.run`` installs it. A command that changes production is never torn
out of a step: it is told, and what it is waiting for is said again.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from types import FrameType
from typing import assert_never

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stage(Enum):
    """What a signal does."""

    LEAVE = "leave at once: nothing is being changed"
    ASK = "ask it to stop; the second signal leaves"
    SERVE = "ask it to end what is carried out; the second signal leaves"
    FINISH = "ask it to stop after the running step; never leave before"


class Interrupted(BaseException):
    """The person at the keyboard wants out, and that is possible now."""

    def __init__(self, stage: Stage) -> None:
        """Keep in which stage it was left."""
        super().__init__()
        self.stage = stage


class Stop:
    """Turns true when somebody asked to stop; call it to see."""

    def __init__(self) -> None:
        """Leave at once, until a command says otherwise."""
        self.stage = Stage.LEAVE
        self.waiting_for: Callable[[], str] = lambda: "the running step"
        """Says what a command is waiting for while it cannot be left."""
        self._asked = False

    def __call__(self) -> bool:
        """Tell whether somebody asked."""
        return self._asked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear signals; ones that were ignored before (nohup) stay ignored."""
        before = {}
        with suppress(ValueError):  # only the main thread may; others are not interrupted at all
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, self._hear)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, _: int, __: FrameType | None) -> None:
        again, self._asked = self._asked, True
        match self.stage:
            case Stage.LEAVE:
                raise Interrupted(self.stage)
            case Stage.ASK:
                if again:
                    raise Interrupted(self.stage)
                _say("Stopping before anything is changed; once more to leave at once.")
            case Stage.SERVE:
                if again:
                    raise Interrupted(self.stage)
                _say("Ending once what is carried out has ended; once more to leave at once.")
            case Stage.FINISH:
                _say(f"Stopping as soon as it is over: {self.waiting_for()}")
            case _:
                assert_never(self.stage)


def _say(text: str) -> None:
    """Write past Python's buffers, in which the signal may have come."""
    with suppress(OSError):
        os.write(2, f"\n{text}\n".encode("ascii", errors="backslashreplace"))
