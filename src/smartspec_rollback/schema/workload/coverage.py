"""How much of what the old version asks of the database is known.

Called by ``compare``. Where a share cannot be known, the lower one counts: too low a coverage costs
an "unknown", too high a one a false "safe".
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Catalog, Relation, RelationKind
from smartspec_rollback.domain.comparison import Coverage
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import ENOUGH, views_over
from smartspec_rollback.schema.matching import is_ledger

_NAMED = 10
"""How many untouched tables are named; the others are counted."""
_JUST_BELOW = ENOUGH - 0.01


def measure(
    statements: tuple[Statement, ...],
    catalog: Catalog,
    gaps: tuple[str, ...] = (),
    *,
    never_worked: int = 0,
    incomplete: bool | None = None,
) -> Coverage:
    """Measure the coverage of ``statements``, those that never worked already left out.

    ``gaps`` are the source's own (evicted entries, truncated texts); with any of them
    (``incomplete`` None) the share stays below what is enough.
    """
    understood = [each for each in statements if each.understood]
    tables = [each.qualified for each in catalog.relations if _counts(each)]
    untouched = _untouched(tables, understood, catalog)
    calls = _calls(statements, understood)
    shares = [
        len(understood) / len(statements) if statements else 0.0,
        1.0 if calls is None else calls,
        (len(tables) - len(untouched)) / len(tables) if tables else 1.0,
    ]
    if gaps if incomplete is None else incomplete:
        shares.append(_JUST_BELOW)
    return Coverage(
        statements=len(statements),
        understood=len(understood),
        calls=calls,
        tables=len(tables),
        touched=len(tables) - len(untouched),
        share=min(shares) if statements else 0.0,
        gaps=(*gaps, *_said(statements, understood, untouched, never_worked)),
    )


def _counts(relation: Relation) -> bool:
    return (
        relation.kind in {RelationKind.TABLE, RelationKind.PARTITIONED}
        and relation.partition_of is None
        and relation.extension is None
        and not is_ledger(relation)
    )


def _calls(statements: Iterable[Statement], understood: Iterable[Statement]) -> float | None:
    everyone = sum(each.calls or 0 for each in statements)
    known = sum(each.calls or 0 for each in understood)
    return known / everyone if everyone else None


def _untouched(
    tables: list[str], understood: Iterable[Statement], catalog: Catalog
) -> tuple[str, ...]:
    named = {use.relation for statement in understood for use in statement.uses or ()}
    # Who uses a partition uses the whole; who uses a parent gets to its children.
    named |= {r.partition_of for r in catalog.relations if r.partition_of and r.qualified in named}
    named |= {r.qualified for r in catalog.relations if named.intersection(r.inherits)}
    over = views_over(catalog)
    return tuple(
        sorted(
            table
            for table in tables
            if table not in named
            and not any(view.qualified in named for view in over.get(table, ()))
        )
    )


def _said(
    statements: tuple[Statement, ...],
    understood: list[Statement],
    untouched: tuple[str, ...],
    never_worked: int,
) -> tuple[str, ...]:
    gaps = []
    if not statements:
        gaps.append("no statement of the old version is known")
    elif missing := len(statements) - len(understood):
        gaps.append(f"{missing} of {len(statements)} statements could not be understood")
    if never_worked:
        said = "1 statement" if never_worked == 1 else f"{never_worked} statements"
        gaps.append(f"never worked on the old schema, and left out: {said}")
    if untouched and statements:
        names = ", ".join(untouched[:_NAMED])
        more = f" and {len(untouched) - _NAMED} more" if len(untouched) > _NAMED else ""
        gaps.append(f"no known statement uses {names}{more}")
    return tuple(gaps)
