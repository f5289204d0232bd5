"""What domains demand (row 45).

Called by ``compare``. A column whose type became another domain is for ``types``.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.domain.catalog import DefinedType, TypeKind
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.fixes.quoting import name
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.rules.enums import columns_of_type, naming_type
from smartspec_rollback.schema.workload.using import Used, giving, omitting, reading, statements_of
from smartspec_rollback.schema.workload.weighing import of_parameter, of_result

_CHECK = re.compile(r"CHECK\s*\((?P<expression>.*)\)(?:\s+NOT VALID)?\s*", re.DOTALL)
_VALUE = re.compile(r"\bVALUE\b")


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every domain that demands something else now, or is gone."""
    now = {each.qualified: each for each in case.after.types if each.kind is TypeKind.DOMAIN}
    for old in case.before.catalog.types:
        if old.kind is not TypeKind.DOMAIN:
            continue
        new = now.get(old.qualified)
        if new is None:
            yield from _gone(case, old)
            continue
        if old.base != new.base:
            yield _rebased(case, old, new)
        if (old.nullable and not new.nullable) or set(new.checks) - set(old.checks):
            yield _tightened(case, old, new)
        elif (new.nullable and not old.nullable) or set(old.checks) - set(new.checks):
            yield _loosened(case, old, new)
        if old.default != new.default:
            yield _default(case, old, new)


def _writers(case: Case, old: DefinedType) -> Used:
    return tuple(
        each
        for before, _, column in columns_of_type(case, old.qualified)
        for each in giving(case, before, column.name)
    )


def _readers(case: Case, old: DefinedType) -> Used:
    return tuple(
        each
        for before, _, column in columns_of_type(case, old.qualified)
        for each in reading(case, before, column.name)
    )


def _tightened(case: Case, old: DefinedType, new: DefinedType) -> SchemaFinding:
    mended = fix("domain-changed", case, old.qualified)
    demands = [each for each in new.checks if each not in old.checks]
    evidence = tuple(fact("demands now", each) for each in demands)
    if old.nullable and not new.nullable:
        evidence = (*evidence, fact("demands now", "NOT NULL"))
        if refused := _nulls(case, old):
            return found(
                45,
                SchemaVerdict.BREAKING,
                old.qualified,
                f"{old.qualified} refuses NULL now, and the old version writes it.",
                statements=statements_of(refused),
                evidence=evidence,
                fix=mended,
            )
    casts = tuple(s for s in naming_type(case, old))
    writers = _writers(case, old)
    if writers or casts:
        return found(
            45,
            SchemaVerdict.ATTENTION,
            old.qualified,
            f"{old.qualified} demands more now; values of the old version may be refused.",
            statements=(*statements_of(writers), *casts),
            evidence=evidence,
            fix=mended,
        )
    return _quiet(case, old, f"{old.qualified} demands more now", evidence)


def _nulls(case: Case, old: DefinedType) -> Used:
    """List the writes that certainly or by omission put NULL into a column of the domain."""
    found_: list[tuple[Statement, Use]] = []
    for before, after, column in columns_of_type(case, old.qualified):
        found_ += [each for each in case.uses(before.qualified) if column.name in each[1].nulls]
        now = after.column(column.name)
        if now is not None and now.default is None and now.identity is None:
            found_ += omitting(case, before, column.name)
    return tuple(found_)


def _loosened(case: Case, old: DefinedType, new: DefinedType) -> SchemaFinding:
    """Judge a domain that demands less: rows may hold what the old version never met."""
    said = f"{old.qualified} demands less now"
    readers = _readers(case, old)
    if not readers:
        return _quiet(case, old, said, ())
    rows, evidence = _violating(case, old, new)
    if rows == 0:
        verdict, told = SchemaVerdict.SAFE, "no row holds what it demanded not to."
    elif rows is None:
        verdict, told = SchemaVerdict.ATTENTION, "the old version reads its values."
    else:
        verdict, told = SchemaVerdict.ATTENTION, "rows hold what the old version never met."
    return found(
        45, verdict, old.qualified, f"{said}; {told}",
        layer=Layer.CATALOG if rows is None else Layer.PROBE,
        statements=statements_of(readers),
        evidence=evidence,
        loses="reversing fails on those rows" if rows != 0 else "",
    )  # fmt: skip


