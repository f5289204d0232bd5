"""Simple predicates of CHECK constraints: whether given values satisfy them, and which imply which.

Read by ``predicate_reader``; asked about checks, conditional keys and recorded figures. What is not
simple can never be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum


class Truth(StrEnum):
    """What a predicate comes to. NULL passes a CHECK."""

    YES = "yes"
    NO = "no"
    NULL = "null"
    UNTOLD = "cannot tell"


@dataclass(frozen=True)
class Atom:
    """A comparison of ``subject`` (a column, or ``length(column)``) with constants.

    ``operator``: ``in``, ``is null``, ``is`` (a truth value, never NULL itself), or one of the
    comparison signs.
    """

    subject: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """``and``, ``or`` or ``not`` over ``parts``."""

    operator: str
    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True)
class Opaque:
    """Something that is not understood, by its text."""

    text: str


Predicate = Atom | Group | Opaque


def truth(predicate: Predicate, values: Mapping[str, str | None]) -> Truth:
    """Evaluate a predicate; a column not among ``values`` (None is NULL) cannot be told."""
    match predicate:
        case Opaque():
            return Truth.UNTOLD
        case Atom():
            return _atom(predicate, values)
        case Group(operator="not", parts=(part,)):
            swap = {Truth.YES: Truth.NO, Truth.NO: Truth.YES}
            inner = truth(part, values)
            return swap.get(inner, inner)
        case Group(operator=operator, parts=parts):
            each = [truth(part, values) for part in parts]
            decisive = Truth.NO if operator == "and" else Truth.YES
            for candidate in (decisive, Truth.UNTOLD, Truth.NULL):
                if candidate in each:
                    return candidate
            return Truth.YES if operator == "and" else Truth.NO


def _atom(atom: Atom, values: Mapping[str, str | None]) -> Truth:
    column, measured = atom.subject, False
    if column.startswith("length("):
        column, measured = column[7:-1], True
    if column not in values:
        return Truth.UNTOLD
    value = values[column]
    if atom.operator == "is null":
        return Truth.YES if value is None else Truth.NO
    if value is None:
        return Truth.NO if atom.operator == "is" else Truth.NULL
    return _holds(atom, str(len(value)) if measured else value)


def _holds(atom: Atom, value: str) -> Truth:
    """Compare one value with an atom's constants, as numbers where both are.

    Text is only compared for being equal: its order is a locale's.
    """
    if atom.operator in {"in", "=", "<>", "is"}:
        among = any(_equal(value, each) for each in atom.values)
        return Truth.YES if among is not (atom.operator == "<>") else Truth.NO
    left, right = _number(value), _number(atom.values[0])
    if left is None or right is None:
        return Truth.UNTOLD
    signs = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return Truth.YES if signs[atom.operator] else Truth.NO


def _equal(one: str, other: str) -> bool:
    left, right = _number(one), _number(other)
    return one == other if left is None or right is None else left == right


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def implies(one: Predicate, other: Predicate) -> bool:
    """Tell whether whatever passes ``one`` certainly passes ``other``."""
    if one == other:
        return True
    match one, other:
        case _, Group(operator="and", parts=parts):
            return all(implies(one, part) for part in parts)
        case Group(operator="or", parts=parts), _:
            return all(implies(part, other) for part in parts)
        case Group(operator="and", parts=parts), _:
            return any(implies(part, other) for part in parts)
        case _, Group(operator="or", parts=parts):
            return any(implies(one, part) for part in parts)
        case Atom(), Atom():
            return _narrower(one, other)
        case _:
            return False


def _narrower(one: Atom, other: Atom) -> bool:
    if one.subject != other.subject or {"is null", "is"} & {one.operator, other.operator}:
        return False
    if one.operator in {"in", "="}:
        return all(_holds(other, value) is Truth.YES for value in one.values)
    if not one.values or not other.values or other.operator in {"in", "=", "<>"}:
        return False
    left, right = _number(one.values[0]), _number(other.values[0])
    if left is None or right is None:
        return False
    if one.operator in {">", ">="} and other.operator in {">", ">="}:
        return left > right or (left == right and (one.operator == ">" or other.operator == ">="))
    if one.operator in {"<", "<="} and other.operator in {"<", "<="}:
        return left < right or (left == right and (one.operator == "<" or other.operator == "<="))
    return False


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """Take apart what is joined by AND."""
    if isinstance(predicate, Group) and predicate.operator == "and":
        return tuple(each for part in predicate.parts for each in conjuncts(part))
    return (predicate,)
