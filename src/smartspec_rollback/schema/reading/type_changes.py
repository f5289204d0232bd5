"""What changing one type into another does to values and to programs that know the old one.

Called by ``rules.types`` and ``workload.weighing``. Pure arithmetic on types: who reads and writes
is for the rules.
"""

from enum import StrEnum

from smartspec_rollback.domain.values import Value
from smartspec_rollback.schema.reading.sqltypes import Family, SqlType


class Harm(StrEnum):
    """Whom a change of type harms."""

    NOBODY = "nobody"
    LARGE_VALUES = "readers, where rows hold what the old type could not"
    READERS_PERHAPS = "readers, perhaps"
    WRITERS_PERHAPS = "writers of values that no longer fit"
    FINE_DIGITS = "those who have more digits than anybody means"
    ALL_PERHAPS = "readers and writers, perhaps"
    READERS = "readers"
    EVERYBODY = "readers and writers"


_FINE = 18
"""Digits after the point that are more than any currency or measure is kept in."""


class TypeChange(Value):
    """One row of the taxonomy, whom it harms, and why in words."""

    row: int
    harm: Harm
    why: str


_CLOCKS = frozenset({Family.DATE, Family.TIME, Family.TIMESTAMP, Family.INSTANT})
_SHAPES = frozenset({Family.JSON, Family.JSONB, Family.ARRAY, Family.UUID, Family.BYTES}) | _CLOCKS
_STRINGS = frozenset({Family.TEXT, Family.PADDED, Family.FOLDED})
_NUMBERS = frozenset({Family.INTEGER, Family.EXACT, Family.FLOAT})


def change(old: SqlType, new: SqlType) -> TypeChange | None:
    """Classify a change; None where both are the same to programs and to the rows."""
    if old == new:
        return None
    if old.family is Family.ENUM and new.family is Family.ENUM:
        return _enums(old, new)
    if old.family is Family.ENUM and new.family in _STRINGS:
        return TypeChange(row=21, harm=Harm.ALL_PERHAPS, why="it orders by letters now")
    if old.element is not None and new.element is not None:
        return change(old.element, new.element)
    if old.family is not new.family:
        return _families(old, new)
    return _limits(old, new)


def _limits(old: SqlType, new: SqlType) -> TypeChange | None:
    """Classify a change within one family."""
    match old.family:
        case Family.TEXT | Family.FOLDED:
            return _lengths(old, new)
        case Family.PADDED:
            return TypeChange(row=17, harm=Harm.ALL_PERHAPS, why="values are padded differently")
        case Family.INTEGER:
            return _integers(old, new)
        case Family.EXACT:
            return _digits(old, new)
        case Family.FLOAT:
            if new.size == old.size:
                return None
            wider = (new.size or 53) >= (old.size or 53)
            harm = Harm.READERS_PERHAPS if wider else Harm.EVERYBODY
            return TypeChange(row=18, harm=harm, why="its precision changed")
        case Family.TIMESTAMP | Family.INSTANT | Family.TIME:
            if (new.size or 0) >= (old.size or 0):
                return TypeChange(row=20, harm=Harm.NOBODY, why="it keeps finer fractions")
            return TypeChange(row=20, harm=Harm.ALL_PERHAPS, why="fractions of seconds are cut")
        case Family.BYTES:
            return _lengths(old, new)
        case _:
            return TypeChange(row=17, harm=Harm.EVERYBODY, why=f"{old.name} became {new.name}")


def _lengths(old: SqlType, new: SqlType) -> TypeChange | None:
    if old.size == new.size:
        return None
    if new.size is None or (old.size is not None and new.size > old.size):
        return TypeChange(row=14, harm=Harm.LARGE_VALUES, why="it takes longer values")
    return TypeChange(row=13, harm=Harm.WRITERS_PERHAPS, why=f"it takes {new.size} characters now")


def _integers(old: SqlType, new: SqlType) -> TypeChange | None:
    (low, high), (new_low, new_high) = bounds(old), bounds(new)
    if (low, high) == (new_low, new_high):
        return None
    if new_low <= low and new_high >= high:
        return TypeChange(row=15, harm=Harm.READERS_PERHAPS, why="its numbers can be larger")
    return TypeChange(row=16, harm=Harm.ALL_PERHAPS, why="its numbers must be smaller")


def bounds(kind: SqlType) -> tuple[int, int]:
    """Return the least and the greatest number an integer type holds."""
    bits = kind.size or 64
    return (0, 2**bits - 1) if kind.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _digits(old: SqlType, new: SqlType) -> TypeChange | None:
    if (old.size, old.scale) == (new.size, new.scale):
        return None
    if new.scale is not None and (old.scale is None or new.scale < old.scale):
        if new.scale >= _FINE:
            return TypeChange(row=19, harm=Harm.FINE_DIGITS, why="digits far behind are cut")
        return TypeChange(row=19, harm=Harm.EVERYBODY, why="digits after the point are cut")
    if new.size is not None and (
        old.size is None or new.size - (new.scale or 0) < old.size - (old.scale or 0)
    ):
        return TypeChange(row=17, harm=Harm.WRITERS_PERHAPS, why="its numbers must be smaller")
    if old.scale != new.scale:
        return TypeChange(row=17, harm=Harm.READERS_PERHAPS, why="it has more digits")
    return TypeChange(row=17, harm=Harm.NOBODY, why="its numbers can be larger")


def _enums(old: SqlType, new: SqlType) -> TypeChange | None:
    """Classify another enum type; what happens to the labels of the same one is for ``enums``."""
    if old.name == new.name:
        return None
    if set(old.labels) <= set(new.labels):
        return TypeChange(row=17, harm=Harm.ALL_PERHAPS, why="it is another enum type")
    return TypeChange(row=17, harm=Harm.EVERYBODY, why="it is an enum type with other labels")


def _families(old: SqlType, new: SqlType) -> TypeChange:
    """Classify a change from one family to another."""
    pair = {old.family, new.family}
    became = f"{old.family} became {new.family}"
    if new.family is Family.ENUM and old.family in _STRINGS:
        return TypeChange(row=17, harm=Harm.ALL_PERHAPS, why=f"{became}: it takes labels alone")
    if pair <= _STRINGS:
        return TypeChange(row=17, harm=Harm.ALL_PERHAPS, why=f"{became}: comparing differs")
    if pair == {Family.JSON, Family.JSONB}:
        why = f"{became}: the order of keys, duplicates and white space are not the same"
        return TypeChange(row=20, harm=Harm.ALL_PERHAPS, why=why)
    if pair == {Family.TIMESTAMP, Family.INSTANT}:
        return TypeChange(row=20, harm=Harm.READERS, why=f"{became}: programs get another type")
    if new.family is Family.FLOAT and old.family in _NUMBERS:
        return TypeChange(row=18, harm=Harm.EVERYBODY, why=became)
    if pair & _SHAPES:
        return TypeChange(row=20, harm=Harm.EVERYBODY, why=became)
    return TypeChange(row=17, harm=Harm.EVERYBODY, why=became)
