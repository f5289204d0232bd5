"""Kill rollbacks at random moments and see each end right; run by ``make crash``.

Every trial makes a production with a bad release live, starts the rollback, kills its process
once to three times at moments that only the seed and the machine know, and lets the last one
run to its end. The last line of output is ``N passed, M failed``; it exits with 1 if any failed.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from tests.crash.harness import (
    PATIENCE,
    SCENARIOS,
    Survivors,
    check,
    command,
    finish,
    make,
    surroundings,
)

_MOST_KILLS = 3
_LONGEST = 0.6
"""Seconds after its start within which a process is killed; a rollback takes about as long."""


def main() -> int:
    """Try until there were enough kills; return the exit code."""
    asked = _arguments()
    choose = random.Random(asked.seed)
    passed = failed = kills = 0
    print(f"seed {asked.seed}", flush=True)  # noqa: T201 - a command
    while kills < asked.kills:
        scenario, moments = choose.choice(SCENARIOS), choose.randint(1, _MOST_KILLS)
        delays = [choose.uniform(0.0, _LONGEST) for _ in range(moments)]
        with tempfile.TemporaryDirectory(prefix="smartspec-crash-") as folder:
            try:
                kills += _trial(Path(folder), scenario, delays)
                passed += 1
            except AssertionError as error:
                failed += 1
                print(f"{scenario}, killed after {delays}: {error}", flush=True)  # noqa: T201 - same
    print(f"{kills} kills", flush=True)  # noqa: T201 - same
    print(f"{passed} passed, {failed} failed")  # noqa: T201 - same
    return 1 if failed else 0


def _trial(folder: Path, scenario: str, delays: list[float]) -> int:
    """Kill one rollback after each of the delays, and check how it ended; count the kills."""
    make(folder)
    survivors, kills = [], 0
    for attempt, delay in enumerate(delays):
        options = ("--patient", "--attempt", str(attempt))
        kills += _killed(command(folder, scenario, *options), delay)
        survivors.append(Survivors(folder))
    check(folder, finish(folder, scenario, first=len(delays)), *survivors)
    return kills


def _killed(arguments: list[str], delay: float) -> bool:
    """Start a process and kill it ``delay`` seconds after it is ready; False if it had ended."""
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=surroundings()
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready == b"ready\n", ready + process.stdout.read()
        time.sleep(delay)
        process.kill()
        process.communicate(timeout=PATIENCE)
        return process.returncode < 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many kills at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
