"""Which recorded ids somebody may have meant: bounded work, however large the ledger is.

Ids most like a mistyped one start like it, or differ from it by one slip of the finger. Both
are found through the index of ids, and only those few hundred are compared in full.
"""

from collections.abc import Iterator
from itertools import islice

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.store.transactions import Transaction

_NEIGHBOURS = 40
_PREFIXES = 8
_SLIPS = 3000
_LONGEST = 128


def similar_ids(db: Transaction, wanted: str, *, limit: int) -> tuple[str, ...]:
    """Name at most ``limit`` recorded ids most like ``wanted``, best first, without itself."""
    wanted = wanted[:_LONGEST]
    found = set(_neighbours(db, wanted))
    for cut in range(1, min(len(wanted), _PREFIXES) + 1):
        found.update(_starting_with(db, wanted[:-cut]))
    found.update(_recorded(db, list(islice(_slips(wanted), _SLIPS))))
    found.discard(wanted)
    return nearest(wanted, sorted(found), limit=limit)


def _neighbours(db: Transaction, wanted: str) -> Iterator[str]:
    for sql in (
        "SELECT id FROM deployments WHERE id >= ? ORDER BY id LIMIT ?",
        "SELECT id FROM deployments WHERE id < ? ORDER BY id DESC LIMIT ?",
    ):
        for row in db.execute(sql, (wanted, _NEIGHBOURS)):
            yield row[0]


def _starting_with(db: Transaction, prefix: str) -> Iterator[str]:
    """Name the first and last few ids from the prefix on; they differ most in what follows."""
    end = prefix + "\U0010ffff"
    for sql in (
        "SELECT id FROM deployments WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        "SELECT id FROM deployments WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
    ):
        for row in db.execute(sql, (prefix, end, _NEIGHBOURS // 2)):
            yield row[0]


def _recorded(db: Transaction, ids: list[str]) -> Iterator[str]:
    """Keep the ids that are recorded."""
    for first in range(0, len(ids), 500):
        some = ids[first : first + 500]
        marks = ", ".join("?" * len(some))
        sql = f"SELECT id FROM deployments WHERE id IN ({marks})"  # noqa: S608 - question marks
        for row in db.execute(sql, some):
            yield row[0]


def _slips(wanted: str) -> Iterator[str]:
    """Undo one slip: a letter swapped, doubled, mistaken, or left out; from the end backwards."""
    yield from {wanted.lower(), wanted.upper()}
    for at in reversed(range(len(wanted))):
        before, letter, after = wanted[:at], wanted[at], wanted[at + 1 :]
        yield before + after
        if after:
            yield before + after[0] + letter + after[1:]
        for other in _like(letter):
            yield before + other + after
            yield before + letter + other + after
            yield before + other + letter + after


def _like(letter: str) -> str:
    """Name what may have been meant by a letter: digits are mistaken for digits."""
    if letter.isdigit():
        return "0123456789"
    return "-_.abcdefghijklmnopqrstuvwxyz"
