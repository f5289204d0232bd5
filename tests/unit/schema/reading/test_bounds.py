"""Which keys partitions have a place for, told by the texts of their bounds."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.schema.reading.bounds import covered, covers_all


@given(st.lists(st.integers(0, 99), min_size=2, max_size=9, unique=True), st.randoms())
def test_a_range_cut_in_pieces_is_still_covered(edges: list[int], random: Any) -> None:
    """Splitting a partition would be taken for dropping it, or a hole overlooked."""
    edges.sort()
    pieces = [f"FOR VALUES FROM ('{low}') TO ('{high}')" for low, high in pairwise(edges)]
    whole = f"FOR VALUES FROM ('{edges[0]}') TO ('{edges[-1]}')"
    random.shuffle(pieces)
    assert covered(whole, pieces)
    missing = pieces[1:]
    assert not covered(whole, missing)
    assert covered(whole, [*missing, "DEFAULT"])


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((), False),
        (("DEFAULT",), True),
        (("FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",), True),
        (("FOR VALUES FROM (MINVALUE) TO ('5')", "FOR VALUES FROM ('5') TO (MAXVALUE)"), True),
        (("FOR VALUES FROM (MINVALUE) TO ('5')", "FOR VALUES FROM ('6') TO (MAXVALUE)"), False),
        (("FOR VALUES WITH (modulus 2, remainder 0)",), False),
        (
            (
                "FOR VALUES WITH (modulus 2, remainder 0)",
                "FOR VALUES WITH (modulus 4, remainder 1)",
                "FOR VALUES WITH (modulus 4, remainder 3)",
            ),
            True,
        ),
        (("nonsense",), False),
    ],
)
def test_whether_every_key_has_a_place(bounds: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001 - a table's column
    """An unread bound must never count as a place."""
    assert covers_all(bounds) is expected
