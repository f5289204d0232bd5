"""Which functions the old version runs, directly or through what its statements set off.

Called by the rules about functions, triggers and privileges. A body's reach is taken from its
words, so rather too much counts as run.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Catalog, Function, Relation
from smartspec_rollback.domain.workload import Call, Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import statements_of


def takes(function: Function, arguments: int) -> bool:
    """Tell whether a function can be called with so many arguments."""
    most = len(function.arguments)
    least = most - function.defaults - (1 if function.variadic else 0)
    return least <= arguments and (function.variadic or arguments <= most)


def is_named(function: Function, call: Call) -> bool:
    """Tell whether a call may mean a function, as far as its name goes."""
    schema, _, bare = call.name.replace('"', "").rpartition(".")
    return bare.lower() == function.name.lower() and schema.lower() in {
        "",
        function.schema.lower(),
    }


def calling(case: Case, function: Function) -> tuple[Statement, ...]:
    """List the statements that call a function of the old schema themselves."""
    return tuple(
        statement
        for statement in case.statements
        if any(
            is_named(function, call) and takes(function, call.arguments)
            for call in statement.functions
        )
    )


def set_off(case: Case, catalog: Catalog, function: Function) -> tuple[Statement, ...]:
    """List the statements that run a function of ``catalog`` without calling it themselves.

    By a trigger, default, check or view of the tables they touch, or by a function these run.
    """
    wanted = _callers(catalog, function)
    found: dict[str, Statement] = {}
    for each in wanted:
        if each is not function:
            found |= {s.id: s for s in calling(case, each)}
    names = {each.name.lower() for each in wanted}
    qualified = {each.qualified for each in wanted}
    for relation in catalog.relations:
        used = case.uses(relation.qualified)
        if used and _runs(relation, names, qualified):
            reads = relation.definition is not None
            concerned = statements_of(each for each in used if reads or each[1].writes)
            found |= {s.id: s for s in concerned}
    return tuple(found.values())


def _callers(catalog: Catalog, function: Function) -> tuple[Function, ...]:
    """Find a function with all whose bodies name it, through each other too."""
    found = {function.signature: function}
    waiting = [function]
    while waiting:
        name = waiting.pop().name.lower()
        for each in catalog.functions:
            body = each.definition
            if each.signature not in found and body is not None and name in words(body):
                found[each.signature] = each
                waiting.append(each)
    return tuple(found.values())


def _runs(relation: Relation, names: Iterable[str], qualified: frozenset[str] | set[str]) -> bool:
    if any(t.function in qualified for t in relation.triggers if t.enabled):
        return True
    texts = (
        relation.definition,
        *(c.default for c in relation.columns),
        *(c.generated for c in relation.columns),
        *(c.predicate or c.definition for c in relation.constraints),
        *(p.using for p in relation.policies),
        *(p.check for p in relation.policies),
        *(i.definition for i in relation.indexes),
        *relation.rules,
    )
    told = frozenset().union(*(words(text) for text in texts if text))
    return not told.isdisjoint(names)
