"""Finding rows again, whatever became of their tables: pure, on made-up states."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.databases.postgresql.reversing.comparing import (
    Lost,
    Outcome,
    compare,
)
from smartspec_rollback.providers.databases.postgresql.reversing.state import (
    Cell,
    Column,
    State,
    Table,
    Type,
)

_TEXT = 25
_TYPES: Mapping[int, Type] = {
    _TEXT: Type(
        oid=_TEXT,
        spelled="text",
        name="text",
        schema="pg_catalog",
        kind="b",
        category="S",
        element=0,
        base=0,
        base_modifier=-1,
        base_spelled="-",
        not_null=False,
        labels=(),
        codes=(),
        checks=(),
    )
}


def _column(number: int, name: str) -> Column:
    return Column(
        number=number,
        name=name,
        type=_TEXT,
        modifier=-1,
        spelled="text",
        not_null=False,
        generated=False,
        identity="",
        default="",
    )


def _table(
    rows: tuple[tuple[Cell, ...], ...],
    *names: str,
    oid: int = 1,
    name: str = "t",
    numbers: tuple[int, ...] = (1, 2, 3),
    key: tuple[int, ...] = (1,),
) -> Table:
    columns = tuple(_column(n, each) for n, each in zip(numbers, names, strict=False))
    return Table(
        oid, "public", name, "r", partition=False, bounds="", key=key, columns=columns, rows=rows
    )


def _state(*tables: Table) -> State:
    return State({table.oid: table for table in tables}, {}, _TYPES)


def _compare(expected: State, found: State) -> Outcome:
    return compare(expected, found, lambda values, _: values)


_KEYS = st.sampled_from([(), (1,)])
_CELLS = st.one_of(st.none(), st.sampled_from([b"a", b"b", b"c"]))
_ROWS = st.lists(st.tuples(_CELLS, _CELLS), max_size=8).map(
    lambda rows: tuple((str(n).encode(), *row) for n, row in enumerate(rows))
)


@given(_ROWS, st.permutations(range(8)), _KEYS)
def test_rows_that_are_all_there_are_found(
    rows: tuple[tuple[Cell, ...], ...], order: list[int], key: tuple[int, ...]
) -> None:
    """A reversal that loses nothing is called lossy because rows lie in another order."""
    mixed = tuple(rows[n] for n in order if n < len(rows))
    before = _state(_table(rows, "id", "a", "b", key=key))
    renamed = _state(_table(mixed, "x", "y", "z", name="u", key=key))
    assert _compare(before, renamed) == Outcome((), ())


@given(_ROWS.filter(bool), st.data(), _KEYS)
def test_a_row_that_is_gone_is_missed(
    rows: tuple[tuple[Cell, ...], ...], data: st.DataObject, key: tuple[int, ...]
) -> None:
    """Rows are deleted, and nothing is said to be lost."""
    gone = data.draw(st.integers(0, len(rows) - 1))
    kept = rows[:gone] + rows[gone + 1 :]
    before = _state(_table(rows, "id", "a", "b", key=key))
    after = _state(_table(kept, "id", "a", "b", key=key))
    assert Lost(1, None, 1) in _compare(before, after).lost


@given(_ROWS.filter(bool), st.data())
def test_a_value_that_changed_is_missed(
    rows: tuple[tuple[Cell, ...], ...], data: st.DataObject
) -> None:
    """Values are overwritten, and nothing is said to be lost."""
    at = data.draw(st.integers(0, len(rows) - 1))
    place = data.draw(st.integers(1, 2))
    changed = list(map(list, rows))
    changed[at][place] = b"another"
    before = _state(_table(rows, "id", "a", "b"))
    after = _state(_table(tuple(map(tuple, changed)), "id", "a", "b"))
    assert _compare(before, after).lost == (Lost(1, place + 1, 1),)


@given(_ROWS.filter(lambda rows: len({row[1] for row in rows}) > 1))
def test_values_in_a_new_column_of_the_same_row_are_found(
    rows: tuple[tuple[Cell, ...], ...],
) -> None:
    """A column that was copied and dropped counts as lost."""
    before = _state(_table(rows, "id", "a", "b"))
    moved = _state(_table(tuple((i, b, a) for i, a, b in rows), "id", "b", "n", numbers=(1, 3, 9)))
    outcome = _compare(before, moved)
    assert outcome.lost == ()
    assert [(each.column, each.elsewhere) for each in outcome.moved] == [(2, True)]


def test_rows_that_stand_elsewhere_anyhow_did_not_come_back() -> None:
    """A dropped table is found again in one that looks like it."""
    rows = ((b"1", b"a"), (b"2", b"b"))
    first, second = _table(rows, "id", "a"), _table(rows, "id", "a", oid=2, name="u")
    assert _compare(_state(first, second), _state(second)).lost == (Lost(1, None, 2),)
    both = replace(second, rows=rows + rows)
    assert _compare(_state(first, second), _state(both)).lost == ()
    fresh = _table(rows, "id", "a", oid=7, name="t")
    assert _compare(_state(first), _state(fresh)).lost == ()
    twice = _table(rows, "id", "a", oid=3, name="v")
    assert len(_compare(_state(first, twice), _state(fresh)).lost) == 1


def test_values_in_the_wrong_rows_are_lost() -> None:
    """A wrong join in a down-migration goes unnoticed because all values are there."""
    before = _state(_table(((b"1", b"a"), (b"2", b"b")), "id", "a"))
    shifted = _state(_table(((b"1", b"b"), (b"2", b"a")), "id", "n", numbers=(1, 9)))
    assert _compare(before, shifted).lost == (Lost(1, 2, 2),)
