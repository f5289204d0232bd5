"""What every kind of database refuses to make a query of, and how it reads a question's parts.

Called where questions about rows become SQL. The parts were recorded, so they are not trusted.
"""

from decimal import Decimal, InvalidOperation

from smartspec_rollback.domain.schema_record import Question

_DIGITS = 10


class Unanswerable(Exception):
    """A question cannot be put to this server; the text says why, in words for people."""


def first(question: Question) -> str:
    """Take the first column."""
    if not question.columns:
        raise Unanswerable("the question names no column")
    return question.columns[0]


def arguments(question: Question, wanted: int) -> tuple[str, ...]:
    """Take all arguments, which have to be ``wanted`` many."""
    if len(question.arguments) != wanted:
        raise Unanswerable(f"the question has {len(question.arguments)} arguments, not {wanted}")
    return question.arguments


def length(question: Question) -> int:
    """Read the one argument as a number of characters."""
    (limit,) = arguments(question, 1)
    if not limit.isdecimal() or len(limit) > _DIGITS:
        raise Unanswerable(f"the recorded length {limit[:40]!r} is no number")
    return int(limit)


def number(text: str, most: int) -> str:
    """Write a number of at most ``most`` digits as digits, or refuse what is none."""
    try:
        read = Decimal(text)
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite() or max(len(text), abs(read.adjusted())) > most:
        raise Unanswerable(f"the recorded bound {text[:40]!r} is no number")
    return f"{read:f}"
