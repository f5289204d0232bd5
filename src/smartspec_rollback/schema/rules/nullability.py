"""NOT NULL and defaults of columns both schemas have (rows 25 to 29).

Called by ``compare``. These are about values: that a statement compiles says nothing here.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.defaults import fills_itself, given
from smartspec_rollback.schema.workload.using import (
    giving,
    omitting,
    reading,
    silence,
    statements_of,
)


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge what became of NOT NULL and of the default of every column that was kept."""
    for pair in case.matching.matches:
        if pair.fate not in {Fate.KEPT, Fate.BEHIND_VIEW}:
            continue
        for old, new in pair.columns.kept:
            if new.generated is not None or new.identity == "always":
                continue
            if old.nullable and not new.nullable:
                yield _refused(case, pair, old, new)
            elif new.nullable and not old.nullable:
                yield _allowed(case, pair, old)
            if given(old) != given(new):
                yield from _default(case, pair, old, new)


def _refused(case: Case, pair: Match, old: Column, new: Column) -> SchemaFinding:
    """Judge SET NOT NULL by what the old version writes."""
    object_ = f"{pair.old.qualified}.{old.name}"
    leaving = () if fills_itself(new) else omitting(case, pair.old, old.name)
    writers = giving(case, pair.old, old.name)
    by_literal = tuple(
        (statement, use)
        for statement, use in writers
        if old.name in use.nulls and old.name not in _omitted(old, use.inserts, use.inserted)
    )
    if leaving or by_literal:
        return found(
            25,
            SchemaVerdict.BREAKING,
            object_,
            f"{object_} refuses NULL now, and the old version "
            + ("writes NULL there." if by_literal else "inserts rows without it."),
            statements=statements_of((*by_literal, *leaving)),
            evidence=_profiled(case, pair, old),
        )
    uncertain = tuple(each for each in writers if old.name not in each[1].not_nulls)
    if uncertain:
        return found(
            25,
            SchemaVerdict.ATTENTION,
            object_,
            f"{object_} refuses NULL now, and the old version writes it by a parameter that may be "
            "NULL.",
            statements=statements_of(uncertain),
            evidence=_profiled(case, pair, old),
        )
    verdict, hidden, evidence = silence(case, pair.old, old)
    if verdict is SchemaVerdict.UNKNOWN and not hidden and writers:
        hidden = statements_of(writers)
    return found(
        26,
        verdict,
        object_,
        f"{object_} refuses NULL now; "
        + (
            "the old version never writes NULL there."
            if verdict is SchemaVerdict.SAFE
            else "whether the old version writes NULL there is not known."
        ),
        statements=hidden,
        evidence=evidence,
    )


def _omitted(old: Column, inserts: bool, inserted: tuple[str, ...] | None) -> frozenset[str]:  # noqa: FBT001 - a use's own field
    """Name the column where an insert left it out, so that ``nulls`` speaks of the default."""
    left_out = inserts and inserted is not None and old.name not in inserted
    return frozenset({old.name}) if left_out else frozenset()


def _profiled(case: Case, pair: Match, column: Column) -> tuple[Evidence, ...]:
    """Tell how many NULLs the old version's rows had, where that was recorded."""
    for each in case.before.profiles:
        if (each.relation, each.column) == (pair.old.qualified, column.name):
            told = f"{each.nulls} of {each.rows} rows"
            return (fact("NULLs under the old version", told, Layer.PROBE),)
    return ()


