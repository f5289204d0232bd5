"""Questions about rows, as the one SQL statement that counts the answer.

Used by the providers' probes. Pure text: nothing is asked of a server here. Every name is quoted,
every value a literal; expressions come in only after ``predicates`` let them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.providers.databases.dialects.names import column
from smartspec_rollback.providers.databases.dialects.predicates import refused
from smartspec_rollback.providers.databases.questions import (
    Unanswerable,
    arguments,
    first,
    length,
    number,
)

MARK = "smartspec_counted"
"""The alias our counting gives every table, so that a server's memory of it is known as ours."""

_DIGITS = 60


@dataclass(frozen=True)
class Dialect:
    """How one kind of database spells things.

    ``length`` counts the characters of a text, ``same`` tells of two values whether they are equal
    or both NULL. ``escapes``: a backslash in a literal is one only where doubled.
    """

    name: str
    quote: str
    length: str
    same: str
    escapes: bool

    def identifier(self, name: str) -> str:
        """Quote a name."""
        if "\0" in name:
            raise Unanswerable("the question names something that is no name")
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def literal(self, text: str) -> str:
        """Spell a constant."""
        if "\0" in text:
            raise Unanswerable("the question holds a value that is no text")
        text = text.replace("\\", "\\\\") if self.escapes else text
        return "'" + text.replace("'", "''") + "'"


MYSQL = Dialect("mysql", "`", "char_length", "<=>", escapes=True)
SQLITE = Dialect("sqlite", '"', "length", "IS", escapes=False)


@dataclass(frozen=True)
class Subject:
    """The relation a question is about, and the one ORPHANS points at, as they are now."""

    dialect: Dialect
    relation: Relation
    other: Relation | None = None

    def name(self, asked: str) -> str:
        """Spell a column; Unanswerable where there is none."""
        return _spelled(self.dialect, self.relation, asked, "t")

    @property
    def table(self) -> str:
        """Spell what stands after FROM."""
        return f"{self.dialect.identifier(self.relation.name)} AS {MARK}"


def count(question: Question, subject: Subject) -> str:
    """Write the counting query; Unanswerable where the question itself makes no sense."""
    for each in question.columns:
        subject.name(each)
    make = _QUERIES.get(question.kind)
    if make is None:
        raise Unanswerable("this kind of database keeps no record of when a row was written")
    return make(question, subject)


def _spelled(dialect: Dialect, relation: Relation, asked: str, alias: str) -> str:
    known = column(relation, asked)
    if known is None:
        raise Unanswerable(f"there is no column {asked} any more")
    prefix = MARK if alias == "t" else alias
    return f"{prefix}.{dialect.identifier(known.name)}"


def _where(subject: Subject, condition: str) -> str:
    return f"SELECT count(*) FROM {subject.table} WHERE {condition}"  # noqa: S608 - made above


def _first(question: Question, subject: Subject) -> str:
    return subject.name(first(question))


def _filled(names: Iterable[str]) -> str:
    return " AND ".join(f"{each} IS NOT NULL" for each in names)


def _nulls(question: Question, subject: Subject) -> str:
    return _where(subject, f"{_first(question, subject)} IS NULL")


def _longer(question: Question, subject: Subject) -> str:
    limit = length(question)
    return _where(subject, f"{subject.dialect.length}({_first(question, subject)}) > {limit}")


def _outside(question: Question, subject: Subject) -> str:
    low, high = arguments(question, 2)
    name = _first(question, subject)
    sides = {"<": low, ">": high}
    conditions = [
        f"{name} {sign} {number(bound, _DIGITS)}" for sign, bound in sides.items() if bound
    ]
    if not conditions:
        raise Unanswerable("the question names no bound")
    return _where(subject, f"({' OR '.join(conditions)})")


def _other_labels(question: Question, subject: Subject) -> str:
    name = _first(question, subject)
    labels = ", ".join(subject.dialect.literal(each) for each in question.arguments)
    among = f" AND {name} NOT IN ({labels})" if labels else ""
    return _where(subject, f"{name} IS NOT NULL{among}")


def _duplicates(question: Question, subject: Subject) -> str:
    """NULLs are never alike to a unique key of these databases."""
    _first(question, subject)
    if question.arguments:
        raise Unanswerable("these databases have no key to which NULLs are alike")
    names = [subject.name(each) for each in question.columns]
    return (
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n "  # noqa: S608 - names are quoted
        f"FROM {subject.table} WHERE {_filled(names)} "
        f"GROUP BY {', '.join(names)} HAVING count(*) > 1) AS alike"
    )


def _violations(question: Question, subject: Subject) -> str:
    """Rows for which it is unknown (NULL) satisfy a CHECK, and are not counted."""
    (predicate,) = arguments(question, 1)
    if (reason := refused(predicate, subject.dialect.name)) is not None:
        raise Unanswerable(reason)
    # The line's end ends a comment in the recorded text.
    return _where(subject, f"NOT ({predicate}\n)")


def _orphans(question: Question, subject: Subject) -> str:
    _first(question, subject)
    _, *targets = question.arguments or ("",)
    if subject.other is None or len(targets) != len(question.columns):
        raise Unanswerable("the recorded foreign key does not say which columns it points at")
    dialect = subject.dialect
    names = [subject.name(each) for each in question.columns]
    matches = [
        f"{_spelled(dialect, subject.other, target, 'r')} = {name}"
        for target, name in zip(targets, names, strict=True)
    ]
    other = f"{dialect.identifier(subject.other.name)} AS r"
    inner = f"SELECT 1 FROM {other} WHERE {' AND '.join(matches)}"  # noqa: S608 - names are quoted
    return _where(subject, f"{_filled(names)} AND NOT EXISTS ({inner})")


def _rows(question: Question, subject: Subject) -> str:
    del question
    return f"SELECT count(*) FROM {subject.table}"  # noqa: S608 - the name is quoted


def _set(question: Question, subject: Subject) -> str:
    """Count what is neither NULL nor the default; a default not understood counts as set."""
    name = _first(question, subject)
    default = next(iter(question.arguments), None)
    if default is None or refused(default, subject.dialect.name) is not None:
        return _where(subject, _filled([name]))
    return _where(
        subject, f"{_filled([name])} AND NOT ({name} {subject.dialect.same} ({default}\n))"
    )


_QUERIES: Mapping[QuestionKind, Callable[[Question, Subject], str]] = {
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
