"""The mutations: what a new version did to the schema, by row of the taxonomy.

What each of them does to the old version is not said here: it is found by running that version.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """One change.

    ``writes`` is what the new version wrote before the way back. ``attention``: the taxonomy asks
    people to look even where it happens to work.
    """

    row: int
    name: str
    sql: str
    writes: str = ""
    attention: bool = False


FAMILIES = ("tables", "types", "constraints", "objects", "reach")
"""The files of SQL beside this one; a mutation begins with ``-- row 13 its name``, 0 for no row."""

_HEAD = re.compile(r"^-- row (\d+)(!?) (.+)$", re.MULTILINE)
_WRITES = "-- then the new version writes"


@cache
def family(name: str) -> tuple[Mutation, ...]:
    """Read the mutations of one file; an exclamation mark after the row is ``attention``."""
    text = Path(__file__).with_name(f"{name}.sql").read_text("utf-8")
    _, *parts = _HEAD.split(text)
    return tuple(_mutation(*parts[i : i + 4]) for i in range(0, len(parts), 4))


def mutations() -> tuple[Mutation, ...]:
    """List every mutation."""
    return tuple(each for name in FAMILIES for each in family(name))


def _mutation(row: str, mark: str, name: str, body: str) -> Mutation:
    sql, _, writes = body.partition(_WRITES)
    return Mutation(
        row=int(row), name=name, sql=sql.strip(), writes=writes.strip(), attention=bool(mark)
    )
