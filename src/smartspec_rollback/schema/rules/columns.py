"""Columns added (rows 1 to 3), and all others whose name is gone (``columns_gone``).

Called by ``compare``. What became of a column that both schemas have is for other rules.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.defaults import constant, fills_itself
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match, columns
from smartspec_rollback.schema.rules.columns_gone import gone
from smartspec_rollback.schema.using import (
    Used,
    inserting,
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
        fates = columns(pair)
        yield from _order(case, pair)
        for column in fates.added:
            yield _added(case, pair, column)
        for old, new in fates.renamed:
            if _required(new) and not _required(old):
                yield _added(case, pair, new)
        yield from gone(case, pair, fates)


def _required(column: Column) -> bool:
    return not column.nullable and not fills_itself(column)


def _name(pair: Match, column: Column) -> str:
    return f"{pair.old.qualified}.{column.name}"


def _added(case: Case, pair: Match, column: Column) -> SchemaFinding:
    object_ = _name(pair, column)
    code = 3 if _required(column) else 1 if column.nullable else 2
    loses, evidence = _set(case, pair, column)
    if code == 3 and (used := inserting(case, pair.old)):  # noqa: PLR2004 - a row's number
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"The old version inserts into {pair.old.qualified} without {column.name}, which must "
            "have a value now.",
            statements=statements_of(used),
            evidence=(*evidence, fact("column", f"{column.type} NOT NULL, no default")),
            loses=loses,
        )
    if ambiguous := _ambiguous(case, pair, column):
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"{column.name} names two columns now in statements of the old version that don't say "
            "of which table.",
            statements=statements_of(ambiguous),
            evidence=evidence,
            loses=loses,
        )
    if captured := _captured(case, pair, column):
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"Statements of the old version still compile, but {column.name} means {object_} in "
            "them now, and meant another column.",
            statements=statements_of(captured),
            evidence=evidence,
            loses=loses,
        )
    if copied := _copied(case, pair):
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"The old version copies all columns of {pair.old.qualified} into a table that lacks "
            f"{column.name}.",
            statements=copied,
            evidence=evidence,
            loses=loses,
        )
    if counted_ := _counted(case, pair):
        return found(
            code,
            SchemaVerdict.BREAKING,
            object_,
            f"The old version inserts into {pair.old.qualified} without naming columns, and there "
            "is one more now.",
            statements=counted_,
            evidence=evidence,
            loses=loses,
        )
    if code == 3:  # noqa: PLR2004 - a row's number
        verdict, hidden, why = silence(case, pair.old)
        return found(
            code,
            verdict,
            object_,
            f"{object_} must have a value now; "
            + (
                "the old version inserts no rows there."
                if verdict is SchemaVerdict.SAFE
                else "whether the old version inserts rows there is not known."
            ),
            statements=hidden,
            evidence=(*evidence, *why),
            loses=loses,
        )
    stars = tuple(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if use.star and _whole(statement, pair)
    )
    if stars:
        return found(
            code,
            SchemaVerdict.ATTENTION,
            object_,
            f"The old version selects all columns of {pair.old.qualified} and gets "
            f"{column.name} too.",
            statements=statements_of(stars),
            evidence=evidence,
            loses=loses,
        )
    return found(
        code,
        SchemaVerdict.SAFE,
        object_,
        f"{object_} is new; the old version leaves it to "
        f"{'NULL' if column.nullable and not fills_itself(column) else 'its default'}.",
        evidence=evidence,
        loses=loses,
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
            for statement in case.statements
            for use in statement.uses or ()
            if column.name in use.unqualified and pair.old.qualified in use.beside
        ),
    )


def _captured(case: Case, pair: Match, column: Column) -> Used:
    """List the statements in which a new column silently takes another one's place."""
    wanted = (pair.old.qualified, column.name)
    return tuple(
        (statement, use)
        for statement in case.statements
        for use in statement.uses or ()
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


def _order(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Judge columns that stand in another order: inserts without names fill the wrong ones."""
    old = [c.name for c in sorted(pair.old.columns, key=lambda each: each.position)]
    new = [c.name for c in sorted(pair.new.columns, key=lambda each: each.position)]
    renamed = {now.name: was.name for was, now in columns(pair).renamed}
    if [renamed.get(name, name) for name in new[: len(old)]] == old:
        return
    blind = tuple(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if use.inserts and use.inserted is None
    )
    if blind:
        yield found(
            7 if set(old) - set(new) else 2,
            SchemaVerdict.BREAKING,
            pair.old.qualified,
            f"The old version inserts into {pair.old.qualified} without naming columns, and their "
            "order is another one now.",
            statements=statements_of(blind),
        )
