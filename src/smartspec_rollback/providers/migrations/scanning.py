"""Walks over SQL and XML once, from front to back, however odd they are. Pure.

Used by the readers in place of patterns that would look for an end again and again: a file of
megabytes that opens strings or comments and never closes them must not take hours.
"""

import re
from collections.abc import Iterator

_OPENS = re.compile(r"'|--|/\*|\$(?:[A-Za-z_]\w{0,62})?\$")


def without_literals(text: str) -> tuple[str, int | None]:
    """Blank strings, comments and bodies, line ends kept; and where one begins that never ends."""
    pieces: list[str] = []
    at = 0
    while opened := _OPENS.search(text, at):
        opening = opened[0]
        closing = {"--": "\n", "/*": "*/"}.get(opening, opening)
        pieces.append(text[at : opened.start()])
        ends = text.find(closing, opened.end())
        if ends < 0 and opening != "--":
            return "".join(pieces), opened.start()
        at = len(text) if ends < 0 else ends + (0 if opening == "--" else len(closing))
        pieces.append("\n" * text.count("\n", opened.start(), at))
    pieces.append(text[at:])
    return "".join(pieces), None


def between_marks(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Find from where to where ``opening`` … ``closing`` stand; what never closes is none."""
    at = 0
    while (begins := text.find(opening, at)) >= 0:
        ends = text.find(closing, begins + len(opening))
        if ends < 0:
            return
        at = ends + len(closing)
        yield begins, at


def blanked(text: str, spans: Iterator[tuple[int, int]]) -> str:
    """Take the spans out of a text, keeping the line ends in them."""
    pieces: list[str] = []
    at = 0
    for begins, ends in spans:
        pieces += [text[at:begins], "\n" * text.count("\n", begins, ends)]
        at = ends
    return "".join([*pieces, text[at:]])


class Lines:
    """Tells lines of places that are asked for in order, in one walk."""

    def __init__(self, text: str, first: int = 1) -> None:
        """Begin at the text's first line, which is number ``first``."""
        self._text = text
        self._at = 0
        self._line = first

    def of(self, place: int) -> int:
        """Give the line of a place, which is not before the one asked for last."""
        self._line += self._text.count("\n", self._at, place)
        self._at = place
        return self._line
