"""Functions dropped, changed or doubled, and extensions that went (row 37).

Called by ``compare``. A body that is looked up by name when it runs breaks there, not when a
statement is compiled: so a dropped function counts for those too who only set it off.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Extension, Function
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.fixes.quoting import name
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reach import Kind
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.running import calling, is_named, set_off, takes
from smartspec_rollback.schema.workload.using import opaque

_WATCHING = frozenset({"pg_stat_statements"})
"""Extensions by which people watch a server; no application is made of them."""


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every function of the old schema that is gone or another one, and new overloads."""
    now = {each.signature: each for each in case.after.functions}
    installed = {each.name for each in case.after.extensions}
    was = {each.signature: each for each in case.before.catalog.functions}
    for old in case.before.catalog.functions:
        new = now.get(old.signature)
        if new is None:
            if old.extension is None or old.extension in installed:  # others went with theirs
                yield _dropped(case, old)
        elif old.extension is None:
            yield from _changed(case, old, new)
    for new in case.after.functions:
        if new.signature not in was and new.extension is None:
            yield from _overload(case, new)
    for extension in case.before.catalog.extensions:
        if extension.name not in installed | _WATCHING:
            yield _without(case, extension)


def _dropped(case: Case, old: Function) -> SchemaFinding:
    said = f"{old.signature} is gone"
    callers = calling(case, old)
    failing = tuple(s for s in callers if case.compiles(s) is not True)
    others = tuple(each for each in case.after.functions if _stands_in(old, each))
    mended = fix("function-changed", case, old.signature)
    if failing and (not others or any(case.compiles(s) is False for s in failing)):
        return found(
            37,
            SchemaVerdict.BREAKING,
            old.signature,
            f"{said}, and the old version calls it.",
            statements=failing,
            fix=mended,
        )
    if failing:
        return found(
            37,
            SchemaVerdict.ATTENTION,
            old.signature,
            f"{said}; the calls of the old version reach {others[0].signature} now, if it fits.",
            statements=failing,
            fix=mended,
        )
    behind = set_off(case, case.after, old)
    if behind and not others:
        return found(
            37,
            SchemaVerdict.BREAKING,
            old.signature,
            f"{said}, and a function, trigger or view that the old version sets off still names "
            "it.",
            statements=behind,
            fix=mended,
        )
    if callers:
        return found(
            37,
            SchemaVerdict.SAFE,
            old.signature,
            f"{said}; every statement that called it still compiles.",
            statements=callers,
            loses="",
        )
    return _quiet(case, old, said)


def _stands_in(old: Function, other: Function) -> bool:
    """Tell whether calls of ``old`` may reach ``other``."""
    counts = range(len(old.arguments) - old.defaults, len(old.arguments) + 1)
    return other.name == old.name and any(takes(other, count) for count in counts)


def _changed(case: Case, old: Function, new: Function) -> Iterator[SchemaFinding]:
    """Judge a function that takes the same and is another one."""
    callers = calling(case, old)
    mended = fix("function-changed", case, old.signature)
    stranded = tuple(
        s
        for s in callers
        if case.compiles(s) is not True
        and not any(is_named(new, c) and takes(new, c.arguments) for c in s.functions)
    )
    if old.kind != new.kind and callers:
        stranded = tuple(s for s in callers if case.compiles(s) is not True)
    if stranded:
        yield found(
            37,
            SchemaVerdict.BREAKING,
            old.signature,
            f"{old.signature} cannot be called as the old version calls it.",
            statements=stranded,
            fix=mended,
        )
        return
    if old.returns != new.returns:
        yield _returning(case, old, new, callers, mended)
        return
    yield from _as_another(case, old, new)
    if normal(old.definition) == normal(new.definition) or old.returns == "trigger":
        return  # what a trigger does is for ``triggers``
    run = (*callers, *set_off(case, case.before.catalog, old))
    if not run:
        yield _quiet(case, old, f"{old.signature} does something else now")
        return
    proven = all(same_results(case, statement) for statement in run)
    yield found(
        37,
        SchemaVerdict.SAFE if proven else SchemaVerdict.ATTENTION,
        old.signature,
        f"{old.signature} does something else now, and the old version runs it"
        + ("; what it did to recorded rows is the same." if proven else "."),
        statements=run,
        fix="" if proven else mended,
        loses="",
    )


