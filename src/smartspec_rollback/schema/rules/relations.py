"""Tables added, dropped, renamed, moved or split (rows 4, 8, 9, 11 and 12).

Called by ``compare``. A view in a table's place is judged in ``behind_views``, partitions in
``partitions``.
"""

import re
from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import BY_ROW
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Fate, Match
from smartspec_rollback.schema.workload.using import (
    Used,
    refusal,
    silence,
    statements_of,
    still_failing,
    through_views,
    told_quiet,
)

_PARTS = 2
"""From how many tables on that share a dropped one's columns it counts as split."""


def findings(case: Case) -> Iterable[SchemaFinding]:
    """Judge every table that is not what or where it was."""
    for relation in case.matching.added:
        yield _added(case, relation)
    for relation in case.matching.dropped:
        yield _dropped(case, relation)
    for pair in case.matching.matches:
        match pair.fate:
            case Fate.RENAMED | Fate.MOVED:
                yield _gone_elsewhere(case, pair)
            case Fate.KEPT:
                yield from _emptied(case, pair)
            case Fate.BEHIND_VIEW | Fate.VIEW:
                pass  # judged in ``behind_views``


def _added(case: Case, relation: Relation) -> SchemaFinding:
    """Judge a new table: safe, unless it takes the place of one the old version means."""
    loses, evidence = _rows(case, relation)
    if (shadowed := _shadowed(case, relation)) is not None:
        used = _unqualified(case.uses(shadowed.qualified), shadowed)
        if used:
            return found(
                4,
                SchemaVerdict.BREAKING,
                relation.qualified,
                f"The new table {relation.qualified} is found before {shadowed.qualified}, which "
                "the old version means.",
                statements=statements_of(used),
                evidence=evidence,
                loses=loses,
            )
    if relation.empty is not True and (sharing := _sharing(case, relation)):
        return found(
            4,
            SchemaVerdict.ATTENTION,
            relation.qualified,
            f"The new table {relation.qualified} inherits from one that the old version reads: its "
            "rows are found there too.",
            statements=statements_of(sharing),
            evidence=evidence,
            loses=loses,
        )
    return found(
        4,
        SchemaVerdict.SAFE,
        relation.qualified,
        f"The table {relation.qualified} is new; the old version does not know it.",
        evidence=evidence,
        loses=loses,
    )


def _sharing(case: Case, relation: Relation) -> Used:
    return tuple(each for parent in relation.inherits for each in case.uses(parent))


def _rows(case: Case, relation: Relation) -> tuple[str, tuple[Evidence, ...]]:
    """Ask how many rows a new table has: they go when the change is reversed."""
    if relation.empty:
        return "", (fact("rows", "none when the schema was read", Layer.PROBE),)
    answer = case.ask(Question(kind=QuestionKind.ROWS, relation=relation.qualified))
    if answer is None:
        return "its rows", ()
    told = counted("rows that reversing would lose", answer)
    return (f"{told.value} rows" if answer.rows else ""), (told,)


def _shadowed(case: Case, relation: Relation) -> Relation | None:
    """Find the old table whose bare name the search path now resolves to ``relation``."""
    meant = case.before.catalog.find(relation.name)
    now = case.after.find(relation.name)
    if meant is None or now is None or now.qualified != relation.qualified:
        return None
    return meant if meant.qualified in case.new else None


def _unqualified(used: Used, relation: Relation) -> Used:
    """Keep the statements that name ``relation`` without its schema."""
    name = rf'"?{re.escape(relation.name)}"?(?!\w)'
    qualified = re.compile(rf'(?<!\w)"?{re.escape(relation.schema)}"?\s*\.\s*{name}', re.IGNORECASE)
    bare = re.compile(rf"(?<![\w.]){name}", re.IGNORECASE)
    return tuple(
        (statement, use)
        for statement, use in used
        if bare.search(qualified.sub(" ", statement.text))
    )


