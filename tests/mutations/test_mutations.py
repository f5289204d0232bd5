"""What is said of a changed schema is what happens to the old version on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mutations import cases
from tests.mutations.judging import ALONE, LIVE, MODES, RECORDED, Case, judged

from smartspec_rollback import comparing
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.ports.database import Laboratory
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_RECALL, _FALSE_ALARMS = 0.95, 0.05
_EVERY = {LIVE: 1, RECORDED: 4, ALONE: 4}
"""How many of the mutations are judged in each way; `evaluation/mutations.py` judges them all."""


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """Keep one scratch server for all comparisons."""
    with comparing.laboratory("postgresql") as held:
        yield held


def test_there_are_enough_of_them() -> None:
    """A handful of mutations proves nothing, and a row without one is not tested at all."""
    every = cases.mutations()
    assert len(every) >= 150
    assert {each.row for each in every} >= set(range(1, 50))
    assert len({(each.row, each.name) for each in every}) == len(every)


def _told(case: Case, mode: str) -> bool:
    """Tell whether somebody was told; where nothing can be run, "unknown" tells them to look."""
    return case.found or (mode == ALONE and case.said.verdict is SchemaVerdict.UNKNOWN)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", cases.FAMILIES)
def test_judgement_is_right(
    family: str, mode: str, scratch: Scratch, laboratory: Laboratory, tmp_path: Path
) -> None:
    """A breaking schema is called safe, breakage goes unseen, or people are alarmed for nothing."""
    chosen = cases.family(family)[:: _EVERY[mode]]
    found = list(judged(scratch, laboratory, chosen, mode, tmp_path))
    assert not [str(case) for case in found if case.false_safe]
    breaking = [case for case in found if case.label.breaks]
    working = [case for case in found if not case.label.breaks]
    missed = [str(case) for case in breaking if not _told(case, mode)]
    alarmed = [str(case) for case in working if case.false_alarm]
    assert len(missed) <= (1 - _RECALL) * len(breaking), missed
    assert len(alarmed) <= max(1, _FALSE_ALARMS * len(working)), alarmed
