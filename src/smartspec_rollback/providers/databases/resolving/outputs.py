"""What queries offer and what becomes of it, as every resolver says it.

Read by the resolvers of PostgreSQL and of the other dialects; knows no parser and no catalog.
"""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of a relation of the catalog, the relation qualified."""

    relation: str
    column: str


@dataclass(frozen=True, slots=True)
class Output:
    """A column that something after FROM, or a query, offers.

    ``origins`` are the columns whose values it hands on unchanged: none for a computed one, several
    for a UNION.
    """

    name: str
    origins: tuple[Origin, ...] = ()


class Want(Enum):
    """What becomes of a query's columns, and so what its ``*`` means.

    RESULT: they are the statement's result. WHOLE: all count, in number and place. DERIVED: others
    pick from them by name. NOTHING: nobody looks at them (EXISTS).
    """

    RESULT = auto()
    WHOLE = auto()
    DERIVED = auto()
    NOTHING = auto()


def renamed(outputs: tuple[Output, ...], columns: tuple[str, ...]) -> tuple[Output, ...]:
    """Give the first ones the names ``columns``; names beyond the outputs are columns too."""
    first = tuple(
        Output(new, output.origins) for new, output in zip(columns, outputs, strict=False)
    )
    more = tuple(Output(each) for each in columns[len(outputs) :])
    return first + outputs[len(columns) :] + more
