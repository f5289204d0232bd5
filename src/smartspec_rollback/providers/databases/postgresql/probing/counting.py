"""Questions about rows, as the one SQL statement that counts the answer.

Used by ``probes``. Pure text: nothing is asked of a server here. Every name is quoted, every value
is a parameter or a literal; expressions come in only after ``predicates`` let them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from smartspec_rollback.domain.schema_record import NULLS_ALIKE, Question, QuestionKind
from smartspec_rollback.providers.databases.questions import (
    Unanswerable,
    arguments,
    first,
    length,
    number,
)

_DIGITS = 400


@dataclass(frozen=True)
class Subject:
    """The relation a question is about, as the live server has it.

    ``types`` are the columns' types, spelled by the server; ``arrays`` those that are arrays.
    """

    name: sql.Identifier
    types: Mapping[str, str]
    arrays: frozenset[str] = frozenset()
    other: sql.Identifier | None = None


def count(question: Question, subject: Subject, *, compare_default: bool = True) -> sql.Composed:
    """Write the counting query; Unanswerable where the question itself makes no sense.

    ``compare_default`` False: a SET question's default cannot be compared with, so every value that
    is not NULL counts.
    """
    for column in question.columns:
        if column not in subject.types:
            raise Unanswerable(f"there is no column {column} any more")
    if question.kind is QuestionKind.SET and not compare_default:
        return _where(subject, _filled(first(question)))
    return _QUERIES[question.kind](question, subject)


def _where(subject: Subject, condition: sql.Composable) -> sql.Composed:
    return sql.SQL("SELECT count(*) FROM {} AS t WHERE {}").format(subject.name, condition)


def _column(name: str) -> sql.Composed:
    return sql.SQL("t.{}").format(sql.Identifier(name))


def _filled(name: str) -> sql.Composed:
    return sql.SQL("{} IS NOT NULL").format(_column(name))


def _all(conditions: list[sql.Composed]) -> sql.Composed:
    return sql.SQL(" AND ").join(conditions)


def _each(
    question: Question, subject: Subject, condition: str, **parts: sql.Composable
) -> sql.Composed:
    """Apply a condition on ``v`` to the first column, or to any element where it is an array."""
    name = first(question)
    if name in subject.arrays:
        whole = f"EXISTS (SELECT FROM pg_catalog.unnest({{column}}) AS each(v) WHERE {condition})"
    else:
        whole = condition.replace("each.v", "{column}")
    return _where(subject, sql.SQL(whole).format(column=_column(name), **parts))


def _nulls(question: Question, subject: Subject) -> sql.Composed:
    return _where(subject, sql.SQL("{} IS NULL").format(_column(first(question))))


def _longer(question: Question, subject: Subject) -> sql.Composed:
    return _each(
        question,
        subject,
        "pg_catalog.char_length(each.v::text) > {limit}",
        limit=sql.Literal(length(question)),
    )


def _outside(question: Question, subject: Subject) -> sql.Composed:
    low, high = arguments(question, 2)
    sides = {"<": low, ">": high}
    conditions = [
        f"each.v::numeric {sign} '{number(bound, _DIGITS)}'::numeric"
        for sign, bound in sides.items()
        if bound
    ]
    if not conditions:
        raise Unanswerable("the question names no bound")
    return _each(question, subject, f"({' OR '.join(conditions)})")


def _other_labels(question: Question, subject: Subject) -> sql.Composed:
    labels = sql.Literal(list(question.arguments))
    other = "(each.v IS NOT NULL AND each.v::text <> ALL({labels}::text[]))"
    return _each(question, subject, other, labels=labels)


def _duplicates(question: Question, subject: Subject) -> sql.Composed:
    """NULLs are never alike to a unique constraint, unless it says so itself."""
    first(question)
    alike = NULLS_ALIKE in question.arguments
    condition = sql.SQL("true") if alike else _all([_filled(c) for c in question.columns])
    return sql.SQL(
        "SELECT coalesce(sum(n - 1), 0)::bigint FROM (SELECT count(*) AS n FROM {} AS t WHERE {} "
        "GROUP BY {} HAVING count(*) > 1) AS groups"
    ).format(subject.name, condition, sql.SQL(", ").join([_column(c) for c in question.columns]))


def _violations(question: Question, subject: Subject) -> sql.Composed:
    """Rows for which it is unknown (NULL) satisfy a CHECK, and are not counted."""
    (predicate,) = arguments(question, 1)
    # The line's end ends a comment in the recorded text.
    return sql.SQL("SELECT count(*) FROM {} WHERE NOT (").format(subject.name) + sql.SQL(
        "{}\n)"
    ).format(sql.SQL(_literally(predicate)))


def _orphans(question: Question, subject: Subject) -> sql.Composed:
    first(question)
    _, *targets = question.arguments or ("",)
    if subject.other is None or len(targets) != len(question.columns):
        raise Unanswerable("the recorded foreign key does not say which columns it points at")
    pairs = zip(targets, question.columns, strict=True)
    matches = [sql.SQL("r.{} = {}").format(sql.Identifier(r), _column(c)) for r, c in pairs]
    return _where(
        subject,
        sql.SQL("{} AND NOT EXISTS (SELECT FROM {} AS r WHERE {})").format(
            _all([_filled(c) for c in question.columns]), subject.other, _all(matches)
        ),
    )


def _rows(question: Question, subject: Subject) -> sql.Composed:
    del question
    return sql.SQL("SELECT count(*) FROM {}").format(subject.name)


def _set(question: Question, subject: Subject) -> sql.Composed:
    """Compare as text, which every type has; what only looks different counts as set."""
    name = first(question)
    if not question.arguments:
        return _where(subject, _filled(name))
    default = sql.SQL("({}\n)::{}").format(
        sql.SQL(_literally(question.arguments[0])),
        sql.SQL(_literally(subject.types[name])),
    )
    return _where(
        subject,
        sql.SQL("{} AND {}::text IS DISTINCT FROM {}::text").format(
            _filled(name), _column(name), default
        ),
    )


def _literally(text: str) -> LiteralString:
    """Pass a text on as SQL: one that ``predicates`` let through, or the server's own spelling."""
    return text


_QUERIES: Mapping[QuestionKind, Callable[[Question, Subject], sql.Composed]] = {
    QuestionKind.NULLS: _nulls,
    QuestionKind.LONGER: _longer,
    QuestionKind.OUTSIDE: _outside,
    QuestionKind.OTHER_LABELS: _other_labels,
    QuestionKind.DUPLICATES: _duplicates,
    QuestionKind.VIOLATIONS: _violations,
    QuestionKind.ORPHANS: _orphans,
    QuestionKind.ROWS: _rows,
    QuestionKind.SET: _set,
}
