"""Check 13: no data written since the deployment is lost or unreadable after going back.

Going back never reverses a migration, so nothing is deleted; what is judged is what the old version
does not see, and what it cannot read.
"""

from collections.abc import Iterator

from smartspec_rollback.checks.database_words import (
    COMPARISON,
    DATABASE,
    OF_DATA,
    changes,
    not_checked,
    plainly,
    ranked,
    source,
    unlooked,
)
from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import LEDGER, clause, counted, fact, listed, moment
from smartspec_rollback.domain.comparison import Comparison, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.database_facts import DatabaseFacts, Gap, Unseen, Writes
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.values import Evidence

NAME = "data-loss"
NUMBER = 13
TITLE = "Can data written since the deployment get lost?"
LOOKS_AT = (
    "The rows of the live database that hold something in tables and columns the target does not "
    "know, counted since the migrations were done, and rows the target cannot read. "
    "`database: none` is a declaration, and passes."
)
BLOCKS_WHEN = "There are rows that the target cannot read, or that it would spoil."

PASSED = "No data loss risk identified."

_SAYS = Says(NAME, NUMBER)
_COUNTED = 10
_REVERSALS = 3


def check(facts: Facts, /) -> Finding:
    """Pass only where every place the target does not know was counted, and holds nothing."""
    old, new = facts.chosen.release.version, facts.failed.release.version
    by_hand = _by_hand(facts)
    decided = unlooked(facts, _SAYS, what="Data loss", passed=PASSED, by_hand=by_hand)
    if decided is not None or facts.database is None:
        return decided or not_checked(facts, _SAYS, None, what="Data loss", by_hand=by_hand)
    seen, told = facts.database, _of_data(facts.database.comparison)
    if told and told[0].verdict is SchemaVerdict.BREAKING:
        return _SAYS.blocking(
            f"There is data that {old} cannot work with: {clause(told[0].summary)}.",
            *changes(told, old),
            *source(seen),
            remedy=f"roll forward instead: mend {new} and deploy it; or mend those rows first",
        )
    if seen.comparison is None or seen.writes is None:
        gap = seen.comparison_gap if seen.comparison is None else seen.writes_gap
        counted_all_the_same = _counts(seen.writes, old) if seen.writes else ()
        return not_checked(
            facts, _SAYS, gap, *counted_all_the_same, what="Data loss", by_hand=by_hand
        )
    return _weighed(facts, seen, seen.comparison, seen.writes, told)


def _by_hand(facts: Facts) -> str:
    old, new = facts.chosen.release.version, facts.failed.release.version
    return f"find out yourself whether {old} can read what {new} wrote"


def _of_data(comparison: Comparison | None) -> tuple[SchemaFinding, ...]:
    found = comparison.findings if comparison else ()
    return ranked(f for f in found if f.code in OF_DATA)


def _weighed(
    facts: Facts,
    seen: DatabaseFacts,
    comparison: Comparison,
    writes: Writes,
    told: tuple[SchemaFinding, ...],
) -> Finding:
    old = facts.chosen.release.version
    evidence = (*changes(told, old), *_counts(writes, old), *_reversing(comparison))
    uncounted = tuple(each for each in writes.objects if each.rows is None)
    held = tuple(each for each in writes.objects if each.rows)
    unsure = told[0] if told and told[0].verdict is SchemaVerdict.UNKNOWN else None
    if uncounted or unsure:
        by_hand = _by_hand(facts)
        gap = Gap(what=clause(unsure.summary) if unsure else _why(uncounted), remedy=by_hand)
        return not_checked(facts, _SAYS, gap, *evidence, what="Data loss", by_hand=by_hand)
    if held or told:
        return _SAYS.attention(
            f"{_not_seen(held, writes, old)}." if held else f"{clause(told[0].summary)}.",
            *evidence,
            *source(seen),
            remedy=f"going back deletes nothing, but {old} acts as if that were not there; tell "
            "whoever relies on it, and reverse no migration",
        )
    return _SAYS.passed(PASSED, *evidence, *source(seen))


def _why(uncounted: tuple[Unseen, ...]) -> str:
    first = uncounted[0]
    more = f" (and {len(uncounted) - 1} more)" if len(uncounted) > 1 else ""
    return f"the rows in {plainly(first.object)}{more} were not counted: {clause(first.reason)}"


def _not_seen(held: tuple[Unseen, ...], writes: Writes, old: str) -> str:
    """Say where rows hold something the old version does not see, and how many."""
    told = listed(f"{plainly(each.object)} ({_rows(each)})" for each in held)
    when = "written since the deployment" if _sharply(writes) else "written since its migrations"
    if len(held) > 1:
        return f"Rows {when} are not seen by {old}: {told}"
    only = _rows(held[0])
    verb = "is" if held[0].rows == 1 else "are"
    return f"{only[0].upper()}{only[1:]} {when} {verb} not seen by {old}: {told}"


def _rows(each: Unseen) -> str:
    count = counted(each.rows or 0, "row")
    return count if each.exact else f"up to {count}"


def _sharply(writes: Writes) -> bool:
    """Whether counting began before the new version could write anything."""
    return writes.phase is Phase.AFTER_MIGRATIONS


def _counts(writes: Writes, old: str) -> Iterator[Evidence]:
    if not writes.objects:
        yield fact(f"tables and columns {old} does not know", "none", DATABASE)
        return
    held = [each for each in writes.objects if each.rows]
    for each in held[:_COUNTED]:
        yield fact(each.object, f"{_rows(each)} not seen by {old}", each.how or DATABASE)
    if empty := [plainly(each.object) for each in writes.objects if each.rows == 0]:
        yield fact("nothing in", listed(empty), DATABASE)
    if missed := [plainly(each.object) for each in writes.objects if each.rows is None]:
        yield fact("not counted", listed(missed), DATABASE)
    marked = f"{moment(writes.since)}, when the migrations were done"
    unmarked = "the migrations themselves: nobody marked when they were done"
    yield fact("counted since", marked if _sharply(writes) else unmarked, LEDGER)


def _reversing(comparison: Comparison) -> Iterator[Evidence]:
    """Say what reversing the migrations would lose; nothing here ever reverses one."""
    loses = [f"{plainly(f.object)}: {clause(f.loses)}" for f in comparison.findings if f.loses]
    if loses:
        more = len(loses) - _REVERSALS
        told = "; ".join(loses[:_REVERSALS]) + (f"; and {more} more" if more > 0 else "")
        yield fact("a reversal would lose", told, COMPARISON)
