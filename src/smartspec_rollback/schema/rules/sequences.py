"""Sequences that are gone, or count in another way (a code beside the taxonomy).

Called by ``compare``. Who takes numbers is told by the names in statements and by the defaults of
tables they insert into. Privileges are judged in ``access``, new sequences in ``numbering``.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Sequence
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import SEQUENCE_CHANGED
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.reach import Kind
from smartspec_rollback.schema.reading.words import words

_LIMITS = re.compile(
    r"\bINCREMENT BY (?P<step>-?\d+) MINVALUE (?P<low>-?\d+) MAXVALUE (?P<high>-?\d+)"
    r".*?(?P<cycle>NO CYCLE|CYCLE)"
)
_BY_COLUMN = "pg_get_serial_sequence"
_RESTARTING = frozenset({"truncate", "restart", "identity"})


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every sequence of the old schema that is gone or gives other numbers."""
    now = {each.qualified: each for each in case.after.sequences}
    for old in case.before.catalog.sequences:
        new = now.get(old.qualified)
        if new is not None:
            yield from _counting(case, old, new)
            yield from _owned(case, old, new)
        elif not old.identity:
            yield from _gone(case, old)


def _gone(case: Case, old: Sequence) -> Iterator[SchemaFinding]:
    """Judge a sequence that is gone by who names it; a column's default went with it, or moved."""
    naming = tuple(s for s in case.statements if old.name.lower() in words(s.text))
    failing = tuple(s for s in naming if case.compiles(s) is not True)
    run = tuple(f for f in case.run if old.name.lower() in words(f.definition or ""))
    said = f"The sequence {old.qualified} is gone"
    if failing:
        understood = any(case.compiles(s) is False or s.uses is not None for s in failing)
        yield found(
            SEQUENCE_CHANGED,
            SchemaVerdict.BREAKING if understood else SchemaVerdict.UNKNOWN,
            old.qualified,
            f"{said}, and the old version names it.",
            statements=failing,
        )
    elif run:
        yield found(
            SEQUENCE_CHANGED,
            SchemaVerdict.UNKNOWN,
            old.qualified,
            f"{said}, and functions the old version runs name it.",
            evidence=tuple(fact("function", each.signature) for each in run[:3]),
        )
    elif old.owned_by is None:
        yield found(
            SEQUENCE_CHANGED,
            case.unused,
            old.qualified,
            f"{said}; no known statement of the old version names it.",
        )


def _owned(case: Case, old: Sequence, new: Sequence) -> Iterator[SchemaFinding]:
    """Judge a sequence that is no longer found, or set back, by way of its column."""
    if old.owned_by is None or old.owned_by == new.owned_by:
        return
    table = old.owned_by.split(".")[-2].lower()
    if asking := tuple(
        each
        for each in case.statements
        if {table} < (said := words(each.text)) and (_BY_COLUMN in said or said >= _RESTARTING)
    ):
        yield found(
            SEQUENCE_CHANGED,
            SchemaVerdict.ATTENTION,
            old.qualified,
            f"The sequence {old.qualified} does not belong to {old.owned_by} any more, and the old "
            "version gets to it by that column.",
            statements=asking,
            evidence=(fact("it belongs to", new.owned_by or "no column"),),
        )


def _counting(case: Case, old: Sequence, new: Sequence) -> Iterator[SchemaFinding]:
    was, now = _LIMITS.search(old.definition), _LIMITS.search(new.definition)
    if was is None or now is None:
        return
    changed = [name for name in ("step", "low", "high", "cycle") if was[name] != now[name]]
    if not changed:
        return
    evidence = (fact("it was", was.group()), fact("it is", now.group()))
    said = f"The sequence {old.qualified} counts in another way"
    taking = _taking(case, old)
    if not taking:
        yield found(
            SEQUENCE_CHANGED,
            case.unused,
            old.qualified,
            f"{said}; no known statement of the old version takes numbers from it.",
            evidence=evidence,
        )
        return
    roomier = (
        was["step"] == now["step"]
        and was["cycle"] == now["cycle"]
        and int(now["low"]) <= int(was["low"])
        and int(now["high"]) >= int(was["high"])
    )
    yield found(
        SEQUENCE_CHANGED,
        SchemaVerdict.SAFE if roomier and old.type == new.type else SchemaVerdict.ATTENTION,
        old.qualified,
        f"{said}"
        + (
            "; it gives the same numbers, and more of them."
            if roomier
            else ", and the old version takes numbers from it."
        ),
        statements=taking,
        evidence=evidence,
    )


def _taking(case: Case, sequence: Sequence) -> tuple[Statement, ...]:
    return case.reach.statements((Kind.SEQUENCE, sequence.qualified))
