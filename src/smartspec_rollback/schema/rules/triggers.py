"""Triggers and rules added, changed, dropped or switched (row 38).

Called by ``compare``. What a trigger does is seen best where the old statements were run; without
that its function is read for what certainly fails, and everything else wants a look.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from smartspec_rollback.domain.catalog import Function, Relation, Trigger
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.rules.functions import normal, same_results
from smartspec_rollback.schema.workload.access import lacks
from smartspec_rollback.schema.workload.using import (
    Used,
    silence,
    statements_of,
    through_views,
    writing_it,
)

_OF = re.compile(r"\bUPDATE OF (?P<columns>.+?)(?: OR (?:INSERT|DELETE|TRUNCATE)\b| ON )")
_RAISES = re.compile(
    r"\bRAISE\s+(?!NOTICE|WARNING|INFO|LOG|DEBUG)(?:EXCEPTION\b|'|SQLSTATE|[a-z_]+)", re.IGNORECASE
)
_AT_ONCE = re.compile(
    r"\bBEGIN\s+RAISE\s+(?!NOTICE|WARNING|INFO|LOG|DEBUG)[^;]*;\s*(?:RETURN\b[^;]*;\s*)?END",
    re.IGNORECASE,
)
_WRITES = re.compile(
    r"\b(?P<verb>INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?P<table>[\w.\"]+)",
    re.IGNORECASE,
)
_PRIVILEGES = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}


@dataclass(frozen=True)
class _Change:
    """One trigger that is not as it was; ``new`` None: it is gone or rests."""

    before: Relation
    after: Relation
    old: Trigger | None
    new: Trigger | None

    @property
    def object(self) -> str:
        """Name it after its table."""
        one = self.new or self.old
        return f"{self.before.qualified}.{one.name if one else ''}"

    @property
    def events(self) -> frozenset[str]:
        """What sets it off, before or after."""
        return frozenset(e for t in (self.old, self.new) if t is not None for e in t.events)


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every trigger and rule of a table or view that is not as it was."""
    for before, after in _tables(case):
        old = {t.name: t for t in before.triggers if t.enabled}
        new = {t.name: t for t in after.triggers if t.enabled}
        for name in dict.fromkeys((*old, *new)):
            change = _Change(before, after, old.get(name), new.get(name))
            if not _same(case, change):
                yield _judged(case, change)
        if set(before.rules) != set(after.rules):
            yield from _rules(case, before, after)


def _tables(case: Case) -> Iterator[tuple[Relation, Relation]]:
    """Go through what both schemas have, renamed tables and views among it."""
    seen = set()
    for pair in case.matching.matches:
        seen.add(pair.old.qualified)
        yield pair.old, pair.new
    for before, after in case.pairs():
        if before.qualified not in seen and before.extension is None:
            yield before, after


def _same(case: Case, change: _Change) -> bool:
    """Tell whether a trigger still does what it did: its definition and its function's."""
    if change.old is None or change.new is None:
        return False
    renamed = change.before.qualified != change.after.qualified
    definitions = [_bare(t.definition) for t in (change.old, change.new)]
    if definitions[0] != definitions[1] and not renamed:
        return False
    bodies = [
        _body(case, change.old, new=False),
        _body(case, change.new, new=True),
    ]
    texts = [normal(each.definition) if each else "" for each in bodies]
    return texts[0] == texts[1]


def _bare(definition: str) -> str:
    return re.sub(r"\s+", " ", definition).strip().rstrip(";")


def _body(case: Case, trigger: Trigger | None, *, new: bool) -> Function | None:
    if trigger is None:
        return None
    catalog = case.after if new else case.before.catalog
    return next((f for f in catalog.functions if f.qualified == trigger.function), None)


def _judged(case: Case, change: _Change) -> SchemaFinding:
    said = _said(change)
    concerned = _concerned(case, change)
    if not concerned:
        return _quiet(case, change, said)
    statements = statements_of(concerned)
    mended = fix("trigger-changed", case, change.object)
    if failed := tuple(s for s in statements if _fails(case, s)):
        message = next(r.message for r in case.runs[failed[0].id] if r.before and not r.after)
        return found(
            38,
            SchemaVerdict.BREAKING,
            change.object,
            f"{said}, and a statement of the old version fails with it.",
            layer=Layer.SHADOW,
            statements=failed,
            evidence=(fact("the server says", message, Layer.SHADOW),),
            fix=mended,
        )
    body = _body(case, change.new, new=True)
    if sure := _certain(case, body):
        return found(
            38,
            SchemaVerdict.BREAKING,
            change.object,
            f"{said}, and the old version sets it off.",
            statements=statements,
            evidence=(sure,),
            fix=mended,
        )
    proven = all(_unharmed(case, s, body) for s in statements)
    return found(
        38,
        SchemaVerdict.SAFE if proven else SchemaVerdict.ATTENTION,
        change.object,
        f"{said}; the old version sets it off"
        + (", which was run and did the same." if proven else "."),
        layer=Layer.SHADOW if proven else Layer.CATALOG,
        statements=statements,
        evidence=_reads(body),
        fix="" if proven else mended,
    )


