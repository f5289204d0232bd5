"""Run a command and say how long it took and how much memory it had at most, as JSON.

``python bench/peak.py RESULT COMMAND...`` writes to the file RESULT and exits as the command did.
A process of its own, and a small one: a child is charged with what its parent used before.
"""

import json
import os
import sys
import time
from pathlib import Path

_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> int:
    """Run it."""
    result, command = sys.argv[1], sys.argv[2:]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    Path(result).write_text(json.dumps({"seconds": seconds, "bytes": used.ru_maxrss * _UNIT}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
