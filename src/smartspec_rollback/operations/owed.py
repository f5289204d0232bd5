"""What a place is owed of a rollback, by its journal alone. Pure; called by ``courier``.

Nothing of this is written down beforehand, so nothing is lost with a process: whoever looks at
the ledger next finds the same.
"""

from smartspec_rollback.domain.rollback import UNDER_WAY, EntryKind, JournalEntry, Rollback
from smartspec_rollback.domain.values import Value
from smartspec_rollback.operations.composing import Part

_PUT = frozenset({EntryKind.ASKED, EntryKind.DECIDED})
_BEGUN = frozenset({EntryKind.PREWARM_INTENT, EntryKind.STEP_INTENT})


class Owed(Value):
    """One post: its part, its stable key, and the key of the post it stands under.

    ``final``: what it says will not change any more, so it is told at once.
    """

    part: Part
    key: str
    under: str = ""
    final: bool = False


def owed(rollback: Rollback, journal: tuple[JournalEntry, ...]) -> tuple[Owed, ...]:
    """List what is to be told of a rollback as it stands, in order.

    The plan once people are asked or nobody needs to be, progress once something was begun, and
    the report whenever it came to rest: again if somebody went on after it.
    """
    if rollback.break_glass:
        return ()
    kinds = [entry.kind for entry in journal]
    resting = rollback.status not in UNDER_WAY
    plan = f"{rollback.id}/{Part.PLAN}"
    found: list[Owed] = []
    put = not _PUT.isdisjoint(kinds)
    if put:
        found.append(Owed(part=Part.PLAN, key=plan, final=resting))
    if put and not _BEGUN.isdisjoint(kinds):
        key = f"{rollback.id}/{Part.PROGRESS}"
        found.append(Owed(part=Part.PROGRESS, key=key, under=plan, final=resting))
    if resting and journal:
        earlier = _earlier_reports(kinds)
        number = f"{earlier + 1}/" if earlier else ""
        key = f"{rollback.id}/{number}{Part.REPORT}"
        found.append(Owed(part=Part.REPORT, key=key, final=True))
    return tuple(found)


def _earlier_reports(kinds: list[EntryKind]) -> int:
    """Count the reports after which somebody went on."""
    while kinds and kinds[-1] is EntryKind.REPORTED:
        kinds = kinds[:-1]
    runs = 0
    for before, kind in zip([None, *kinds], kinds, strict=False):
        runs += kind is EntryKind.REPORTED and before is not EntryKind.REPORTED
    return runs
