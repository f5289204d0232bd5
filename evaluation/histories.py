"""Goes through real histories: what was said of each step, and what really happens.

Called by ``run``. Histories are git repositories in a folder, never part of this one.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from evaluation.building import built
from evaluation.history import History, State
from evaluation.judging import Judged, judged
from evaluation.score import Judgement, Score
from evaluation.truth import Schema, broken
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

HORIZONS = (1, 5, 20)
"""How many migrations lie between old and new."""

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
    def judgement(self) -> Judgement:
        """Weigh what was said; attention is no alarm, since people are only asked to look."""
        verdict, harmful = self.said.verdict, bool(self.broken)
        truth = next(iter(self.broken.values()), "works").partition("\n")[0]
        return Judgement(
            harmful=harmful,
            flagged=verdict in ("breaking", "attention"),
            alarm=verdict == "breaking" and not harmful,
            safe=verdict == "safe",
            note=f"{self.history} {self.before} → {self.after} migrations: {truth} | "
            f"{verdict}: {self.said.reason}",
        )


def scores(folder: Path, horizons: Iterable[int], limit: int) -> Iterator[Score]:
    """Judge at most ``limit`` steps of every history at every horizon, one Score each."""
    with Scratch(_SERVER) as server:
        for place in sorted(p for p in folder.iterdir() if p.is_dir()):
            history = History(place)
            for horizon in horizons:
                found = tuple(_steps(history, horizon, server, limit))
                if found:
                    yield _score(found)


def _steps(history: History, horizon: int, server: Scratch, limit: int) -> Iterator[Step]:
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


def _score(found: tuple[Step, ...]) -> Score:
    """Sum up the steps of one history at one horizon."""
    verdicts = Counter(step.said.verdict for step in found)
    judgements = tuple(step.judgement for step in found)
    alarms = sum(each.alarm for each in judgements)
    precision = 1 - alarms / verdicts["breaking"] if verdicts["breaking"] else 1.0
    seconds = sorted(step.said.seconds for step in found)
    return Score(
        f"{found[0].history} at {found[0].horizon}",
        judgements,
        f"said {dict(verdicts)}; precision of breaking {precision:.3f}, "
        f"attention {verdicts['attention'] / len(found):.0%}, "
        f"coverage {min(s.said.coverage for s in found):.0%} to "
        f"{max(s.said.coverage for s in found):.0%}, "
        f"95th percentile {seconds[int(len(seconds) * 0.95)]:.1f} s",
    )
