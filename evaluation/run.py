"""Judges whole histories and every reversal, and prints how often the judgement was right.

Called by ``make evaluate``. Histories are git repositories in a folder, never part of this one.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script's own folder is all that Python looks into

from evaluation.building import built  # noqa: E402 - found only from here on
from evaluation.history import History, State  # noqa: E402 - as above
from evaluation.judging import Judged, judged  # noqa: E402 - as above
from evaluation.truth import Schema, broken  # noqa: E402 - as above
from smartspec_rollback.errors import ProviderError  # noqa: E402 - as above
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch  # noqa: E402 - as above

_HORIZONS = (1, 5, 20)
_SERVER = 15
"""The version with the usual extensions, as Debian has it."""


@dataclass(frozen=True)
class Step:
    """One step of a history: what happened, and what was said of it."""

    history: str
    horizon: int
    before: int
    after: int
    broken: dict[str, str]
    said: Judged

    @property
    def wrong(self) -> str | None:
        """Name the kind of mistake, None where the judgement was right or abstained."""
        match self.said.verdict:
            case "safe" if self.broken:
                return "FALSE SAFE"
            case "breaking" if not self.broken:
                return "false alarm"
        return None


def steps(history: History, horizon: int, server: Scratch, limit: int) -> Iterable[Step]:
    """Go through the steps of a history; one whose migrations fail is told and left out."""
    for number, (old, new) in enumerate(history.steps(horizon)):
        if number >= limit:
            return
        try:
            with built(server, old) as before, built(server, new) as after:
                truth = _truth(before, after, old)
                said = judged(before, after, old, new)
        except psycopg.Error as error:
            sys.stderr.write(f"left out: {history.name} {old.commit[:12]}: {error}\n")
            continue
        except ProviderError as error:
            sys.stderr.write(f"NOT JUDGED: {history.name} {old.commit[:12]}: {error}\n")
            raise
        yield Step(history.name, horizon, len(old.migrations), len(new.migrations), truth, said)


def _truth(before: str, after: str, old: State) -> dict[str, str]:
    was, now = Schema(before), Schema(after)
    try:
        return broken(was, now, old.statements)
    finally:
        was.close()
        now.close()


def told(found: list[Step]) -> str:
    """Sum up the steps of one history and horizon."""
    verdicts = Counter(step.said.verdict for step in found)
    wrong = Counter(step.wrong for step in found)
    breaking = verdicts["breaking"]
    precision = 1 - wrong["false alarm"] / breaking if breaking else 1.0
    seconds = sorted(step.said.seconds for step in found)
    return (
        f"{found[0].history} at {found[0].horizon}: {len(found)} steps, "
        f"{sum(bool(s.broken) for s in found)} really break; said {dict(verdicts)}; "
        f"false safe {wrong['FALSE SAFE']}, false alarms {wrong['false alarm']} "
        f"(precision {precision:.3f}), attention {verdicts['attention'] / len(found):.0%}, "
        f"coverage {min(s.said.coverage for s in found):.0%} to "
        f"{max(s.said.coverage for s in found):.0%}, "
        f"95th percentile {seconds[int(len(seconds) * 0.95)]:.1f} s\n"
    )


def main() -> int:
    """Judge, print, and fail where anything was called safe that broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=Path, required=True, help="a folder of repositories")
    parser.add_argument("--horizons", default=",".join(map(str, _HORIZONS)))
    parser.add_argument("--limit", type=int, default=sys.maxsize, help="steps a horizon")
    parser.add_argument("--verbose", action="store_true", help="every step")
    given = parser.parse_args()
    unsafe = 0
    with Scratch(_SERVER) as server:
        for folder in sorted(p for p in given.histories.iterdir() if p.is_dir()):
            history = History(folder)
            for horizon in map(int, given.horizons.split(",")):
                found: list[Step] = []
                for step in steps(history, horizon, server, given.limit):
                    found.append(step)
                    if given.verbose or step.wrong:
                        sys.stdout.write(_line(step))
                if found:
                    sys.stdout.write(told(found))
                    sys.stdout.flush()
                unsafe += sum(step.wrong == "FALSE SAFE" for step in found)
    return 1 if unsafe else 0


def _line(step: Step) -> str:
    truth = next(iter(step.broken.values()), "works").partition("\n")[0]
    return (
        f"  {step.history} {step.before} → {step.after} migrations: {truth} | "
        f"{step.said.verdict}: {step.said.reason} {step.wrong or ''}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
