"""Checks 8 to 12: the target can work with the database schema as it is now.

One check for all of them, since one comparison answers them: used tables and columns, types,
constraints, labels, and migrations. What rows hold is check 13's.
"""

from collections.abc import Iterator

from smartspec_rollback.checks.database_words import (
    DATABASE,
    OF_DATA,
    changes,
    extent,
    not_checked,
    ranked,
    source,
    unlooked,
)
from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import clause, fact, listed
from smartspec_rollback.domain.comparison import Comparison, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.database_facts import DatabaseFacts
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import FIX_TO_REVIEW, Finding
from smartspec_rollback.domain.values import Evidence

NAME = "schema-compatible"
NUMBER = 8
TITLE = "Can the target work with the database schema as it is now?"
LOOKS_AT = (
    "What was recorded of the schema and of the target's own statements while it was live, "
    "compared with the live database: what they use is still there, and what they write is still "
    "accepted. `database: none` is a declaration, and passes."
)
BLOCKS_WHEN = (
    "A statement of the target fails on the schema as it is now, or a migration stopped half-way."
)

PASSED = "No breaking database schema changes detected."

_SAYS = Says(NAME, NUMBER)
_HALF_WAY = "migration-incomplete"


def check(facts: Facts, /) -> Finding:
    """Pass only where a comparison found nothing that matters, or no database was declared."""
    old, new = facts.chosen.release.version, facts.failed.release.version
    by_hand = f"compare the schema changes between {old} and {new} yourself"
    decided = unlooked(facts, _SAYS, what="Schema", passed=PASSED, by_hand=by_hand)
    if decided is not None or facts.database is None:
        return decided or not_checked(facts, _SAYS, None, what="Schema", by_hand=by_hand)
    seen, comparison = facts.database, facts.database.comparison
    if stopped := _half_way(seen):
        return _stopped(facts, seen, stopped)
    if comparison is None:
        gap = seen.comparison_gap
        return not_checked(facts, _SAYS, gap, what="Schema", by_hand=by_hand)
    return _compared(facts, seen, comparison)


def _half_way(seen: DatabaseFacts) -> tuple[str, ...]:
    """Name the migrations that stopped half-way."""
    if seen.migrations is not None and seen.migrations.incomplete:
        return seen.migrations.incomplete
    found = seen.comparison.findings if seen.comparison else ()
    return tuple(f.object for f in found if f.code == _HALF_WAY)


def _stopped(facts: Facts, seen: DatabaseFacts, stopped: tuple[str, ...]) -> Finding:
    old = facts.chosen.release.version
    return _SAYS.blocking(
        f"What {old} would find is not known: a migration stopped half-way ({listed(stopped)}).",
        *source(seen),
        fact("half-way", listed(stopped), DATABASE),
        *(changes(_findings(seen.comparison), old) if seen.comparison else ()),
        remedy="finish or undo that migration by hand, then plan again",
    )


def _findings(comparison: Comparison) -> tuple[SchemaFinding, ...]:
    return ranked(f for f in comparison.findings if f.code not in {*OF_DATA, _HALF_WAY})


def _verdict(comparison: Comparison, told: tuple[SchemaFinding, ...]) -> SchemaVerdict:
    """Leave out what only the rows are the reason of; anything else of the verdict stays."""
    every = ranked(comparison.findings)
    worst = every[0].verdict if every else SchemaVerdict.SAFE
    if comparison.verdict.rank > worst.rank:
        return comparison.verdict
    return told[0].verdict if told else SchemaVerdict.SAFE


def _compared(facts: Facts, seen: DatabaseFacts, comparison: Comparison) -> Finding:
    old, new = facts.chosen.release.version, facts.failed.release.version
    told = _findings(comparison)
    evidence = (*changes(told, old), *_behind(seen, comparison))
    why = _why(told, comparison)
    match _verdict(comparison, told):
        case SchemaVerdict.SAFE:
            return _SAYS.passed(PASSED, *evidence)
        case SchemaVerdict.ATTENTION:
            return _SAYS.attention(
                f"The schema changed where {old} may notice it: {why}.",
                *evidence,
                remedy=f"look whether {old} minds; nothing known of it fails",
            )
        case SchemaVerdict.BREAKING:
            return _SAYS.blocking(
                f"{old} does not work with the schema: {why}.",
                *evidence,
                remedy=_way_out(new, old, evidence),
            )
        case SchemaVerdict.UNKNOWN:
            return _SAYS.unknown(
                f"Schema not checked enough to tell whether {old} works with it: {why}.",
                *evidence,
                remedy=f"look at what is not known, or at the changes since {old} yourself; "
                "`statements:` names files with the service's own statements",
            )


def _why(told: tuple[SchemaFinding, ...], comparison: Comparison) -> str:
    if not told:
        return clause(comparison.reason)
    worst = told[0].verdict
    more = sum(f.verdict is worst for f in told) - 1
    return clause(told[0].summary) + (f" (and {more} more)" if more else "")


def _way_out(new: str, old: str, evidence: tuple[Evidence, ...]) -> str:
    """Say what to do instead of rolling back; a fix is only ever named where there is one."""
    forward = f"roll forward instead: mend {new} and deploy it"
    if any(item.fact == FIX_TO_REVIEW for item in evidence):
        return (
            f"{forward}; or have the SQL under `{FIX_TO_REVIEW}` reviewed and applied, and plan "
            f"again: it is meant to make {old} work with this schema"
        )
    return forward


def _behind(seen: DatabaseFacts, comparison: Comparison) -> Iterator[Evidence]:
    yield from source(seen)
    yield from extent(comparison)
    if seen.migrations is not None and seen.migrations.added:
        yield fact("migrations since", listed(seen.migrations.added), DATABASE)
    if seen.migrations_gap is not None:
        yield fact("migrations", f"not read: {clause(seen.migrations_gap.what)}", DATABASE)
