"""Why a reversal that lost nothing when it was tried may still lose something.

Used by ``reversal``; pure. Every doubt becomes a Loss without a number of rows, and so keeps the
verdict from being lossless: what was not tested is not known.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from smartspec_rollback.domain.reversal import Loss
from smartspec_rollback.providers.databases.postgresql.reversing.comparing import Moved, Outcome
from smartspec_rollback.providers.databases.postgresql.reversing.holding import holds
from smartspec_rollback.providers.databases.postgresql.reversing.reading import (
    DataStatement,
    Reading,
)
from smartspec_rollback.providers.databases.postgresql.reversing.state import (
    Column,
    Constraint,
    State,
    Table,
)

_KINDS = {
    "c": "a CHECK",
    "p": "a primary key",
    "u": "a UNIQUE",
    "x": "an EXCLUDE",
    "f": "a foreign key",
}


@dataclass(frozen=True)
class Way:
    """One way from a state to another by a script, as it was executed.

    ``outcome`` compares ``start`` with what is there in the very end, ``end``.
    """

    start: State
    end: State
    reading: Reading
    outcome: Outcome


def of_way(way: Way, *, name: str) -> Iterator[Loss]:
    """Say what a script (``up`` or ``down``) may do to rows that were not tried."""
    for statement in way.reading.data:
        if not statement.adds and _hits(statement, way):
            doubt = statement.doubt or "it overwrites values"
            yield _doubt(way, statement, f"{name}: {doubt}; not every case was tried")
    for statement in way.reading.retypes:
        yield _doubt(way, statement, f"{name}: {statement.doubt}")
    if way.reading.data and (way.start.reactions or way.end.reactions or way.reading.reacts):
        yield _doubt(
            way,
            way.reading.data[0],
            f"{name}: triggers or rules may react to it depending on values",
        )


def of_moves(
    way: Way, statements: tuple[DataStatement, ...], *, edges: bool = True
) -> Iterator[Loss]:
    """Say which values came back somewhere else, or with a type that may not hold all of them.

    ``edges``: values at the edges of the types were among them.
    """
    lost = {(each.table, each.column) for each in way.outcome.lost}
    doubtful = [statement for statement in statements if statement.doubt is not None]
    for moved in way.outcome.moved:
        if lost & {(moved.table, moved.column), (moved.table, None)}:
            continue
        table = way.start.tables[moved.table]
        column = _column(table, moved.column)
        if moved.elsewhere and doubtful:
            yield Loss(
                relation=table.qualified,
                column=column.name,
                rows=None,
                statement=doubtful[0].command.short,
                what=f"its values are moved, and {doubtful[0].doubt}",
            )
        elif moved.elsewhere and not edges:
            yield Loss(
                relation=table.qualified,
                column=column.name,
                rows=None,
                statement="",
                what="its values are moved, and unusual ones could not be tried: up fails on them",
            )
        elif not _comes_through(way, moved, table, column):
            yield Loss(
                relation=table.qualified,
                column=column.name,
                rows=None,
                statement="",
                what=f"{way.end.types[moved.to_type].spelled} does not hold every value of "
                f"{column.spelled}; those that were tried came through",
            )


def of_types(way: Way) -> Iterator[Loss]:
    """Say which columns get a type on the way that does not hold all they could hold."""
    lost = {(each.table, each.column) for each in way.outcome.lost}
    for oid, table in way.start.tables.items():
        after = way.end.tables.get(oid)
        for column in table.stored if after is not None else ():
            place = after.places.get(column.number)  # type: ignore[union-attr]  # the loop is empty without it
            if place is None or lost & {(oid, column.number), (oid, None)}:
                continue
            now = after.stored[place]  # type: ignore[union-attr]  # as above
            if not holds(
                way.end, (now.type, now.modifier), way.start, (column.type, column.modifier)
            ):
                yield Loss(
                    relation=table.qualified,
                    column=column.name,
                    rows=None,
                    statement="",
                    what=f"the up migration: {now.spelled} does not hold every value of "
                    f"{column.spelled}; those that were tried came through",
                )


def of_constraints(way: Way) -> Iterator[Loss]:
    """Say which demands come back that rows written meanwhile need not meet."""
    known = {(c.table, c.definition) for c in way.start.constraints.values()}
    for each in way.end.constraints.values():
        if each.oid in way.start.constraints or (each.table, each.definition) in known:
            continue
        if _binds(each, way):
            yield _demand(way, each.table, f"{_KINDS[each.kind]} comes back ({each.definition})")
    for oid, table in way.start.tables.items():
        after = way.end.tables.get(oid)
        for column in table.columns if after is not None else ():
            now = next((c for c in after.columns if c.number == column.number), None)  # type: ignore[union-attr]  # the loop is empty without it
            if now is not None and now.not_null and not column.not_null:
                yield _demand(way, oid, f"NOT NULL comes back for {column.name}")
    for oid, type_ in way.start.types.items():
        new = way.end.types.get(oid)
        if new is not None and (
            set(new.checks) - set(type_.checks) or new.not_null > type_.not_null
        ):
            yield _demand(way, None, f"the domain {type_.spelled} becomes stricter")


def of_partitions(way: Way) -> Iterator[Loss]:
    """Say which partitions go or change: rows in them may have no place any more."""
    before = {**way.start.partitions, **way.start.tables}
    after = {**way.end.partitions, **way.end.tables}
    for oid, table in before.items():
        gone = oid not in after and table.partition
        moved = oid in after and (after[oid].bounds, after[oid].partition) != (
            table.bounds,
            table.partition,
        )
        if gone or moved:
            yield Loss(
                relation=table.qualified,
                column=None,
                rows=None,
                statement="",
                what="a partition goes or changes; not every row that fits into it was tried",
            )


def of_unwritten(way: Way, earlier: State) -> Iterator[Loss]:
    """Say what is dropped, retyped or overwritten without anything having been written to it."""
    lost = {(each.table, each.column) for each in way.outcome.lost if each.rows}
    for oid, numbers in _required(way).items():
        table = way.start.tables[oid]
        for number in sorted(numbers):
            if lost & {(oid, None), (oid, number)} or _was_written(table, earlier, number):
                continue
            yield Loss(
                relation=table.qualified,
                column=_column(table, number).name,
                rows=None,
                statement="",
                what="nothing was written there, so that what is lost of it is not known",
            )
        if not table.stored and oid not in way.end.tables and (oid, None) not in lost:
            yield Loss(
                relation=table.qualified, column=None, rows=None, statement="", what="it is dropped"
            )


def _required(way: Way) -> dict[int, set[int]]:
    """Collect the columns a reversal touches: it has to be seen what becomes of their values."""
    required: dict[int, set[int]] = {}
    for oid, table in way.start.tables.items():
        after = way.end.tables.get(oid)
        kept = {c.number: (c.type, c.modifier) for c in after.stored} if after is not None else {}
        required[oid] = {
            c.number for c in table.stored if kept.get(c.number) != (c.type, c.modifier)
        }
    for statement in way.reading.data:
        for table in way.start.tables.values():
            if table.name == statement.target:
                named = {c.number for c in table.stored if c.name in statement.columns}
                required[table.oid] |= named
    return required


def _was_written(table: Table, earlier: State, number: int) -> bool:
    before = earlier.tables.get(table.oid)
    old = Counter(before.values(number) if before and number in before.places else [])
    new = Counter(table.values(number)) - old
    return any(value is not None for value in new)


def _comes_through(way: Way, moved: Moved, table: Table, column: Column) -> bool:
    """Whether the type it has in the end holds all it could hold, or all of them were tried."""
    target = (moved.to_type, moved.to_modifier)
    if holds(way.end, target, way.start, (column.type, column.modifier)):
        return True
    base, _ = way.start.base(column)
    tried = {value for value in table.values(column.number) if value is not None}
    if base.kind == "e":
        return tried == {label.encode() for label in base.labels}
    return base.name == "bool" and tried == {b"t", b"f"}


def _hits(statement: DataStatement, way: Way) -> bool:
    """Whether it may change what was there before the script, and not only what the script adds."""
    if statement.target is None:
        return True
    ends = [t for t in way.end.tables.values() if t.name == statement.target]
    starts = [t for t in way.start.tables.values() if t.name == statement.target]
    if not ends or any(
        set(statement.columns) & {c.name for c in t.columns}
        for t in starts
        if t.oid not in way.end.tables
    ):
        return True
    for table in ends:
        before = way.start.tables.get(table.oid)
        if before is None:
            continue
        there = {c.number for c in before.columns}
        names = {c.name: c.number for c in table.columns}
        if any(names.get(name) is None or names[name] in there for name in statement.columns):
            return True
    return False


def _binds(constraint: Constraint, way: Way) -> bool:
    """Whether rows written before the script have to meet it."""
    table = way.start.tables.get(constraint.table)
    if table is None:
        # A table the script makes: only rows that it moves there are bound.
        return bool(way.reading.data) or constraint.table in way.start.partitions
    there = {column.number for column in table.columns}
    plain = 0 not in constraint.columns and constraint.columns  # 0 stands for an expression
    return bool(way.reading.data) or not plain or bool(there & set(constraint.columns))


def _demand(way: Way, table: int | None, what: str) -> Loss:
    held = {**way.start.tables, **way.end.tables, **way.end.partitions}
    return Loss(
        relation=held[table].qualified if table is not None else "",
        column=None,
        rows=None,
        statement="",
        what=f"{what}: reversing fails on rows that don't meet it, and none could be made up",
    )


def _doubt(way: Way, statement: DataStatement, what: str) -> Loss:
    tables = (*way.start.tables.values(), *way.end.tables.values())
    names = {table.qualified for table in tables if table.name == statement.target}
    return Loss(
        relation=names.pop() if len(names) == 1 else statement.target or "",
        column=statement.columns[0] if len(statement.columns) == 1 else None,
        rows=None,
        statement=statement.command.short,
        what=what,
    )


def _column(table: Table, number: int) -> Column:
    return next(c for c in table.columns if c.number == number)