def _allowed(case: Case, pair: Match, old: Column) -> SchemaFinding:
    """Judge DROP NOT NULL by the NULLs there are, and by who reads the column."""
    object_ = f"{pair.old.qualified}.{old.name}"
    readers = reading(case, pair.old, old.name)
    if pair.new.empty:
        return found(
            27,
            SchemaVerdict.SAFE,
            object_,
            f"{object_} may be NULL now; the table has no rows.",
            evidence=(fact("rows", "none when the schema was read", Layer.PROBE),),
            loses="",
        )
    question = Question(kind=QuestionKind.NULLS, relation=pair.new.qualified, columns=(old.name,))
    answer = case.ask(question)
    evidence = () if answer is None else (counted("rows with NULL", answer),)
    if answer is not None and answer.rows == 0 and answer.exact:
        return found(
            27,
            SchemaVerdict.SAFE,
            object_,
            f"{object_} may be NULL now; no row is.",
            evidence=evidence,
            loses="",
        )
    if readers:
        present = answer is not None and bool(answer.rows)
        return found(
            27,
            SchemaVerdict.BREAKING if present else SchemaVerdict.ATTENTION,
            object_,
            f"{object_} may be NULL now, "
            + ("and is in some rows; " if present else "and nobody looked whether it is; ")
            + "the old version reads it and never met one.",
            statements=statements_of(readers),
            evidence=evidence,
        )
    verdict, hidden, why = silence(case, pair.old, old)
    return found(
        27,
        verdict,
        object_,
        f"{object_} may be NULL now; "
        + (
            "the old version does not read it."
            if verdict is SchemaVerdict.SAFE
            else "whether the old version reads it is not known."
        ),
        statements=hidden,
        evidence=(*evidence, *why),
    )


def _default(case: Case, pair: Match, old: Column, new: Column) -> Iterable[SchemaFinding]:
    """Judge another default, or none, by the inserts that leave the column to it."""
    object_ = f"{pair.old.qualified}.{old.name}"
    leaving = omitting(case, pair.old, old.name)
    evidence = (fact("default", f"{old.default or 'none'} → {new.default or 'none'}"),)
    if not fills_itself(new):
        yield _dropped(case, pair, old, new, evidence)
        return
    readers = reading(case, pair.old, old.name)
    if leaving and readers:
        yield found(
            29,
            SchemaVerdict.ATTENTION,
            object_,
            f"The old version leaves {object_} to its default, which gives another value now, and "
            "reads it.",
            statements=statements_of(leaving),
            evidence=evidence,
        )
        return
    if leaving or inserts_unknown(case, pair):
        verdict, hidden, why = silence(case, pair.old, old)
    else:
        verdict, hidden, why = SchemaVerdict.SAFE, (), ()
    yield found(
        29,
        verdict,
        object_,
        f"The default of {object_} is another one now; "
        + (
            "no row of the old version shows it."
            if verdict is SchemaVerdict.SAFE
            else "whether the old version relies on it is not known."
        ),
        statements=hidden,
        evidence=(*evidence, *why),
    )


def inserts_unknown(case: Case, pair: Match) -> bool:
    """Tell whether the old version may insert into a table by statements nobody knows."""
    return silence(case, pair.old)[0] is SchemaVerdict.UNKNOWN


def _dropped(
    case: Case,
    pair: Match,
    old: Column,
    new: Column,
    evidence: tuple[Evidence, ...],
) -> SchemaFinding:
    leaving = omitting(case, pair.old, old.name)
    object_ = f"{pair.old.qualified}.{old.name}"
    if leaving:
        # Where NOT NULL came with it, ``_refused`` says the same with its own code.
        refuses = not new.nullable
        return found(
            28,
            SchemaVerdict.BREAKING if refuses else SchemaVerdict.ATTENTION,
            object_,
            f"The old version leaves {object_} to its default, which is gone: "
            + ("its inserts are refused." if refuses else "its rows get NULL there."),
            statements=statements_of(leaving),
            evidence=evidence,
        )
    verdict, hidden, why = silence(case, pair.old, old)
    if inserts_unknown(case, pair):
        verdict = SchemaVerdict.UNKNOWN
    return found(
        28,
        verdict,
        object_,
        f"The default of {object_} is gone; "
        + (
            "the old version always gives a value."
            if verdict is SchemaVerdict.SAFE
            else "whether the old version relies on it is not known."
        ),
        statements=hidden,
        evidence=(*evidence, *why),
    )
