"""Columns that kept their names and stand in another place (rows 2, 7, 9).

Called by ``columns``. A place tells what a name hides: two names swapped, a column dropped and
added again. Inserts without names go by places alone.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import found
from smartspec_rollback.schema.matching import Match
from smartspec_rollback.schema.workload.using import reading, statements_of, touching

_TWO = 2


def moved(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Judge the places of one table's columns."""
    yield from _order(case, pair)
    yield from _anew(case, pair)


def _order(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Judge columns that stand in another order: inserts without names fill the wrong ones."""
    old = [c.name for c in sorted(pair.old.columns, key=lambda each: each.position)]
    new = [c.name for c in sorted(pair.new.columns, key=lambda each: each.position)]
    renamed = {now.name: was.name for was, now in pair.columns.renamed}
    if [renamed.get(name, name) for name in new[: len(old)]] == old:
        return
    blind = tuple(
        (statement, use)
        for statement, use in case.uses(pair.old.qualified)
        if use.inserts and use.inserted is None
    )
    if blind:
        yield found(
            7 if set(old) - set(new) else 2,
            SchemaVerdict.BREAKING,
            pair.old.qualified,
            f"The old version inserts into {pair.old.qualified} without naming columns, and their "
            "order is another one now.",
            statements=statements_of(blind),
        )
    yield from _swapped(case, pair)


def _anew(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Judge columns that were dropped and added again: PostgreSQL gives no place a second time."""
    if case.before.catalog.kind != "postgresql" or case.after.kind != "postgresql":
        return
    last = max((column.position for column in pair.old.columns), default=0)
    for column, now in pair.columns.kept:
        if now.position <= last or now.generated is not None:
            continue
        if readers := reading(case, pair.old, column.name):
            object_ = f"{pair.old.qualified}.{column.name}"
            yield found(
                7,
                SchemaVerdict.ATTENTION,
                object_,
                f"{object_} was dropped and added again: its old values are gone, unless they were "
                "copied.",
                statements=statements_of(readers),
            )


def _swapped(case: Case, pair: Match) -> Iterable[SchemaFinding]:
    """Judge two columns of which each stands in the other's place: probably their names changed."""
    old = {c.position: c.name for c in pair.old.columns}
    new = {c.position: c.name for c in pair.new.columns}
    moved = [place for place, name in old.items() if new.get(place) != name]
    if len(moved) != _TWO or {old[p] for p in moved} != {new.get(p) for p in moved}:
        return
    first, second = (old[place] for place in moved)
    used = (*touching(case, pair.old, first), *touching(case, pair.old, second))
    if used:
        yield found(
            9,
            SchemaVerdict.ATTENTION,
            f"{pair.old.qualified}.{first}",
            f"{first} and {second} of {pair.old.qualified} stand in each other's place: if their "
            "names were swapped, the old version takes one for the other.",
            statements=statements_of(used),
        )