def _violating(
    case: Case, old: DefinedType, new: DefinedType
) -> tuple[int | None, tuple[Evidence, ...]]:
    """Count the rows the old domain would refuse; None where one count is missing."""
    gone = [each for each in old.checks if each not in new.checks]
    total: int | None = 0
    evidence: list[Evidence] = []
    for _, after, column in columns_of_type(case, old.qualified):
        if after.empty:
            continue
        spelled = name(case.after.kind, column.name).replace("\\", r"\\")
        questions = [
            Question(
                kind=QuestionKind.VIOLATIONS,
                relation=after.qualified,
                columns=(column.name,),
                arguments=(_VALUE.sub(spelled, _expression(check)),),
            )
            for check in gone
        ]
        if new.nullable and not old.nullable:
            questions.append(
                Question(kind=QuestionKind.NULLS, relation=after.qualified, columns=(column.name,))
            )
        for answer in map(case.ask, questions):
            if answer is None or total is None:
                total = None
            else:
                total += answer.rows or 0
                evidence.append(counted(f"{after.qualified}.{column.name}", answer))
    return total, tuple(evidence)


def _expression(check: str) -> str:
    match = _CHECK.search(check)
    return match["expression"] if match else check


def _rebased(case: Case, old: DefinedType, new: DefinedType) -> SchemaFinding:
    was, now = old.base or "", new.base or ""
    said = f"{old.qualified} is made of {now} now and was of {was}"
    readers, writers = _readers(case, old), _writers(case, old)
    if not readers and not writers:
        return _quiet(case, old, said, ())
    worst = max(
        (
            *((of_result(case, was, now),) if readers else ()),
            *((of_parameter(case, was, now),) if writers else ()),
        ),
        key=lambda verdict: verdict.rank,
    )
    return found(
        45,
        worst,
        old.qualified,
        f"{said}, and the old version uses it.",
        statements=statements_of((*readers, *writers)),
    )


def _default(case: Case, old: DefinedType, new: DefinedType) -> SchemaFinding:
    omitted = tuple(
        each
        for before, after, column in columns_of_type(case, old.qualified)
        if (now := after.column(column.name)) is not None and now.default is None
        for each in omitting(case, before, column.name)
    )
    evidence = (fact("default", f"{old.default} became {new.default}"),)
    said = f"The default of {old.qualified} is another one"
    if not omitted:
        return _quiet(case, old, said, evidence)
    refused = new.default is None and not new.nullable
    return found(
        45,
        SchemaVerdict.BREAKING if refused else SchemaVerdict.ATTENTION,
        old.qualified,
        f"{said}, and the old version relies on it.",
        statements=statements_of(omitted),
        evidence=evidence,
        loses="",
    )


def _quiet(
    case: Case, old: DefinedType, said: str, evidence: tuple[Evidence, ...]
) -> SchemaFinding:
    """Say what it is worth that no known statement uses a domain."""
    if not columns_of_type(case, old.qualified) and not naming_type(case, old):
        told = "no column has it."
    else:
        told = "no known statement of the old version is concerned."
    return found(45, case.unused, old.qualified, f"{said}; {told}", evidence=evidence, loses="")


def _gone(case: Case, old: DefinedType) -> Iterator[SchemaFinding]:
    """Judge a domain that is gone by the statements that name it."""
    failing = tuple(s for s in naming_type(case, old) if case.compiles(s) is not True)
    if failing:
        yield found(
            45,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"The domain {old.qualified} is gone, and the old version names it.",
            statements=failing,
        )
