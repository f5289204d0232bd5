"""Judges every mutation of the test suite both ways, with squawk beside us, and prints a table.

``python evaluation/mutations.py [--jobs N] [--only FAMILY]...``. What is true is found by running
the old version on the changed database. Exit 1 where we call safe what breaks. ``make evaluate``
takes our part of it only, by ``scores``.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script's own folder is all that Python looks into

from tests.mutations import cases, peers  # noqa: E402 - found only from here on
from tests.mutations.judging import MODES, Case, judged  # noqa: E402 - as above

from evaluation import score as scoring  # noqa: E402 - as above
from smartspec_rollback import comparing  # noqa: E402 - as above
from smartspec_rollback.domain.comparison import SchemaVerdict  # noqa: E402 - as above
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch  # noqa: E402 - as above
from smartspec_rollback.schema import codes  # noqa: E402 - as above

_VERSION = 18


@dataclass(frozen=True)
class Said:
    """One mutation: whether it really breaks, and what one judge made of it.

    ``flagged``: people are told to look. ``alarm``: needlessly. ``safe``: they are told, or made
    believe, that nothing can happen.
    """

    row: int
    breaks: bool
    flagged: bool
    alarm: bool
    safe: bool


@dataclass(frozen=True)
class Score:
    """How often one judge was right about some mutations."""

    breaking: int
    working: int
    found: int
    alarms: int
    false_safe: int

    @classmethod
    def of(cls, said: Iterable[Said]) -> "Score":
        """Count."""
        every = list(said)
        breaking = [each for each in every if each.breaks]
        working = [each for each in every if not each.breaks]
        return cls(
            breaking=len(breaking),
            working=len(working),
            found=sum(each.flagged for each in breaking),
            alarms=sum(each.alarm for each in working),
            false_safe=sum(each.safe for each in breaking),
        )


def ours(case: Case) -> Said:
    """Take what we said."""
    return Said(
        row=case.mutation.row,
        breaks=case.label.breaks,
        flagged=case.found,
        alarm=case.false_alarm,
        safe=case.said.verdict is SchemaVerdict.SAFE,
    )


def theirs(case: Case, rules: frozenset[str]) -> Said:
    """Take what squawk said: a rule of those that count, or silence.

    It only warns; where the taxonomy asks people to look, a warning is no false alarm, as with us.
    """
    flagged = bool(rules)
    return Said(
        row=case.mutation.row,
        breaks=case.label.breaks,
        flagged=flagged,
        alarm=flagged and not case.label.breaks and not case.mutation.attention,
        safe=not flagged,
    )


def scores(jobs: int, limit: int) -> Iterator[scoring.Score]:
    """Sum up what we say of the mutations, or of ``limit`` of them, for ``run``."""
    step = max(1, -(-len(cases.mutations()) // limit))
    for mode, every in everything(cases.FAMILIES, jobs, step).items():
        judgements = tuple(
            scoring.Judgement(
                harmful=case.label.breaks,
                flagged=case.found,
                alarm=case.false_alarm,
                safe=case.said.verdict is SchemaVerdict.SAFE,
                note=str(case),
            )
            for case in every
        )
        yield scoring.Score(f"mutations, {mode}", judgements)


def everything(families: Sequence[str], jobs: int, step: int = 1) -> dict[str, list[Case]]:
    """Judge every ``step``-th mutation of these families in each mode, ``jobs`` at a time."""
    work = [(family, mode, step) for mode, family in product(MODES, families)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = dict(zip(work, pool.map(judge, work), strict=True))
    return {mode: [case for f in families for case in found[f, mode, step]] for mode in MODES}


def judge(work: tuple[str, str, int]) -> list[Case]:
    """Judge a family of mutations in one mode, or some of it, on servers of its own."""
    family, mode, step = work
    with (
        Scratch(_VERSION) as server,
        comparing.laboratory("postgresql") as laboratory,
        tempfile.TemporaryDirectory() as folder,
    ):
        return list(judged(server, laboratory, cases.family(family)[::step], mode, Path(folder)))


def table(judges: dict[str, Sequence[Said]]) -> str:
    """Write a table: a line a row of the taxonomy, and one for all; a judge's figures a column."""
    titles = {code.row: code.title for code in codes.ALL}
    every = list(judges.values())
    lines = [
        ["row", "what happened", "breaking", "working", *judges],
        *(
            _line(f"{row}", titles[row], [[s for s in said if s.row == row] for said in every])
            for row in sorted({said.row for said in every[0]})
        ),
        _line("", "**in all**", every),
    ]
    rule = ["---"] * len(lines[0])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (lines[0], rule, *lines[1:])) + "\n"


def _line(row: str, title: str, judges: Iterable[Iterable[Said]]) -> list[str]:
    scores = [Score.of(said) for said in judges]
    counted = [str(scores[0].breaking), str(scores[0].working)]
    return [row, title, *counted, *map(_figures, scores)]


def _figures(score: Score) -> str:
    """Write found / false alarms / false safe, as numbers."""
    return f"{score.found} / {score.alarms} / {score.false_safe}"


def summary(judges: dict[str, Sequence[Said]]) -> str:
    """Write the figures of every judge in all, as shares."""
    lines = ["| judge | recall | false alarms | false safe |", "|---|---|---|---|"]
    for name, said in judges.items():
        score = Score.of(said)
        recall = score.found / score.breaking if score.breaking else 1.0
        alarms = score.alarms / score.working if score.working else 0.0
        lines.append(
            f"| {name} | {recall:.3f} ({score.found} of {score.breaking}) "
            f"| {alarms:.1%} ({score.alarms} of {score.working}) | {score.false_safe} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Judge everything, print, and fail where anything was called safe that broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at the same time")
    parser.add_argument("--only", action="append", choices=cases.FAMILIES, help="this family")
    given = parser.parse_args()
    by_mode = everything(tuple(given.only or cases.FAMILIES), given.jobs)
    judges = _judges(by_mode)
    sys.stdout.write(f"{summary(judges)}\nEach cell: found / false alarms / false safe.\n\n")
    sys.stdout.write(table(judges))
    mistakes = [str(c) for every in by_mode.values() for c in every if _wrong(c)]
    sys.stdout.write("".join(f"\n{mistake}" for mistake in mistakes) + "\n" * bool(mistakes))
    return 1 if any(c.false_safe for every in by_mode.values() for c in every) else 0


def _judges(by_mode: dict[str, list[Case]]) -> dict[str, Sequence[Said]]:
    judges: dict[str, Sequence[Said]] = {
        f"smartspec, {mode}": [ours(case) for case in every] for mode, every in by_mode.items()
    }
    every = by_mode[MODES[0]]
    broken = peers.of([case.mutation for case in every])
    for name, counted in (
        ("squawk", peers.CLIENTS),
        ("squawk, with its rules about locks", peers.DEFAULT),
        ("squawk, every rule switched on", peers.EVERY),
    ):
        judges[name] = [
            theirs(case, rules & counted) for case, rules in zip(every, broken, strict=True)
        ]
    return judges


def _wrong(case: Case) -> bool:
    return case.false_safe or case.false_alarm or (case.label.breaks and not case.found)


if __name__ == "__main__":
    sys.exit(main())
