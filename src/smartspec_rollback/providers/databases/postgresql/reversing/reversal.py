"""See what reversing a migration loses: up, writes, down, in scratch databases, rows compared.

Called by wiring for ``smartspec schema reversal``. Production is never touched, and nothing here is
ever run on it. The scripts are hostile: see ``reversing.sandbox`` for what they may do.

Two ways are gone. Without writes: what of the old version's rows does not come back. With writes:
what of everything the new version could write is gone afterwards. Then it is asked what was not
tried (``reversing.doubts``), because only what was executed, compared and covers every case is
called lossless.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from smartspec_rollback.domain.reversal import Loss, Reversal, ReversalVerdict
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.reversing import doubts, schema_lines, state
from smartspec_rollback.providers.databases.postgresql.reversing.blame import (
    culprits,
    stepping,
    what_was_lost,
)
from smartspec_rollback.providers.databases.postgresql.reversing.comparing import (
    Outcome,
    compare,
)
from smartspec_rollback.providers.databases.postgresql.reversing.doubts import Way
from smartspec_rollback.providers.databases.postgresql.reversing.preparing import (
    Rows,
    Seen,
    look,
    prepare,
)
from smartspec_rollback.providers.databases.postgresql.reversing.reading import Reading, read
from smartspec_rollback.providers.databases.postgresql.reversing.sandbox import Failed, Sandbox
from smartspec_rollback.providers.databases.postgresql.reversing.script import Command, cut
from smartspec_rollback.providers.databases.postgresql.reversing.state import State
from smartspec_rollback.providers.databases.postgresql.reversing.trying import (
    constants,
    named,
    touched,
    which_writes_fail,
    write,
)
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

Script = tuple[str, str]
"""A script's name, for people, and its SQL."""

_MOST_DIFFERENCES = 200
_MOST_NAMED = 3


@dataclass(frozen=True)
class _Scripts:
    before: tuple[Command, ...]
    up: tuple[Command, ...]
    down: tuple[Command, ...]
    writes: tuple[Command, ...] | None


def reverse(
    server: Scratch,
    *,
    before: str,
    up: tuple[Script, ...],
    down: tuple[Script, ...],
    writes: tuple[Script, ...] = (),
    deadline: Deadline,
) -> Reversal:
    """Try a reversal out; scripts are executed in the order given.

    ``before`` is the old schema as SQL, with rows or without. Without ``writes`` they are made up.
    UsageError where a script other than down fails or cannot be run, ProviderUnavailable where the
    deadline is over, ProviderError where the scratch server fails.
    """
    scripts = _Scripts(
        before=cut(before, "before"),
        up=_cut_all(up),
        down=_cut_all(down),
        writes=_cut_all(writes) if writes else None,
    )
    with Sandbox(server, deadline) as box:
        return _Trial(box, scripts).result()


def _cut_all(scripts: tuple[Script, ...]) -> tuple[Command, ...]:
    return tuple(chain.from_iterable(cut(text, name) for name, text in scripts))


