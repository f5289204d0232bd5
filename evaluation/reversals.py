"""Judges every reversal by the product and by the oracle, some at a time. Called by ``run``.

The oracle executes the same scripts, and shares nothing but the scratch servers with the product.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.integration.reversals.evaluate import every_pair, tried
from tests.integration.reversals.oracle import judge
from tests.integration.reversals.pairs import Pair

from evaluation.score import Judgement, Score
from smartspec_rollback.domain.reversal import ReversalVerdict
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_VERSION = 18


def score(jobs: int, limit: int) -> Score:
    """Judge at most ``limit`` pairs, spread evenly over all of them."""
    every = every_pair()
    chosen = range(0, len(every), max(1, -(-len(every) // limit)))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        shares = pool.map(_judged, [chosen[n::jobs] for n in range(jobs)])
        found = tuple(judgement for share in shares for judgement in share)
    return Score("reversals", found)


def _judged(chosen: range) -> list[Judgement]:
    """Judge some of the pairs, on a server of their own."""
    every = every_pair()
    with Scratch(_VERSION) as server:
        return [_judgement(server, every[number]) for number in chosen]


def _judgement(server: Scratch, pair: Pair) -> Judgement:
    losses, said = judge(server, pair).losses, tried(server, pair)
    lossless = said.verdict is ReversalVerdict.LOSSLESS
    truth = losses[0] if losses else "nothing is lost"
    return Judgement(
        harmful=bool(losses),
        flagged=not lossless,
        alarm=not losses and not lossless,
        safe=lossless,
        note=f"{pair.name}: {truth} | {said.verdict.value}: {said.reason}",
    )
