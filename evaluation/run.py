"""Judges every reversal, every mutation and whole histories, and prints how often that was right.

Called by ``make evaluate``, outside of ``make test``. Prints every mistake, and one table. Exit 1
where anything was called safe, or lossless, that is not.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script's own folder is all that Python looks into

from evaluation import histories, mutations, reversals  # noqa: E402 - found only from here on
from evaluation.score import Score, table  # noqa: E402 - as above

_SUITES = ("reversals", "mutations", "histories")


def main() -> int:
    """Judge, print, and fail where anything was called safe that does harm."""
    given = _arguments()
    found: list[Score] = []
    for score in _scores(given):
        sys.stderr.write(f"judged: {score.name}, {len(score.judgements)} cases\n")
        for each in score.judgements:
            if each.wrong or given.verbose:
                sys.stdout.write(f"  {score.name}: {each.note} {each.wrong}\n")
        sys.stdout.flush()
        found.append(score)
    sys.stdout.write(f"\n{table(found)}")
    return 1 if any(score.false_safe for score in found) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=_SUITES, help="this suite")
    parser.add_argument("--histories", type=Path, help="a folder of git repositories")
    parser.add_argument("--horizon", type=int, action="append", help="of histories: 1, 5 and 20")
    parser.add_argument("--limit", type=int, default=sys.maxsize, help="cases of a suite, or steps")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at the same time")
    parser.add_argument("--verbose", action="store_true", help="every case, not only mistakes")
    given = parser.parse_args()
    if given.only and "histories" in given.only and given.histories is None:
        parser.error("--histories names the folder they lie in")
    if given.limit < 1 or given.jobs < 1:
        parser.error("--limit and --jobs are at least 1")
    return given


def _scores(given: argparse.Namespace) -> Iterator[Score]:
    wanted = given.only or _SUITES
    if "reversals" in wanted:
        yield reversals.score(given.jobs, given.limit)
    if "mutations" in wanted:
        yield from mutations.scores(given.jobs, given.limit)
    if "histories" in wanted and given.histories is not None:
        yield from histories.scores(
            given.histories, given.horizon or histories.HORIZONS, given.limit
        )


if __name__ == "__main__":
    sys.exit(main())
