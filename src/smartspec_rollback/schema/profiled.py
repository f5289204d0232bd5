"""Answers questions about rows from recorded figures, where no database could be asked.

Called by ``case``. Figures are of all rows at the time they were taken; what they do not tell is
not answered.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from smartspec_rollback.domain.schema_record import Answer, Question, QuestionKind
from smartspec_rollback.domain.workload import ColumnProfile
from smartspec_rollback.schema.reading.predicate_reader import read
from smartspec_rollback.schema.reading.predicates import Truth, truth

_HOW = "figures recorded with the new schema"

Profiles = Mapping[tuple[str, str], ColumnProfile]


def answered(question: Question, profiles: Profiles) -> Answer | None:
    """Answer a question about one column from its figures; None where they don't tell.

    A count above zero is a lower bound: figures tell that there are such rows, not how many.
    """
    known = [profiles.get((question.relation, name)) for name in question.columns]
    if not known or known[0] is None:
        return None
    first = known[0]
    if first.rows == 0:
        return Answer(question=question, rows=0, how=_HOW)
    some = _some(question, first)
    if isinstance(some, bool):
        return Answer(question=question, rows=int(some), exact=not some, how=_HOW)
    return None if some is None else Answer(question=question, rows=some, how=_HOW)


def _some(question: Question, profile: ColumnProfile) -> int | bool | None:
    """Count the rows (int), or say only whether there are any (bool)."""
    match question.kind:
        case QuestionKind.NULLS:
            return profile.nulls
        case QuestionKind.SET if not question.arguments:
            return profile.rows - profile.nulls
        case QuestionKind.LONGER if profile.longest is not None:
            return profile.longest > int(question.arguments[0])
        case QuestionKind.OUTSIDE if profile.low is not None and profile.high is not None:
            return _outside(profile, *question.arguments)
        case QuestionKind.OTHER_LABELS if profile.labels is not None:
            return not set(profile.labels) <= set(question.arguments)
        case QuestionKind.VIOLATIONS if len(question.columns) == 1:
            return _violated(question, profile)
        case QuestionKind.DUPLICATES if len(question.columns) == 1 and profile.labels is not None:
            return profile.rows - profile.nulls - len(profile.labels)
        case _:
            return None


def _outside(profile: ColumnProfile, low: str, high: str) -> bool | None:
    try:
        least, greatest = Decimal(profile.low or ""), Decimal(profile.high or "")
    except InvalidOperation:
        return None
    return least < Decimal(low) or greatest > Decimal(high)


def _violated(question: Question, profile: ColumnProfile) -> bool | None:
    """Try a simple predicate on all the values there are, where they are few enough to be known."""
    if profile.labels is None:
        return None
    predicate = read(question.arguments[0])
    results = {truth(predicate, {question.columns[0]: label}) for label in profile.labels}
    if Truth.NO in results:
        return True
    return None if Truth.UNTOLD in results else False
