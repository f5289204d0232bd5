"""How often judgements were right: one line a suite, the same columns for all.

Used by ``run``. Harmful is what breaks the old version, or loses rows when it is reversed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = ("judged", "cases", "harmful", "seen", "false alarms", "unknown", "called safe, harmful")


@dataclass(frozen=True)
class Judgement:
    """One case: ``harmful`` is what really happens, the others are what was said of it.

    ``flagged``: people are told that it does harm. ``alarm``: needlessly. ``safe``: they are told
    that it does none. ``note`` is a line for people, about a mistake.
    """

    harmful: bool
    flagged: bool
    alarm: bool
    safe: bool
    note: str = ""

    @property
    def wrong(self) -> str:
        """Name the kind of mistake; nothing where it was right, or abstained."""
        if self.harmful and self.safe:
            return "FALSE SAFE"
        return "false alarm" if self.alarm else ""


@dataclass(frozen=True)
class Score:
    """What came of one suite; ``more`` is said beside the figures."""

    name: str
    judgements: tuple[Judgement, ...]
    more: str = ""

    @property
    def false_safe(self) -> int:
        """Count the worst mistake there is."""
        return sum(each.harmful and each.safe for each in self.judgements)

    @property
    def cells(self) -> tuple[str, ...]:
        """Write the figures."""
        said = self.judgements
        harmful = [each for each in said if each.harmful]
        flagged = sum(each.flagged for each in harmful)
        seen = f"{flagged} ({flagged / len(harmful):.1%})" if harmful else "0"
        unknown = sum(not each.flagged and not each.safe for each in said)
        alarms = sum(each.alarm for each in said)
        figures = (len(said), len(harmful), seen, alarms, unknown, self.false_safe)
        return (self.name, *map(str, figures))


def table(scores: Iterable[Score]) -> str:
    """Write all of them as one table, and what more is to say below it."""
    every = list(scores)
    rows = [_HEAD, *(each.cells for each in every)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    lines += ["", *(f"{each.name}: {each.more}" for each in every if each.more)]
    return "\n".join(lines).rstrip() + "\n"
