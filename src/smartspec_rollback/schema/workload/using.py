"""Who of the old version uses a table or a column, and what silence about it is worth.

Called by the rules. A view's reach is taken from the words of its definition, so through views
rather too much counts as used.
"""

import re
from collections.abc import Callable, Iterable

from smartspec_rollback.domain.catalog import Column, Function, Relation
from smartspec_rollback.domain.comparison import Layer, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.refusals.placing import said

_DYNAMIC = re.compile(r"\bEXECUTE\s+(?!FUNCTION\b|PROCEDURE\b)", re.IGNORECASE)
"""SQL that a function puts together when it runs: it may name anything."""

Used = tuple[tuple[Statement, Use], ...]


def statements_of(used: Iterable[tuple[Statement, Use]]) -> tuple[Statement, ...]:
    """Take the statements out of uses, each once, in order."""
    return tuple({statement.id: statement for statement, _ in used}.values())


def through_views(case: Case, relation: Relation, column: str | None = None) -> Used:
    """List the uses of views that reach ``relation``, and name ``column`` if one is given."""
    found: list[tuple[Statement, Use]] = []
    for view in case.views_over.get(relation.qualified, ()):
        if column is None or column.lower() in words(view.definition or ""):
            found += case.uses(view.qualified)
    return tuple(found)


def touching(case: Case, relation: Relation, column: str) -> Used:
    """List the direct uses that name ``column`` in any way, ``SELECT *`` included."""
    return tuple(
        (statement, use)
        for statement, use in case.uses(relation.qualified)
        if column in use.touched
        or column in (use.arbiter or ())
        or (use.inserts and use.inserted is None)
        or (use.star and expands(statement, column))
    )


def expands(statement: Statement, column: str) -> bool:
    """Tell whether a ``*`` brings ``column`` to the result, as far as is known."""
    return statement.results is None or any(each.name == column for each in statement.results)


def reading(case: Case, relation: Relation, column: str) -> Used:
    """List the uses that read ``column``, through views too."""
    direct = (
        (statement, use)
        for statement, use in case.uses(relation.qualified)
        if column in use.reads or column in use.returns or (use.star and expands(statement, column))
    )
    return (*direct, *through_views(case, relation, column))


def reads_rows(use: Use, relation: Relation) -> bool:
    """Tell whether whole rows are read as one value each: ``row_to_json(t)``, ``t::text``."""
    return use.star and {each.name for each in relation.columns} <= frozenset(use.reads)


def inserting(case: Case, relation: Relation) -> Used:
    """List the uses that insert rows into ``relation``, or into a view of it."""
    return tuple(
        (statement, use)
        for statement, use in (*case.uses(relation.qualified), *through_views(case, relation))
        if use.inserts
    )


def omitting(case: Case, relation: Relation, column: str) -> Used:
    """List the inserts that leave ``column`` to its default."""
    return tuple(
        (statement, use)
        for statement, use in inserting(case, relation)
        if use.inserted is not None and column not in use.inserted
    )


def giving(case: Case, relation: Relation, column: str) -> Used:
    """List the uses that set ``column`` to a value of their own, by insert or update."""
    return tuple(
        (statement, use)
        for statement, use in (
            *case.uses(relation.qualified),
            *through_views(case, relation, column),
        )
        if column in use.updated
        or (use.inserts and (use.inserted is None or column in use.inserted))
    )


def writing(case: Case, relation: Relation, columns: Iterable[str]) -> Used:
    """List the uses that insert rows or set one of ``columns``."""
    wanted = frozenset(columns)
    return tuple(
        (statement, use)
        for statement, use in (*case.touching(relation), *through_views(case, relation))
        if use.inserts or wanted & frozenset(use.updated)
    )


def still_failing(case: Case, used: Used) -> Used:
    """Leave out what was seen to compile on the new schema: a name it needs is still there."""
    return tuple(each for each in used if case.compiles(each[0]) is not True)


def opaque(case: Case, *names: str, compiled: bool = True) -> tuple[Statement, ...]:
    """List the statements nobody understood whose text has all ``names`` as words.

    ``compiled`` False leaves out those that were seen to compile on the new schema.
    """
    wanted = frozenset(name.lower() for name in names)
    return tuple(
        statement
        for statement in case.hidden
        if (wanted <= words(statement.text) or _DYNAMIC.search(statement.text))
        and (compiled or case.compiles(statement) is not True)
    )


