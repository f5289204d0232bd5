"""Judges the old code on the new schema: the one entry to this package.

Called by the engine, twice where rows can be counted: ``questions`` says what to ask of the rows,
``compare`` then has the answers among its inputs. Pure: it reads nothing and knows no time.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from smartspec_rollback.domain.comparison import (
    Comparison,
    Coverage,
    Inputs,
    Layer,
    SchemaFinding,
    SchemaVerdict,
)
from smartspec_rollback.domain.schema_record import Question
from smartspec_rollback.domain.workload import Run
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import (
    COVERAGE_LOW,
    MIGRATION_INCOMPLETE,
    NOT_COMPARABLE,
)
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.inherited import once
from smartspec_rollback.schema.leftover import leftover
from smartspec_rollback.schema.merge import merge
from smartspec_rollback.schema.rules import (
    access,
    behind_views,
    checks,
    collations,
    columns,
    comments,
    domains,
    enums,
    expressions,
    foreign_keys,
    formats,
    functions,
    generated,
    indexes,
    migrations,
    nullability,
    numbering,
    partitions,
    relations,
    row_security,
    runs,
    sequences,
    shapes,
    trials,
    triggers,
    types,
    uniqueness,
    views,
)
from smartspec_rollback.schema.workload.coverage import measure
from smartspec_rollback.schema.workload.worked import worked_before

RULES: tuple[Callable[[Case], Iterable[SchemaFinding]], ...] = (
    access.findings,
    behind_views.findings,
    checks.findings,
    collations.findings,
    columns.findings,
    comments.findings,
    domains.findings,
    enums.findings,
    expressions.findings,
    foreign_keys.findings,
    formats.findings,
    functions.findings,
    generated.findings,
    indexes.findings,
    migrations.findings,
    nullability.findings,
    numbering.findings,
    partitions.findings,
    relations.findings,
    row_security.findings,
    runs.findings,
    sequences.findings,
    shapes.findings,
    trials.findings,
    triggers.findings,
    types.findings,
    uniqueness.findings,
    views.findings,
)
"""Every rule. The order decides nothing."""


def questions(inputs: Inputs) -> tuple[Question, ...]:
    """List what has to be asked of the rows for ``compare`` to know all it can."""
    case = _case(inputs)
    _run(case)
    return tuple(each for each in case.asked if each not in case.answers)


def compare(inputs: Inputs) -> Comparison:
    """Judge every difference of the two schemas by what the old version does."""
    case = _case(inputs)
    same = inputs.before.catalog.kind == inputs.after.kind
    findings = _judged(inputs, case) if same else [_of_two_kinds(inputs)]
    if not case.enough and any(each.verdict is SchemaVerdict.UNKNOWN for each in findings):
        findings.append(_too_little(case.coverage))
    findings = once(merge(findings), case)
    worst = max((each.verdict for each in findings), key=lambda v: v.rank, default=None)
    verdict = worst or SchemaVerdict.SAFE
    return Comparison(
        verdict=verdict,
        reason=_reason(verdict, findings, case),
        coverage=case.coverage,
        findings=tuple(_mended(each, case) for each in findings),
        layers=tuple(sorted(set(inputs.layers))),
        unseen=_unseen(inputs),
    )


def _judged(inputs: Inputs, case: Case) -> list[SchemaFinding]:
    findings = list(merge((*_run(case), *_incomplete(inputs), *_not_read(inputs, case))))
    return [*findings, *leftover(case, findings)]


def _of_two_kinds(inputs: Inputs) -> SchemaFinding:
    return found(
        NOT_COMPARABLE,
        SchemaVerdict.UNKNOWN,
        "database",
        f"The old schema is of {inputs.before.catalog.kind}, the new one of {inputs.after.kind}.",
    )


def _run(case: Case) -> list[SchemaFinding]:
    return [finding for rule in RULES for finding in rule(case)]


def _case(inputs: Inputs) -> Case:
    known = {each.id: each for each in inputs.before.workload.statements}
    for each in inputs.statements:
        if each.uses is not None or each.id not in known:
            known[each.id] = each
    kept, never = worked_before(tuple(known.values()), inputs.before_trials, inputs.missing_before)
    tried = {each.id for each in kept}
    runs: dict[str, tuple[Run, ...]] = {}
    for run in inputs.runs:
        if run.statement in tried:
            runs[run.statement] = (*runs.get(run.statement, ()), run)
    return Case(
        before=inputs.before,
        after=inputs.after,
        statements=kept,
        coverage=measure(
            kept,
            inputs.before.catalog,
            (*inputs.before.workload.gaps, *inputs.gaps),
            never_worked=never,
        ),
        trials={each.statement: each for each in inputs.trials if each.statement in tried},
        runs=runs,
        effects=inputs.effects,
        answers={each.question: each for each in inputs.answers},
        missing=inputs.missing | inputs.missing_before,
        profiles={(each.relation, each.column): each for each in inputs.profiles},
        same_database=inputs.same_database,
    )


def _incomplete(inputs: Inputs) -> Iterable[SchemaFinding]:
    """Report migrations that stopped half-way, unless they had already when this was recorded."""
    known = {each.version for each in inputs.before.migrations or () if not each.complete}
    for migration in inputs.applied or ():
        if not migration.complete:
            old = migration.version in known
            yield found(
                MIGRATION_INCOMPLETE,
                SchemaVerdict.ATTENTION if old else SchemaVerdict.BREAKING,
                migration.version,
                f"Migration {migration.version} {migration.name}".rstrip()
                + (
                    " was already half-applied under the old version."
                    if old
                    else " was applied half-way or is marked dirty: no version was made for this."
                ),
                layer=Layer.MIGRATIONS,
                loses="what the half-applied part did",
            )


def _not_read(inputs: Inputs, case: Case) -> Iterable[SchemaFinding]:
    before, after = inputs.before.catalog, inputs.after
    notes = tuple(dict.fromkeys((*before.notes, *after.notes)))
    if notes and not case.enough:
        yield found(
            NOT_COMPARABLE,
            SchemaVerdict.UNKNOWN,
            "schema",
            "A part of the schema could not be read, and too few statements are known to tell "
            "that the old version does without it.",
            evidence=tuple(fact("not read", note) for note in notes),
        )


def _mended(finding: SchemaFinding, case: Case) -> SchemaFinding:
    """Put a narrow fix beside what harms the old version, where there is one."""
    if finding.fix or finding.verdict in {SchemaVerdict.SAFE, SchemaVerdict.UNKNOWN}:
        return finding
    return replace(finding, fix=fix(finding.code, case, finding.object))


def _too_little(coverage: Coverage) -> SchemaFinding:
    return found(
        COVERAGE_LOW,
        SchemaVerdict.UNKNOWN,
        "workload",
        f"Only {coverage.percent} of what the old version asks of the database is known: too "
        "little to tell that it does not use what was changed.",
        layer=Layer.WORKLOAD,
        evidence=tuple(fact("gap", gap, Layer.WORKLOAD) for gap in coverage.gaps),
    )


def _unseen(inputs: Inputs) -> tuple[str, ...]:
    before, after = inputs.before.catalog, inputs.after
    notes = [
        *inputs.unseen,
        *(f"in the old schema: {note}" for note in before.notes),
        *(f"in the new schema: {note}" for note in after.notes),
    ]
    if before.search_path != after.search_path:
        notes.append(
            f"the search path was {', '.join(before.search_path) or 'empty'} when recorded and is "
            f"{', '.join(after.search_path) or 'empty'} now: names may find other tables"
        )
    if before.role != after.role:
        notes.append(
            f"the old schema was read as {before.role}, the new one as {after.role}: "
            "privileges are compared for each"
        )
    return tuple(dict.fromkeys(notes))


def _reason(verdict: SchemaVerdict, findings: list[SchemaFinding], case: Case) -> str:
    worst = [each for each in findings if each.verdict is verdict]
    more = f" (And {len(worst) - 1} more.)" if len(worst) > 1 else ""
    share = case.coverage.percent
    match verdict:
        case SchemaVerdict.BREAKING:
            return f"The old version breaks on the new schema: {worst[0].summary}{more}"
        case SchemaVerdict.UNKNOWN:
            first = next((e for e in worst if e.code != COVERAGE_LOW.name), worst[0])
            return f"It cannot be told whether the old version works: {first.summary}{more}"
        case SchemaVerdict.ATTENTION:
            return f"The old version probably works, but look: {worst[0].summary}{more}"
        case SchemaVerdict.SAFE if not findings:
            return "Nothing that is compared has changed between the two schemas."
        case SchemaVerdict.SAFE:
            changes = "1 change" if len(findings) == 1 else f"{len(findings)} changes"
            return (
                "Nothing that changed harms the old version "
                f"({changes}; {share} of its workload is known)."
            )
