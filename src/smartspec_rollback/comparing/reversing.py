"""Trying the reversal of a migration out, in scratch databases."""

from collections.abc import Sequence
from pathlib import Path

from smartspec_rollback.comparing.places import reverses
from smartspec_rollback.comparing.scripts import going_down, going_up, whole
from smartspec_rollback.domain.reversal import Reversal
from smartspec_rollback.errors import UsageError
from smartspec_rollback.ports.clock import Clock, Deadline


def reverse(
    *,
    before: Path,
    up: Sequence[Path],
    down: Sequence[Path],
    writes: Sequence[Path],
    clock: Clock,
    within: float,
) -> Reversal:
    """Go up, write, and go down, and say what was lost.

    UsageError where a script cannot be read wholly: what was not run cannot be called lossless.
    """
    ups, unread = going_up(up)
    if unread:
        raise UsageError("the migration is not all SQL, so it cannot be tried out", details=unread)
    with reverses("postgresql") as laboratory:
        return laboratory.reverse(
            before=whole(before),
            up=ups,
            down=going_down(down),
            writes=tuple((str(path), whole(path)) for path in writes),
            deadline=Deadline.after(clock, within),
        )