def functions_naming(case: Case, relation: Relation, column: str | None) -> tuple[Function, ...]:
    """List unchanged functions the old version runs whose bodies name ``relation`` and ``column``.

    It runs those its statements call and those of the triggers of tables it writes. What the new
    version rewrote is taken to be adapted.
    """
    return tuple(
        function
        for function in case.run
        if (function.signature, function.definition) in case.unchanged
        and _names(function, relation, column)
    )


def functions_filling(case: Case, relation: Relation, column: str) -> tuple[Function, ...]:
    """List unchanged functions the old version runs that insert into ``relation`` without it."""
    return tuple(
        function
        for function in functions_naming(case, relation, None)
        if _does(function, r"insert\s+into", relation)
        and column.lower() not in words(function.definition or "")
    )


def writing_it(function: Function, relation: Relation) -> bool:
    """Tell whether a function may write to ``relation``, as far as its body tells."""
    verbs = r"insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?|copy"
    return bool(_DYNAMIC.search(function.definition or "")) or _does(function, verbs, relation)


def as_caller(function: Function, _: Relation) -> bool:
    """Tell whether a function runs with the privileges of whoever calls it."""
    return not function.security_definer


def _does(function: Function, verbs: str, relation: Relation) -> bool:
    target = rf'(?:"?{re.escape(relation.schema)}"?\s*\.\s*)?"?{re.escape(relation.name)}"?(?!\w)'
    done = rf"\b(?:{verbs})\s+(?:only\s+)?{target}"
    return re.search(done, function.definition or "", re.IGNORECASE) is not None


def _names(function: Function, relation: Relation, column: str | None) -> bool:
    if _DYNAMIC.search(function.definition or ""):
        return True
    found = words(function.definition or "")
    if column is not None and column.lower() not in found:
        return False
    own = any(trigger.function == function.qualified for trigger in relation.triggers)
    return relation.name.lower() in found or (own and column is not None)


def _every(_: Function, __: Relation) -> bool:
    return True


def silence(
    case: Case,
    relation: Relation,
    column: Column | None = None,
    *,
    compiling: bool = False,
    minding: Callable[[Function, Relation], bool] = _every,
) -> tuple[SchemaVerdict, tuple[Statement, ...], tuple[Evidence, ...]]:
    """Say what it is worth that no understood statement uses ``relation`` or ``column``.

    Safe only where enough is known, and nothing that could not be understood names it.
    ``compiling``: the change could only stop statements from compiling, so that one seen to
    compile is no reason for doubt. ``minding``: which of the functions that name it are one.
    """
    names = (relation.name,) if column is None else (relation.name, column.name)
    if hidden := opaque(case, *names, compiled=not compiling):
        told = fact("not understood, and names it", f"{len(hidden)} statements", Layer.WORKLOAD)
        return SchemaVerdict.UNKNOWN, hidden, (told,)
    naming = functions_naming(case, relation, column.name if column else None)
    if bodies := [each for each in naming if minding(each, relation)]:
        named = ", ".join(sorted(each.signature for each in bodies)[:3])
        return SchemaVerdict.UNKNOWN, (), (fact("functions the old version runs name it", named),)
    share = case.coverage.percent
    told = fact("statements using it", f"none, of {share} of the workload", Layer.WORKLOAD)
    return case.unused, (), (told,)


def told_quiet(verdict: SchemaVerdict, hidden: tuple[Statement, ...], used: Used) -> str:
    """Say in words what the silence about a table came to."""
    if hidden:
        return "a statement that could not be understood names it."
    if used:
        return "every statement that used it still compiles."
    if verdict is SchemaVerdict.SAFE:
        return "the old version does not use it."
    return "whether the old version uses it is not known."


def refusal(case: Case, used: Used) -> tuple[Evidence, ...]:
    """Show what the server said of the first statement that failed, if one was tried."""
    for statement, _ in used:
        trial = case.trials.get(statement.id)
        if trial is not None and trial.worked is False:
            return (fact("the server says", said(trial.code, trial.message), Layer.WORKLOAD),)
    return ()
