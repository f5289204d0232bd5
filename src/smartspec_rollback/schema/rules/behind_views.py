"""Tables whose name a view has now (row 10).

Called by ``compare``. The view must offer what the table did, show the same rows, and take what the
old version writes.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.reading.standing_in import asks_a_table, differs
from smartspec_rollback.schema.rules.functions import same_results
from smartspec_rollback.schema.workload.using import refusal, silence, statements_of, told_quiet


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge every table that a view stands for now."""
    for pair in case.matching.matches:
        if pair.fate in {Fate.BEHIND_VIEW, Fate.VIEW}:
            yield _judged(case, pair)


def _judged(case: Case, pair: Match) -> SchemaFinding:
    """Judge a table whose name a view has now: what it offers, and whether it takes writes."""
    view = pair.view or pair.new
    used = case.uses(pair.old.qualified)
    object_, became = pair.old.qualified, f"{pair.old.qualified} is a view now"
    lost = tuple(
        (statement, use)
        for statement, use in used
        if case.compiles(statement) is not True
        and any(view.column(name) is None for name in use.touched)
    )
    writes = tuple((statement, use) for statement, use in used if use.writes)
    refused = tuple(each for each in writes if case.compiles(each[0]) is False)
    takes = view.updatable or bool(view.triggers or view.rules)
    if lost or refused or (writes and not takes):
        return found(
            10,
            SchemaVerdict.BREAKING,
            object_,
            f"{became} that does not do all the old version asks of it.",
            statements=statements_of((*lost, *refused, *(() if takes else writes))),
            evidence=refusal(case, (*lost, *refused)),
        )
    if writes and pair.fate is Fate.VIEW:
        return found(
            10,
            SchemaVerdict.ATTENTION,
            object_,
            f"{became}, and what the old version writes goes to tables of another shape.",
            statements=statements_of(writes),
        )
    if asking := tuple(
        each for each in used if asks_a_table(each[0], view) and case.compiles(each[0]) is not True
    ):
        return found(
            10,
            SchemaVerdict.BREAKING,
            object_,
            f"{became}, and the old version asks for what tables alone have.",
            statements=statements_of(asking),
        )
    other = differs(view, pair.new)
    proven = all(same_results(case, each) for each in statements_of(used))
    if used and other is not None and not proven:
        return found(
            10,
            SchemaVerdict.ATTENTION,
            object_,
            f"{became}, in which the old version may find other rows or values, or which may "
            "refuse rows.",
            statements=statements_of(used),
            evidence=(fact("the view", other),),
        )
    if used:
        return found(
            10,
            SchemaVerdict.SAFE,
            object_,
            f"{became} through which the old statements work.",
            statements=statements_of(used),
            evidence=(fact("the view takes writes", "yes" if takes else "no"),),
        )
    verdict, hidden, evidence = silence(case, pair.old, compiling=True)
    return found(
        10,
        verdict,
        object_,
        f"{became}; {told_quiet(verdict, hidden, ())}",
        statements=hidden,
        evidence=evidence,
    )
