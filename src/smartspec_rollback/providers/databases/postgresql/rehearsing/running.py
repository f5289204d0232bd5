"""Execute statements on two scratch copies with the same values, and compare what comes of it.

Called by ``rehearse`` (layer L3). Both copies execute at once, see ``execution``; only what worked
on the first one counts.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from smartspec_rollback.domain.workload import Run, Statement
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.rehearsing.execution import (
    Copy,
    Outcome,
    Values,
)
from smartspec_rollback.providers.databases.postgresql.rehearsing.parameters import Chooser, slots

_NO_PARENT = "23503"


def runs(
    before: Copy,
    after: Copy,
    statements: Sequence[Statement],
    chooser: Chooser,
    *,
    doubtful: frozenset[str],
    recorded: bool,
    deadline: Deadline,
) -> tuple[tuple[Run, ...], int]:
    """Execute each statement with a few sets of values on both; also count those left out.

    The most telling set of each statement makes its Run: one that fails after, then one whose
    results differ, then any. ``doubtful`` tables lack rows after that they have before, which is
    no fault of the schema: results there are not compared, missing parents not counted.
    """
    found = []
    left = 0
    for statement in statements:
        if deadline.expired:
            left += 1
            continue
        best: Run | None = None
        doubt = bool(doubtful) and (
            statement.uses is None or any(use.relation in doubtful for use in statement.uses)
        )
        places = slots(statement.text, before.catalog)
        for values in chooser.sets(statement, places) if places is not None else ():
            run = _run(before, after, statement, values, recorded=recorded)
            if run is not None and doubt:
                run = _less(run)
            if run is not None and (best is None or _weight(run) > _weight(best)):
                best = run
        if best is not None:
            found.append(best)
        else:
            left += 1
    before.close()
    after.close()
    return tuple(found), left


def _less(run: Run) -> Run | None:
    """Take away what rows that are missing may have caused."""
    if run.code == _NO_PARENT:
        return None
    return msgspec.structs.replace(run, same=None, message=run.message if run.code else "")


def _weight(run: Run) -> int:
    if not run.after:
        return 3
    return 2 if run.same is False else int(run.same is True)


def _run(
    before: Copy, after: Copy, statement: Statement, values: Values, *, recorded: bool
) -> Run | None:
    """Execute with one set of values; None where it did not work before."""
    types, types_after = before.types(statement), after.types(statement)
    if types is None or types_after is None:
        return None
    before.begin(statement.text, values, types)
    after.begin(statement.text, values, types_after)
    first, other = before.end(), after.end()
    if not first.worked:
        return None
    same: bool | None = None
    if other.worked:
        same = first == other
        if not same:
            # What differs from one execution to the next (now(), sequences) tells nothing.
            again = before.execute(statement.text, values, types) if first.rows else first
            same = _same(first, again, other)
    return Run(
        statement=statement.id,
        before=True,
        after=other.worked,
        same=same,
        code=other.code,
        message=other.message or _difference(first, other, same),
        values="recorded" if recorded else "made up",
    )


def _same(first: Outcome, again: Outcome, other: Outcome) -> bool | None:
    """Compare rows in any order, by the columns the first has, stable ones only."""
    if len(again.rows) != len(first.rows):
        return None
    if first.touched != other.touched:
        return False
    places = _places(first.columns, other.columns)
    if places is None:
        return False
    stable = [
        n
        for n in range(len(first.columns))
        if Counter(row[n] for row in first.rows) == Counter(row[n] for row in again.rows)
    ]
    mine = Counter(tuple(row[n] for n in stable) for row in first.rows)
    theirs = Counter(tuple(row[places[n]] for n in stable) for row in other.rows)
    return mine == theirs


def _places(columns: tuple[str, ...], others: tuple[str, ...]) -> list[int] | None:
    """Find each column by its name, and by how many of that name stand before it."""
    places: dict[tuple[str, int], int] = {}
    for n, name in enumerate(others):
        places[name, others[:n].count(name)] = n
    found = [places.get((name, columns[:n].count(name))) for n, name in enumerate(columns)]
    return None if None in found else [place for place in found if place is not None]


def _difference(first: Outcome, other: Outcome, same: bool | None) -> str:  # noqa: FBT001 # a result
    if same is not False:
        return ""
    if first.touched != other.touched:
        return f"{first.touched} rows before, {other.touched} after"
    if _places(first.columns, other.columns) is None:
        return "the result has other columns"
    return "the rows differ"