def _as_another(case: Case, old: Function, new: Function) -> Iterator[SchemaFinding]:
    """Judge a function that runs with its owner's privileges, and has another owner."""
    if not (old.security_definer and new.security_definer) or None in {old.owner, new.owner}:
        return
    if old.owner == new.owner or not (run := case.reach.statements((Kind.FUNCTION, old.signature))):
        return
    yield found(
        37,
        SchemaVerdict.ATTENTION,
        old.signature,
        f"{old.signature} runs as {new.owner} now and ran as {old.owner}, who may do other things.",
        statements=run,
        loses="",
    )


def normal(definition: str | None) -> str:
    """Reduce a definition to what can change what it does: white space apart."""
    return " ".join((definition or "").split())


def same_results(case: Case, statement: Statement) -> bool:
    """Tell whether a statement was run with recorded values and did the same."""
    runs = case.runs.get(statement.id, ())
    return any(run.values == "recorded" for run in runs) and all(
        run.after and run.same is True for run in runs if run.before
    )


def _returning(
    case: Case, old: Function, new: Function, callers: tuple[Statement, ...], mended: str
) -> SchemaFinding:
    said = f"{old.signature} returns {new.returns} now and returned {old.returns}"
    run = (*callers, *set_off(case, case.before.catalog, old))
    if not run:
        return _quiet(case, old, said)
    told = all(_same_shape(case, statement) for statement in run)
    return found(
        37,
        SchemaVerdict.ATTENTION if told else SchemaVerdict.BREAKING,
        old.signature,
        f"{said}; the old version calls it.",
        statements=run,
        evidence=((fact("results of the statements", "have the same types"),) if told else ()),
        fix=mended,
    )


def _same_shape(case: Case, statement: Statement) -> bool:
    trial = case.trials.get(statement.id)
    return trial is not None and trial.worked is True and trial.results == statement.results


def _overload(case: Case, new: Function) -> Iterator[SchemaFinding]:
    """Judge a function beside an old one of the same name: calls may reach it, or neither."""
    beside = [
        each
        for each in case.before.catalog.functions
        if each.name == new.name and _stands_in(each, new)
    ]
    callers = {
        s.id: s
        for each in beside
        for s in calling(case, each)
        if any(is_named(each, c) and takes(new, c.arguments) for c in s.functions)
    }
    if not callers:
        return
    failing = tuple(s for s in callers.values() if case.compiles(s) is False)
    proven = all(same_results(case, s) for s in callers.values())
    verdict = SchemaVerdict.ATTENTION
    if failing:
        verdict = SchemaVerdict.BREAKING
    elif proven:
        verdict = SchemaVerdict.SAFE
    yield found(
        37,
        verdict,
        new.signature,
        f"{new.signature} is new beside {beside[0].signature}: calls of the old version may reach "
        "it, or be ambiguous.",
        statements=failing or tuple(callers.values()),
        loses="",
    )


def _quiet(case: Case, old: Function, said: str) -> SchemaFinding:
    hidden = opaque(case, old.name, compiled=False)
    verdict = SchemaVerdict.UNKNOWN if hidden else case.unused
    safe = verdict is SchemaVerdict.SAFE
    told = "the old version does not call it." if safe else "whether it is called is not known."
    return found(37, verdict, old.signature, f"{said}; {told}", statements=hidden)


def _without(case: Case, extension: Extension) -> SchemaFinding:
    """Judge an extension that went: its functions, types and operators went with it."""
    named = {
        *(f.name.lower() for f in case.before.catalog.functions if f.extension == extension.name),
        *(t.name.lower() for t in case.before.catalog.types if t.extension == extension.name),
        extension.name.lower(),
    }
    users = tuple(
        s
        for s in case.statements
        if case.compiles(s) is not True and not words(s.text).isdisjoint(named)
    )
    said = f"The extension {extension.name} is gone"
    if failing := tuple(s for s in users if _calls_of(s, named) or case.compiles(s) is False):
        return found(
            37,
            SchemaVerdict.BREAKING,
            extension.name,
            f"{said}, and the old version uses it.",
            statements=failing,
            fix=f"CREATE EXTENSION {name(case.after.kind, extension.name)};",
            loses="columns of its types",
        )
    tried = all(case.compiles(s) is True for s in case.statements)
    verdict = case.unused if tried or not users else SchemaVerdict.UNKNOWN
    if not tried and verdict is SchemaVerdict.SAFE:
        verdict = SchemaVerdict.ATTENTION  # operators have no names to look for
    return found(
        37,
        verdict,
        extension.name,
        f"{said}; no known statement of the old version fails by that.",
        statements=users,
        loses="columns of its types",
    )


def _calls_of(statement: Statement, named: set[str]) -> bool:
    return any(c.name.rpartition(".")[2].lower() in named for c in statement.functions)
