"""The mutations: what a new version did to the schema, by row of the taxonomy.

What each of them does to the old version is not said here: it is found by running that version.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module


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


_SEPARATOR = "---"
_WRITES = "-- then the new version writes"
_ATTENTION = "!"


FAMILIES = ("of_tables", "of_types", "of_constraints", "of_objects")
"""The modules beside this one that hold them as text."""


@cache
def family(name: str) -> tuple[Mutation, ...]:
    """Read the mutations of one module."""
    text: str = import_module(f"tests.mutations.{name}").TEXT
    return tuple(_mutation(each) for each in text.split(_SEPARATOR))


def mutations() -> tuple[Mutation, ...]:
    """List every mutation."""
    return tuple(each for name in FAMILIES for each in family(name))


def _mutation(text: str) -> Mutation:
    head, _, body = text.strip().partition("\n")
    row, _, name = head.partition(" ")
    sql, _, writes = body.partition(_WRITES)
    return Mutation(
        row=int(row.rstrip(_ATTENTION)),
        name=name,
        sql=sql.strip(),
        writes=writes.strip(),
        attention=row.endswith(_ATTENTION),
    )
