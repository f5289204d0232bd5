"""``smartspec_rollback --help`` beside a Python that does nothing."""

import sys
from functools import partial
from pathlib import Path

from figure import Figure, by_turns, middle
from production import measured, script
from setting import Setting

AT_MOST = 5.0


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Compare how long both take."""
    folder = setting.folder("help")
    times = 7 if setting.quick else 25
    figures: list[Figure] = []
    for name in ("smartspec_rollback", "smartspec_quality_gate", "smartspec"):
        helped, bare = by_turns(
            partial(_seconds, folder, script(name), "--help"),
            partial(_seconds, folder, sys.executable, "-c", "pass"),
            times=times,
        )
        ratio = middle(helped) / middle(bare)
        figures.append(
            Figure(
                what=f"`{name} --help`",
                value=middle(helped) * 1000,
                unit="ms",
                baseline=middle(bare) * 1000,
                against="`python -c pass`",
                bound=f"at most {AT_MOST:g} times",
                holds=ratio <= AT_MOST,
            )
        )
    return tuple(figures)


def _seconds(folder: Path, *command: str) -> float:
    return measured(*command, folder=folder).seconds