def _dropped(case: Case, relation: Relation) -> SchemaFinding:
    parts = _parts(case, relation)
    code = 12 if parts else 8
    into = f" Its columns are in {', '.join(parts)} now." if parts else ""
    used = (*case.uses(relation.qualified), *through_views(case, relation))
    if failing := still_failing(case, used):
        return found(
            code,
            SchemaVerdict.BREAKING,
            relation.qualified,
            f"The old version uses the table {relation.qualified}, which is gone.{into}",
            statements=statements_of(failing),
            evidence=refusal(case, failing),
        )
    if (elsewhere := _elsewhere(case, relation)) is not None and used:
        return found(
            code,
            SchemaVerdict.BREAKING,
            relation.qualified,
            f"What the old version wrote for {relation.qualified}, which is gone, now reaches "
            f"{elsewhere.qualified}, another table.",
            statements=statements_of(used),
        )
    if missing := tuple(e for a in case.ancestors(relation) for e in case.uses(a.qualified)):
        return found(
            code,
            SchemaVerdict.ATTENTION,
            relation.qualified,
            f"The table {relation.qualified} is gone, and its rows with it, from what the old "
            "version reads.",
            statements=statements_of(missing),
        )
    verdict, hidden, evidence = silence(case, relation, compiling=True)
    return found(
        code,
        SchemaVerdict.SAFE if used and not hidden else verdict,
        relation.qualified,
        f"The table {relation.qualified} is gone; {told_quiet(verdict, hidden, used)}{into}",
        statements=hidden,
        evidence=evidence,
    )


def _parts(case: Case, relation: Relation) -> tuple[str, ...]:
    """Name the new tables that together hold a dropped one's columns, if they do."""
    wanted = {(c.name, c.type) for c in relation.columns} - {
        (name, c.type) for name in relation.primary_key if (c := relation.column(name))
    }
    shares = {
        new.qualified: wanted & {(c.name, c.type) for c in new.columns}
        for new in case.matching.added
    }
    holding = {name: share for name, share in shares.items() if share and share != wanted}
    covered = frozenset().union(*holding.values()) if holding else frozenset()
    return tuple(sorted(holding)) if len(holding) >= _PARTS and covered == wanted else ()


def _elsewhere(case: Case, relation: Relation) -> Relation | None:
    """Find another old table that a dropped one's bare name now resolves to."""
    now = case.after.find(relation.name)
    return now if now is not None and now.qualified in case.old else None


def _gone_elsewhere(case: Case, pair: Match) -> SchemaFinding:
    """Judge a table that has another name or schema now."""
    code = 9 if pair.fate is Fate.RENAMED else 11
    became = f"{pair.old.qualified} is {pair.new.qualified} now"
    used = (*case.uses(pair.old.qualified), *through_views(case, pair.old))
    direct = case.uses(pair.old.qualified)
    failing = still_failing(case, direct)
    if code == 11 and case.after.find(pair.old.name) == pair.new:  # noqa: PLR2004 - a row's number
        failing = tuple(
            each
            for each in failing
            if case.compiles(each[0]) is False
            or pair.old.schema.lower() + "." in each[0].text.lower().replace('"', "")
        )
    if failing:
        return found(
            code,
            SchemaVerdict.BREAKING,
            pair.old.qualified,
            f"{became}, and the old version uses the old name.",
            statements=statements_of(failing),
            evidence=refusal(case, failing),
            fix=fix(BY_ROW[code].name, case, pair.old.qualified, to=pair.new.qualified),
        )
    if used:
        return found(
            code,
            SchemaVerdict.SAFE,
            pair.old.qualified,
            f"{became}; every statement of the old version still finds it.",
            statements=statements_of(used),
        )
    verdict, hidden, evidence = silence(case, pair.old, compiling=True)
    return found(
        code,
        verdict,
        pair.old.qualified,
        f"{became}; {told_quiet(verdict, hidden, ())}",
        statements=hidden,
        evidence=evidence,
    )


def _emptied(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Report a table whose rows are all gone, though the old version does not delete them."""
    if pair.new.empty is not True or pair.old.empty is not False:
        return
    remade = pair.old.kind is not pair.new.kind
    used = (*case.touching(pair.old), *through_views(case, pair.old))
    if not used or not (remade or case.same_database):
        return
    if remade:
        yield found(
            48,
            SchemaVerdict.BREAKING,
            pair.old.qualified,
            f"{pair.old.qualified} was made anew as a {pair.new.kind}, and the rows it had under "
            "the old version are gone.",
            statements=statements_of(used),
        )
    elif not any(use.deletes for _, use in used):
        yield found(
            48,
            SchemaVerdict.ATTENTION,
            pair.old.qualified,
            f"{pair.old.qualified} had rows under the old version, which deletes none, and has "
            "none now.",
            layer=Layer.PROBE,
            statements=statements_of(used),
        )
