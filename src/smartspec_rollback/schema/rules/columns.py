"""Columns added (rows 1 to 3), and all others whose name is gone (``columns_gone``).

Called by ``compare``. What became of a column that both schemas have is for other rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.defaults import constant, fills_itself, with_domain
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.rules.columns_by_row import by_rows
from smartspec_rollback.schema.rules.columns_gone import gone
from smartspec_rollback.schema.rules.columns_moved import moved
from smartspec_rollback.schema.workload.strictness import minds_more_columns
from smartspec_rollback.schema.workload.using import (
    Used,
    functions_filling,
    inserting,
    reads_rows,
    silence,
    statements_of,
    still_failing,
)

_HERE = frozenset({Fate.KEPT, Fate.BEHIND_VIEW})


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge the columns of every table that can still be reached by its name."""
    for pair in case.matching.matches:
        if pair.fate not in _HERE:
            continue
        fates = pair.columns
        for column in fates.added:
            yield _added(case, pair, column)
        for old, new in fates.renamed:
            if _required(new) and not _required(old):
                yield _added(case, pair, new)
        yield from gone(case, pair, fates)
        yield from moved(case, pair)


@dataclass(frozen=True)
class _Judged:
    """What one way of looking at an added column came to."""

    verdict: SchemaVerdict
    summary: str
    statements: tuple[Statement, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def _required(column: Column) -> bool:
    return not column.nullable and not fills_itself(column)


def _added(case: Case, pair: Match, added: Column) -> SchemaFinding:
    column = with_domain(case.after, added)
    object_ = f"{pair.old.qualified}.{column.name}"
    code = 3 if _required(column) else 1 if column.nullable else 2
    loses, evidence = _set(case, pair, column)
    judged = next(_judged(case, pair, column, object_))
    return found(
        code,
        judged.verdict,
        object_,
        judged.summary,
        statements=judged.statements,
        evidence=(*evidence, *judged.evidence),
        loses=loses,
    )


def _judged(case: Case, pair: Match, column: Column, object_: str) -> Iterator[_Judged]:
    """Look at an added column in every way, the worst first; the first outcome counts."""
    breaking, name, table = SchemaVerdict.BREAKING, column.name, pair.old.qualified
    if _required(column):
        yield from _unfilled(case, pair, column)
    if used := statements_of(_ambiguous(case, pair, column)):
        said = f"{name} names two columns now in statements that don't say of which table."
        yield _Judged(breaking, said, used)
    if used := statements_of(_captured(case, pair, column)):
        said = (
            f"Old statements still compile, but {name}, which meant another column, is {object_}."
        )
        yield _Judged(breaking, said, used)
    for said, used in by_rows(case, pair, column):
        yield _Judged(SchemaVerdict.ATTENTION, said, used)
    if used := _copied(case, pair):
        said = f"The old version copies all columns of {table} into a table that lacks {name}."
        yield _Judged(breaking, said, used)
    if used := _counted(case, pair):
        said = (
            f"The old version inserts into {table} without naming columns, and there is one more."
        )
        yield _Judged(breaking, said, used)
    if _required(column):
        yield _unwritten(case, pair, object_)
    if used := _selecting_all(case, pair):
        said = f"The old version selects all columns of {table} and gets {name} too."
        yield _Judged(SchemaVerdict.ATTENTION, said, used)
    if not case.enough and (alike := _named_alike(case, pair, column)):
        said = (
            f"{alike} has a column {name} too: statements that are not known may name it without "
            f"a table, which is ambiguous since {object_} is there."
        )
        yield _Judged(SchemaVerdict.UNKNOWN, said)
    filled = "its default" if fills_itself(column) else "NULL"
    yield _Judged(SchemaVerdict.SAFE, f"{object_} is new; the old version leaves it to {filled}.")


def _named_alike(case: Case, pair: Match, column: Column) -> str | None:
    """Name another table of the old version with a column of the new one's name."""
    return next(
        (
            each.qualified
            for each in case.before.catalog.relations
            if each.qualified != pair.old.qualified and each.column(column.name) is not None
        ),
        None,
    )


def _unfilled(case: Case, pair: Match, column: Column) -> Iterator[_Judged]:
    """Judge inserts that lack a column which must have a value: theirs, and those of functions."""
    demand = (fact("column", f"{column.type} NOT NULL, no default"),)
    table = pair.old.qualified
    if used := statements_of(inserting(case, pair.old)):
        if filler := _filler(case, pair, column):
            ran = [run.after for each in used for run in case.runs.get(each.id, ())]
            told = fact("a trigger names the column", filler)
            yield _Judged(
                SchemaVerdict.SAFE if ran and all(ran) else SchemaVerdict.ATTENTION,
                f"The old version inserts into {table} without {column.name}, which a trigger may "
                "fill.",
                used,
                (*demand, told),
            )
        said = (
            f"The old version inserts into {table} without {column.name}, which must have a value."
        )
        yield _Judged(SchemaVerdict.BREAKING, said, used, demand)
    if bodies := functions_filling(case, pair.old, column.name):
        named = ", ".join(sorted(each.signature for each in bodies))
        yield _Judged(
            SchemaVerdict.BREAKING,
            f"What the old version sets off ({named}) inserts into {table} without {column.name}, "
            "which must have a value.",
            evidence=demand,
        )


def _filler(case: Case, pair: Match, column: Column) -> str | None:
    """Name the trigger that may fill a column before a row is inserted."""
    bodies = {each.qualified: each.definition or "" for each in case.after.functions}
    for trigger in pair.new.triggers:
        before = "before" in words(trigger.definition) and "insert" in trigger.events
        if (
            trigger.enabled
            and before
            and column.name.lower() in words(bodies.get(trigger.function or "", ""))
        ):
            return trigger.name
    return None


def _unwritten(case: Case, pair: Match, object_: str) -> _Judged:
    """Judge a column that must have a value, in a table nobody is known to insert into."""
    verdict, hidden, why = silence(case, pair.old)
    outcome = (
        "the old version inserts no rows there."
        if verdict is SchemaVerdict.SAFE
        else "whether the old version inserts rows there is not known."
    )
    return _Judged(verdict, f"{object_} must have a value now; {outcome}", hidden, why)


def _selecting_all(case: Case, pair: Match) -> tuple[Statement, ...]:
    return statements_of(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if use.star
        and (
            (minds_more_columns(statement) or len(statement.uses or ()) > 1)
            if _whole(statement, pair)
            else reads_rows(use, pair.old)
        )
    )


def _set(case: Case, pair: Match, column: Column) -> tuple[str, tuple[Evidence, ...]]:
    """Ask how many rows have a value in a new column that reversing would lose."""
    if column.generated is not None:
        return "", ()
    if pair.new.empty:
        return "", (fact("rows", "none when the schema was read", Layer.PROBE),)
    default = constant(column.default)
    arguments = () if default is None else (column.default or "",)
    question = Question(
        kind=QuestionKind.SET,
        relation=pair.new.qualified,
        columns=(column.name,),
        arguments=arguments,
    )
    answer = case.ask(question)
    if answer is None:
        return "values set in it", ()
    told = counted("rows with a value that reversing would lose", answer)
    return (f"the values of {told.value} rows" if answer.rows else ""), (told,)


def _ambiguous(case: Case, pair: Match, column: Column) -> Used:
    """List the statements in which the bare name of a new column was another table's alone."""
    return still_failing(
        case,
        tuple(
            (statement, use)
            for statement, use in case.beside.get(pair.old.qualified, ())
            if column.name in use.unqualified and pair.old.qualified in use.beside
        ),
    )


def _captured(case: Case, pair: Match, column: Column) -> Used:
    """List the statements in which a new column silently takes another one's place."""
    wanted = (pair.old.qualified, column.name)
    return tuple(
        (statement, use)
        for statement, use in case.beside.get(pair.old.qualified, ())
        if wanted in use.captures
    )


def _copied(case: Case, pair: Match) -> tuple[Statement, ...]:
    """List statements like ``INSERT INTO other SELECT * FROM this``."""
    return tuple(
        statement
        for statement, use in case.uses(pair.old.qualified)
        if use.star
        and case.compiles(statement) is not True
        and any(
            other.inserts and other.inserted is None and other.relation != use.relation
            for other in statement.uses or ()
        )
    )


def _counted(case: Case, pair: Match) -> tuple[Statement, ...]:
    """List inserts without column names, where the database wants as many values as columns."""
    if case.after.kind == "postgresql":
        return ()
    return tuple(
        statement
        for statement, use in case.uses(pair.old.qualified)
        if use.inserts and use.inserted is None and case.compiles(statement) is not True
    )


def _whole(statement: Statement, pair: Match) -> bool:
    """Tell whether a ``*`` brings all the table's columns to the result, as far as is known."""
    if statement.results is None:
        return True
    names = {each.name for each in statement.results}
    return all(column.name in names for column in pair.old.columns)