def _said(change: _Change) -> str:
    if change.old is None:
        return f"{change.object} is a new trigger"
    if change.new is None:
        return f"The trigger {change.object} is gone or switched off"
    return f"The trigger {change.object} does something else now"


def _fails(case: Case, statement: Statement) -> bool:
    """Tell whether a run failed in a way that a trigger may be the reason of."""
    return any(
        run.before and not run.after and run.code in {"P0001", "42501", "42883", "42P01", "42703"}
        for run in case.runs.get(statement.id, ())
    )


def _unharmed(case: Case, statement: Statement, body: Function | None) -> bool:
    """Tell whether runs show that nothing changed; made-up values prove nothing of conditions."""
    if same_results(case, statement):
        return True
    runs = case.runs.get(statement.id, ())
    conditional = body is None or bool(_RAISES.search(body.definition or ""))
    return (
        not conditional
        and any(run.before for run in runs)
        and all(run.after and run.same is True for run in runs if run.before)
    )


def _certain(case: Case, body: Function | None) -> Evidence | None:
    """Say why a trigger's function certainly fails for the old version; None if it may not."""
    if body is None or body.definition is None:
        return None
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", body.definition, flags=re.DOTALL)
    if _AT_ONCE.search(text):
        return fact("its function", "raises whatever the row")
    if body.security_definer:
        return None
    for written in _WRITES.finditer(text):
        schema, _, bare = written["table"].replace('"', "").rpartition(".")
        table = case.after.find(bare, schema or None)
        privilege = _PRIVILEGES[written["verb"].split()[0].lower()]
        if table is not None and lacks(case, table, privilege):
            return fact(
                "its function", f"needs {privilege} on {table.qualified}, which the role lacks"
            )
    return None


def _reads(body: Function | None) -> tuple[Evidence, ...]:
    if body is None or not _RAISES.search(body.definition or ""):
        return ()
    return (fact("its function", "raises for some rows"),)


def _concerned(case: Case, change: _Change) -> Used:
    """List the uses that set a trigger off, by cascading foreign keys too."""
    direct = (*case.touching(change.before), *through_views(case, change.before))
    parents = _parents(case, change.before)
    return (
        *(each for each in direct if _sets_off(change, *each)),
        *(
            each
            for each in parents
            if each[1].deletes and not change.events.isdisjoint({"delete", "update"})
        ),
    )


def _sets_off(change: _Change, statement: Statement, use: Use) -> bool:
    events = change.events
    if "insert" in events and use.inserts:
        return True
    if "delete" in events and use.deletes:
        return True
    if "truncate" in events and {"truncate", change.before.name} <= words(statement.text):
        return True
    return "update" in events and bool(use.updated) and _watches(change, use)


def _watches(change: _Change, use: Use) -> bool:
    """Tell whether ``UPDATE OF`` names one of the columns that are set; without it all are."""
    for trigger in (change.old, change.new):
        if trigger is not None and "update" in trigger.events:
            limited = _OF.search(trigger.definition)
            if limited is None:
                return True
            names = {each.strip().strip('"') for each in limited["columns"].split(",")}
            if names & set(use.updated):
                return True
    return False


def _parents(case: Case, relation: Relation) -> Used:
    """List the uses of tables whose deletes reach ``relation`` by a foreign key's action."""
    cascading = {"cascade", "set null", "set default"}
    return tuple(
        each
        for c in relation.constraints
        if c.references is not None and c.on_delete in cascading
        for each in case.uses(c.references)
    )


def _rules(case: Case, before: Relation, after: Relation) -> Iterator[SchemaFinding]:
    writes = tuple(each for each in case.uses(before.qualified) if each[1].writes)
    said = f"The rewrite rules of {before.qualified} are other ones"
    if writes:
        yield found(
            38,
            SchemaVerdict.ATTENTION,
            before.qualified,
            f"{said}, and the old version writes there.",
            statements=statements_of(writes),
            evidence=tuple(fact("rule", each) for each in after.rules),
        )
    else:
        verdict, hidden, why = silence(case, before, minding=writing_it)
        told = f"{said}; no known statement writes there."
        yield found(38, verdict, before.qualified, told, statements=hidden, evidence=why)


def _quiet(case: Case, change: _Change, said: str) -> SchemaFinding:
    verdict, hidden, why = silence(case, change.before, minding=writing_it)
    safe = verdict is SchemaVerdict.SAFE
    told = "the old version does not set it off." if safe else "whether it is set off is unknown."
    return found(38, verdict, change.object, f"{said}; {told}", statements=hidden, evidence=why)
