"""The entry points: ``smartspec``, ``smartspec_rollback`` and ``smartspec_quality_gate``.

Called by the scripts that installation makes. Importing what parses a command line takes several
times as long as starting Python, so a plain ``--help`` is answered from a text made ready by
``make docs``; a test compares it with what the command itself says. This module imports nothing.
"""

import os
import sys

_HELP = (["--help"], ["-h"])
_USUAL = "80"


def smartspec() -> None:
    """Run ``smartspec``."""
    if not _helped("smartspec"):
        from smartspec_rollback.cli.exits import run
        from smartspec_rollback.cli.umbrella import umbrella

        run(umbrella, "smartspec")


def smartspec_rollback() -> None:
    """Run ``smartspec_rollback``, the same as ``smartspec rollback``."""
    if not _helped("smartspec_rollback"):
        from smartspec_rollback.cli.exits import run
        from smartspec_rollback.cli.rollback import rollback

        run(rollback, "smartspec_rollback")


def smartspec_quality_gate() -> None:
    """Run ``smartspec_quality_gate``, the same as ``smartspec gate``."""
    if not _helped("smartspec_quality_gate"):
        from smartspec_rollback.cli.exits import run
        from smartspec_rollback.cli.gate import gate

        run(gate, "smartspec_quality_gate")


def _helped(program: str) -> bool:
    """Print a program's help and say so, where that is all that was asked and the text fits.

    A terminal of another width, a missing file or a closed pipe is left to the command itself.
    """
    if sys.argv[1:] not in _HELP or os.environ.get("COLUMNS", _USUAL) != _USUAL:
        return False
    folder = os.path.join(os.path.dirname(__file__), "ready_help")  # noqa: PTH118, PTH120 - pathlib alone takes as long as all this
    try:
        if sys.stdout.isatty() and str(os.get_terminal_size().columns) != _USUAL:
            return False
        with open(os.path.join(folder, f"{program}.txt"), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - as above
            sys.stdout.write(file.read())
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True
