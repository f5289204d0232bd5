"""What of one state's rows is not found in another: by row, by value, wherever they went.

Used by ``reversal``; asks nothing of a server but what ``recast`` is given for. Relations and
columns are followed by the server's numbers, so that renaming loses nothing. What is gone by its
number is looked for by its values: in another column of the same row, in another table beside the
same key. Found means: every single value, in the right row, as often as it was there.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from smartspec_rollback.providers.databases.postgresql.reversing.state import (
    Cell,
    Column,
    State,
    Table,
)

Keys: TypeAlias = list[tuple[Cell, ...]]
Pairs: TypeAlias = list[tuple[tuple[Cell, ...], Cell]]
"""Values with the keys of their rows."""

Recast: TypeAlias = Callable[[list[Cell], str], list[Cell] | None]
"""Reads values as values of another type; None where that cannot be."""

_MOMENTS = frozenset({"timestamptz", "timetz"})
"""Whether nothing is lost between these and their kin depends on the server's time zone."""


@dataclass(frozen=True, slots=True)
class Lost:
    """``rows`` rows of a table, or as many values of one column, that are not found."""

    table: int
    column: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A column whose values were found, but elsewhere: whole tables, or other columns."""

    table: int
    column: int
    to_type: int
    to_modifier: int
    elsewhere: bool


@dataclass(frozen=True)
class Outcome:
    """What is lost, and where what is not lost went."""

    lost: tuple[Lost, ...]
    moved: tuple[Moved, ...]


def compare(expected: State, found: State, recast: Recast) -> Outcome:
    """Look for every row and value of ``expected`` in ``found``."""
    search = _Search(expected, found, recast)
    for table in expected.tables.values():
        search.table(table)
    return Outcome(tuple(search.lost), tuple(search.moved))


class _Search:
    def __init__(self, expected: State, found: State, recast: Recast) -> None:
        self._expected = expected
        self._found = found
        self._recast = recast
        self.lost: list[Lost] = []
        self.moved: list[Moved] = []
        self._taken: set[int] = set()

    def table(self, table: Table) -> None:
        """Look for one table's rows where it still is, or in any other table."""
        same = self._found.tables.get(table.oid)
        if same is None:
            if table.rows:
                self._gone(table)
            return
        common = [c.number for c in table.stored if c.number in same.places]
        retyped = [n for n in common if _type(table, n) != _type(same, n)]
        self.moved += [Moved(table.oid, n, *_type(same, n), elsewhere=False) for n in retyped]
        if not table.rows:
            return
        mine = {n: table.values(n) for n in common}
        theirs = {n: self._read(table, n, same, n) for n in common}
        if len(common) == len(table.stored) and not _missing(
            _rows(mine, common, len(table.rows)), _rows(theirs, common, len(same.rows))
        ):
            return
        self._by_key(table, same, mine, theirs)

    def _gone(self, table: Table) -> None:
        """Look for all rows of a table that is no more in one other, by the columns' names.

        What that other table held by itself has to be there beside them, and it can take the rows
        of one table only: rows that merely look alike are no rows that came back.
        """
        for other in self._found.tables.values():
            names = {c.name: c.number for c in other.stored}
            pairs = [(c.number, names[c.name]) for c in table.stored if c.name in names]
            if other.oid in self._taken or len(pairs) < max(1, len(table.stored)):
                continue
            mine = {mine: table.values(mine) for mine, _ in pairs}
            theirs = {mine: self._read(table, mine, other, at) for mine, at in pairs}
            numbers = list(mine)
            wanted = _rows(mine, numbers, len(table.rows)) + self._own(other, pairs)
            if not _missing(wanted, _rows(theirs, numbers, len(other.rows))):
                self._taken.add(other.oid)
                self.moved += [
                    Moved(table.oid, n, *_type(other, at), elsewhere=True) for n, at in pairs
                ]
                return
        self.lost.append(Lost(table.oid, None, len(table.rows)))

    def _own(self, other: Table, pairs: list[tuple[int, int]]) -> Keys:
        """Give the rows a table that is still there held before, in the columns asked for."""
        before = self._expected.tables.get(other.oid)
        if before is None:
            return []
        held = {mine: before.values(at) for mine, at in pairs if at in before.places}
        # A column it has only now says nothing of its earlier rows: none of them can be told apart.
        return _rows(held, list(held), len(before.rows)) if len(held) == len(pairs) else [()]

    def _by_key(
        self,
        table: Table,
        same: Table,
        mine: dict[int, list[Cell]],
        theirs: dict[int, list[Cell]],
    ) -> None:
        """Follow rows by their key; tell rows that are gone from values that are."""
        key = self._key(table, mine, theirs, len(same.rows))
        my_keys = _rows(mine, key, len(table.rows))
        their_keys = _rows(theirs, key, len(same.rows))
        gone = _missing(my_keys, their_keys)
        if gone:
            self.lost.append(Lost(table.oid, None, gone))
        there = set(their_keys)
        kept = [n for n, each in enumerate(my_keys) if each in there]
        for column in table.stored:
            number = column.number
            if number in key:
                continue
            pairs = [(my_keys[n], table.rows[n][table.places[number]]) for n in kept]
            if number in theirs and not _missing(
                pairs, list(zip(their_keys, theirs[number], strict=True))
            ):
                continue
            self._column(table, same, column, pairs, their_keys)

    def _key(
        self,
        table: Table,
        mine: dict[int, list[Cell]],
        theirs: dict[int, list[Cell]],
        count: int,
    ) -> list[int]:
        """Choose what rows are known by: the primary key, or all columns that came through."""
        if table.key and all(n in theirs for n in table.key):
            values = _rows(mine, list(table.key), len(table.rows))
            if len(set(values)) == len(values):
                return list(table.key)
        return [n for n in theirs if not _missing(mine[n], theirs[n])] if count else []

    def _column(
        self,
        table: Table,
        same: Table,
        column: Column,
        pairs: Pairs,
        keys: Keys,
    ) -> None:
        """Look for a column's values beside the same keys: in a new column, in another table."""
        number = column.number
        for place in self._places(table, same, column, pairs, keys):
            self.moved.append(place)
            return
        if number in same.places:
            values = self._read(table, number, same, number)
            lost = _missing(pairs, list(zip(keys, values, strict=True)))
        else:
            lost = sum(value is not None for _, value in pairs)
        if lost:
            self.lost.append(Lost(table.oid, number, lost))

    def _places(
        self, table: Table, same: Table, column: Column, pairs: Pairs, keys: Keys
    ) -> Iterator[Moved]:
        if len({value for _, value in pairs}) == 1:
            return  # one value would be found anywhere
        for other in same.stored:
            if other.number not in table.places and self._is_there(
                table, column, pairs, keys, at=(same, other)
            ):
                yield _moved(table, column, other)
        for beside in self._found.tables.values() if len(table.key) == 1 else ():
            before = self._expected.tables.get(beside.oid)
            named = [
                c
                for c in beside.stored
                if c.name == column.name and (before is None or c.number not in before.places)
            ]
            for pointer in beside.stored if beside.oid != same.oid else ():
                theirs: Keys = [(value,) for value in beside.values(pointer.number)]
                for other in named:
                    if other is not pointer and self._is_there(
                        table, column, pairs, theirs, at=(beside, other)
                    ):
                        yield _moved(table, column, other)

    def _is_there(
        self, table: Table, column: Column, pairs: Pairs, keys: Keys, *, at: tuple[Table, Column]
    ) -> bool:
        values = self._read(table, column.number, at[0], at[1].number)
        return not _missing(pairs, list(zip(keys, values, strict=True)))

    def _read(self, table: Table, number: int, other: Table, place: int) -> list[Cell]:
        """Give the values found, spelled as the expected column's type spells them.

        The label of an enum is followed by its own number, so that renaming it loses nothing.
        """
        values = other.values(place)
        old, new = _type(table, number), _type(other, place)
        old_type, new_type = self._expected.types[old[0]], self._found.types[new[0]]
        if old_type.kind == "e" and old_type.oid == new_type.oid:
            names = dict(zip(old_type.codes, old_type.labels, strict=True))
            labels = dict(zip(new_type.labels, new_type.codes, strict=True))
            return [
                None if v is None else names.get(labels[v.decode()], v.decode()).encode()
                for v in values
            ]
        if old == new or {old_type.name, new_type.name} & _MOMENTS:
            return values
        spelled = next(c.spelled for c in table.stored if c.number == number)
        return self._recast(values, spelled) or values


def _moved(table: Table, column: Column, to: Column) -> Moved:
    return Moved(table.oid, column.number, to.type, to.modifier, elsewhere=True)


def _type(table: Table, number: int) -> tuple[int, int]:
    column = table.stored[table.places[number]]
    return column.type, column.modifier


def _rows(values: dict[int, list[Cell]], numbers: list[int], count: int) -> list[tuple[Cell, ...]]:
    if not numbers:
        return [()] * count
    return list(zip(*(values[n] for n in numbers), strict=True))


def _missing(wanted: list[Any], there: list[Any]) -> int:
    """Count what of ``wanted`` is not there, each as often as it is wanted."""
    return sum((Counter(wanted) - Counter(there)).values())
