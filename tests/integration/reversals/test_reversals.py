"""Some of the pairs judged by product and oracle; ``make evaluate`` takes them all."""

import pytest
from tests.integration.reversals.evaluate import every_pair, tried
from tests.integration.reversals.oracle import judge
from tests.integration.reversals.pairs import Pair

from smartspec_rollback.domain.reversal import ReversalVerdict
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_PAIRS = every_pair()
_SOME = _PAIRS[::32]
_LOSSLESS = (
    "rename column under a view",
    "rename a label",
    "replace code, back where there is any",
    "reshaped view",
    "add UNIQUE",
)


def test_there_are_enough_pairs() -> None:
    """The evaluation covers less than it says."""
    assert len({pair.name for pair in _PAIRS}) == len(_PAIRS) >= 300
    assert len({(pair.up, pair.down, pair.writes) for pair in _PAIRS}) >= 300


@pytest.mark.parametrize("pair", _SOME, ids=lambda pair: pair.name)
def test_nothing_that_loses_is_called_lossless(scratch: Scratch, pair: Pair) -> None:
    """A down-migration is run on production because "nothing is lost", and rows are gone."""
    losses = judge(scratch, pair).losses
    found = tried(scratch, pair)
    assert not (losses and found.verdict is ReversalVerdict.LOSSLESS), losses
    assert found.reason
    if found.verdict is ReversalVerdict.LOSES:
        assert found.losses


@pytest.mark.parametrize("name", _LOSSLESS)
def test_what_loses_nothing_is_called_lossless(scratch: Scratch, name: str) -> None:
    """Everything is called lossy, and nobody looks any more."""
    pair = next(pair for pair in _PAIRS if pair.name == name)
    found = tried(scratch, pair)
    assert found.verdict is ReversalVerdict.LOSSLESS, found
    assert found.losses == ()
