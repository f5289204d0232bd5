"""What the checks of schema and data share: their ways to "not checked", and evidence in words."""

from collections.abc import Iterable, Iterator

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, LEDGER, clause, fact, listed, moment
from smartspec_rollback.domain.comparison import Comparison, Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.database_facts import DatabaseFacts, Gap
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import FIX_TO_REVIEW, Finding
from smartspec_rollback.domain.values import Evidence

OF_DATA = frozenset({"enum-value-written", "data-reformatted", "format-changed", "rows-deleted"})
"""Codes about the rows there are, not about the schema: the check of data decides on them."""

LAYERS = {
    Layer.MIGRATIONS: "L0 migrations",
    Layer.CATALOG: "L1 catalog",
    Layer.WORKLOAD: "L2 statements",
    Layer.SHADOW: "L3 scratch copy",
    Layer.PROBE: "L4 rows",
}
DATABASE = "database"
COMPARISON = "comparison"

_SHOWN = 5
_STATEMENT = 300
_SEEN_BY_ITSELF = 2


def unlooked(facts: Facts, says: Says, *, what: str, passed: str, by_hand: str) -> Finding | None:
    """Decide where there is nothing to look at; None where the database was looked into.

    ``what`` begins the sentence of what was not checked (``Schema``).
    """
    service, kind = facts.settings.target.service, facts.settings.database
    if kind == "none":
        return says.passed(passed, fact("database", "none", DECLARED))
    if kind is None:
        return says.unknown(
            f"{what} not checked: no database configured for {service}.",
            remedy=f"declare `database: none` if {service} has none; otherwise {by_hand}",
        )
    if facts.database is None:
        return says.unknown(
            f"{what} not checked: the checks for {kind} are not available.",
            fact("database", kind, DECLARED),
            remedy=by_hand,
        )
    return None


def not_checked(
    facts: Facts, says: Says, gap: Gap | None, *evidence: Evidence, what: str, by_hand: str
) -> Finding:
    """Say why nothing can be said, and what to do; ``evidence`` is what is known all the same."""
    seen = facts.database
    known = seen is not None and seen.recorded_at is not None
    if facts.ledger_gap is not None and not known:
        gap = Gap(what=f"the ledger {facts.ledger_gap}", remedy=by_hand)
    gap = gap or Gap(what="the database could not be looked into", remedy=by_hand)
    return says.unknown(
        f"{what} not checked: {clause(gap.what)}.",
        *evidence,
        *(source(seen) if seen else ()),
        remedy=clause(gap.remedy) or by_hand,
    )


def source(seen: DatabaseFacts) -> Iterator[Evidence]:
    """Name the database, and what the old version is known from."""
    if seen.identity is not None:
        yield fact("database", seen.identity, DATABASE)
    if seen.recorded_at is not None:
        phase = f"{seen.recorded_with}, {seen.recorded_phase}"
        yield fact("recorded", f"{moment(seen.recorded_at)} ({phase})", LEDGER)


def extent(comparison: Comparison) -> Iterator[Evidence]:
    """Say how much of the old version's statements is known, and what nobody looked at."""
    known = comparison.coverage
    calls = "" if known.calls is None else f", {known.calls:.0%} of the calls"
    yield fact(
        "coverage",
        f"{known.percent} (understood: {known.understood} of {known.statements} statements{calls})",
        COMPARISON,
    )
    if known.gaps:
        yield fact("not known", _few(known.gaps), COMPARISON)
    if comparison.unseen:
        yield fact("not looked at", _few(comparison.unseen), COMPARISON)


def ranked(findings: Iterable[SchemaFinding]) -> tuple[SchemaFinding, ...]:
    """Put the worst first; what is safe says nothing."""
    told = (f for f in findings if f.verdict is not SchemaVerdict.SAFE)
    return tuple(sorted(told, key=lambda f: -f.verdict.rank))


def changes(findings: tuple[SchemaFinding, ...], version: str) -> Iterator[Evidence]:
    """Tell of each change what it is, which statement it concerns, who saw it, and the fix."""
    for finding in findings[:_SHOWN]:
        seen_by = dict.fromkeys((finding.layer, *finding.layers))
        layers = ", ".join(LAYERS[layer] for layer in seen_by)
        stated = f"{clause(finding.summary)} [{finding.verdict}, {finding.code}]"
        yield fact(finding.object, stated, layers)
        if finding.statement is not None:
            more = f" and {finding.others} more" if finding.others else ""
            said = f"statement of {version}"
            yield fact(
                said, shortened(finding.statement) + more, finding.statement_id or "workload"
            )
        yield from finding.evidence[:_SEEN_BY_ITSELF]
        if finding.fix:
            yield fact(FIX_TO_REVIEW, on_one_line(finding.fix), "not applied")
    if others := findings[_SHOWN:]:
        yield fact("more changes", listed(f.object for f in others), COMPARISON)


def shortened(statement: str) -> str:
    """Write a statement on one line, and not all of it where it is long."""
    line = " ".join(statement[: 4 * _STATEMENT].split())
    return line if len(line) <= _STATEMENT else f"{line[: _STATEMENT - 1].rstrip()}…"


def on_one_line(sql: str) -> str:
    """Write SQL on one line that still means the same: a remark must not swallow what follows."""
    lines = (line.strip() for line in sql.splitlines())
    return " ".join(
        f"/* {line.removeprefix('--').strip().replace('*/', '* /')} */"
        if line.startswith("--")
        else line
        for line in lines
        if line
    )


def plainly(name: str) -> str:
    """Name an object as people do: without the schema everything is in by default."""
    return name.removeprefix("public.")


def _few(texts: tuple[str, ...]) -> str:
    more = len(texts) - 3
    return "; ".join(map(clause, texts[:3])) + (f"; and {more} more" if more > 0 else "")