class _Trial:
    """One reversal being tried out."""

    def __init__(self, box: Sandbox, scripts: _Scripts) -> None:
        self._box = box
        self._scripts = scripts
        self._losses: list[Loss] = []
        self._written = 0
        self._edges = True
        self._notes: tuple[str, ...] = ()

    def result(self) -> Reversal:
        old, new, rows = prepare(self._box, self._scripts.before, self._scripts.up, self._named)
        self._edges = rows is Rows.UNUSUAL
        if foreign := {*old.state.foreign, *new.state.foreign}:
            self._notes = (
                f"rows of foreign tables are not compared: {', '.join(sorted(foreign))}",
            )
        if rows is Rows.NONE:
            self._untested_rows(old)
        try:
            back = self._quietly(old, new)
        except Failed as failure:
            return self._failed(failure, "reversing fails even if the new version writes nothing")
        differences = schema_lines.differences(old.lines, back.lines)
        try:
            self._with_writes(new, back)
        except Failed as failure:
            self._concerned(new, back, failure)
            return self._failed(
                failure, "reversing fails on rows that the new version can write", differences
            )
        return self._verdict(differences)

    def _untested_rows(self, old: Seen) -> None:
        for table in old.state.tables.values():
            if not table.rows:
                self._losses.append(
                    Loss(
                        relation=table.qualified,
                        column=None,
                        rows=None,
                        statement="",
                        what="the up migration fails on made-up rows, so that what it does to "
                        "rows of the old version was not tried",
                    )
                )

    def _quietly(self, old: Seen, new: Seen) -> Seen:
        """Go back without any writes, and look for the old version's rows."""
        database = self._box.make(new.database)
        steps = list(stepping(self._box, database, self._scripts.down))
        back = look(self._box, database)
        outcome = self._compare(old.state, back)
        by_up = self._compare(old.state, new)
        self._losses += what_was_lost(
            old.state, outcome, "down", culprits(old.state, outcome, steps), already=by_up
        )
        up, down = read(self._scripts.up), read(self._scripts.down)
        there = Way(old.state, new.state, up, outcome)
        self._losses += doubts.of_way(there, name="up")
        self._losses += doubts.of_types(there)
        self._losses += doubts.of_partitions(there)
        both = Way(old.state, back.state, Reading((*up.data, *down.data)), outcome)
        self._losses += doubts.of_moves(both, (*up.data, *down.data), edges=self._edges)
        self._losses += doubts.of_unwritten(both, State({}, {}, {}))
        return back

    def _with_writes(self, new: Seen, back: Seen) -> None:
        """Write as the new version could, go back, and look for everything written."""
        database = self._box.make(new.database)
        thorough = touched(new.state, back.state, self._scripts.down)
        self._written = write(
            self._box,
            database,
            new.state,
            thorough=thorough,
            given=self._scripts.writes,
            values=self._constants,
        )
        busy = look(self._box, database)
        steps = list(stepping(self._box, database, self._scripts.down))
        after = look(self._box, database)
        outcome = self._compare(busy.state, after)
        blamed = culprits(busy.state, outcome, steps)
        self._losses += what_was_lost(busy.state, outcome, "down", blamed)
        down = read(self._scripts.down)
        way = Way(busy.state, after.state, down, outcome)
        self._losses += doubts.of_way(way, name="down")
        self._losses += doubts.of_moves(way, down.data)
        self._losses += doubts.of_constraints(way)
        self._losses += doubts.of_partitions(way)
        self._losses += doubts.of_unwritten(way, new.state)

    def _concerned(self, new: Seen, back: Seen, failure: Failed) -> None:
        """Find out by which columns' values the reversal fails."""
        if self._scripts.writes is None:
            self._losses += which_writes_fail(
                self._box,
                self._box.make(new.database),
                (new.state, back.state),
                down=self._scripts.down,
                failure=failure,
                values=self._constants,
            )

    @property
    def _named(self) -> frozenset[str]:
        return named((*self._scripts.up, *self._scripts.down))

    @property
    def _constants(self) -> tuple[str, ...]:
        return constants((*self._scripts.up, *self._scripts.down))

    def _compare(self, expected: State, found: Seen) -> Outcome:
        with self._box.reader(found.database) as reader:
            return compare(
                expected, found.state, lambda values, spelled: state.recast(reader, values, spelled)
            )

    def _failed(self, failure: Failed, reason: str, differences: tuple[str, ...] = ()) -> Reversal:
        return self._reversal(
            ReversalVerdict.FAILS,
            f"{reason}: {failure.message}",
            differences,
            failed=failure.command.short,
            message=failure.message,
        )

    def _verdict(self, differences: tuple[str, ...]) -> Reversal:
        if differences:
            reason = f"the schema is not restored: {differences[0]}"
            more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
            return self._reversal(ReversalVerdict.FAILS, reason + more, differences)
        seen = [loss for loss in self._losses if loss.rows]
        if seen:
            places = dict.fromkeys(".".join(filter(None, (s.relation, s.column))) for s in seen)
            more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
            reason = f"rows or values are lost in {', '.join([*places][:_MOST_NAMED])}{more}"
            return self._reversal(ReversalVerdict.LOSES, reason)
        if self._losses:
            reason = "nothing was lost that was tried, but not every case could be"
            return self._reversal(ReversalVerdict.LOSES, reason)
        reason = "every row and value came back, and the schema is restored"
        return self._reversal(ReversalVerdict.LOSSLESS, reason)

    def _reversal(
        self,
        verdict: ReversalVerdict,
        reason: str,
        differences: tuple[str, ...] = (),
        *,
        failed: str | None = None,
        message: str = "",
    ) -> Reversal:
        return Reversal(
            verdict=verdict,
            reason=reason,
            losses=tuple(_once(self._losses)),
            schema_differences=differences[:_MOST_DIFFERENCES],
            failed_statement=failed,
            failed_message=message,
            writes="made up" if self._scripts.writes is None else "given",
            written=self._written,
            server=self._box.server.version,
            notes=(*self._box.notes, *self._notes),
        )


def _once(losses: list[Loss]) -> Iterator[Loss]:
    """Leave out what is said twice, the seen before the feared."""
    order = sorted(losses, key=lambda loss: loss.rows is None)
    yield from dict.fromkeys(order)
