"""Splits a file at its marker lines, as dbmate and goose write them. Pure.

A marker begins a section that goes on to the next marker. Lines before the first marker may only
be empty or comments; the tools refuse anything else there.
"""

from collections.abc import Callable
from typing import NamedTuple


class Section(NamedTuple):
    """One section: the marker's name, what stands behind it, its text, and its first line."""

    marker: str
    options: str
    text: str
    line: int


class Sections(NamedTuple):
    """A file's sections, and the first line in front of them that is no comment."""

    sections: tuple[Section, ...]
    stray: int | None

    def joined(self, marker: str) -> str | None:
        """Join the texts of all sections with this marker; None if there are none."""
        texts = [section.text for section in self.sections if section.marker == marker]
        return "\n".join(texts) if texts else None

    def line(self, marker: str) -> int:
        """Give the line on which the first such section begins."""
        return next((s.line for s in self.sections if s.marker == marker), 1)


def split(text: str, marker: Callable[[str], tuple[str, str] | None]) -> Sections:
    """Split ``text``; ``marker`` gives a line's marker and options, or None for other lines."""
    sections: list[Section] = []
    lines: list[str] = []
    open_marker: tuple[str, str] | None = None
    begins, stray = 1, None
    for position, line in enumerate(text.split("\n"), start=1):
        found = marker(line)
        if found is None:
            lines.append(line)
            bare = line.strip()
            if open_marker is None and stray is None and bare and not bare.startswith("--"):
                stray = position
            continue
        if open_marker is not None:
            sections.append(Section(*open_marker, "\n".join(lines), begins))
        open_marker, lines, begins = found, [], position + 1
    if open_marker is not None:
        sections.append(Section(*open_marker, "\n".join(lines), begins))
    return Sections(tuple(sections), stray)
