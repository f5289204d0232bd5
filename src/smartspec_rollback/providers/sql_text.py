"""Cut SQL texts in pieces without understanding them: strings, comments, statements.

Used by the readers of statement files and by PostgreSQL's parsing. Knows quotes, dollar quotes,
nested comments and function bodies, never fails, and takes time in proportion to the text. It may
not judge whether anything is valid SQL.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<space>\s++)
    | (?P<comment>--[^\n]*+)
    | (?P<block>/\*)
    | (?P<string>(?:[eE]'(?:[^'\\]++|\\.|'')*+'?) | (?:(?:[uU]&|[bBxXnN])?'(?:[^']++|'')*+'?))
    | (?P<quoted>(?:[uU]&)?"(?:[^"]++|"")*+"? | `[^`\n]*+`)
    | (?P<dollar>\$(?:[^\W\d]\w*+)?\$)
    | (?P<parameter>\$\d++)
    | (?P<number>\d[\w.]*+)
    | (?P<word>[^\W\d][\w$]*+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_IGNORED = frozenset({"space", "comment"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text: its kind, and where it starts and ends (exclusive).

    Kinds: ``space``, ``comment``, ``string`` (dollar-quoted ones too), ``quoted`` (a name),
    ``parameter`` (``$1``), ``number``, ``word``, ``other`` (one character).
    """

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a text, without its semicolon, and the line (from 1) it begins in."""

    text: str
    line: int


def tokens(text: str) -> Iterator[Token]:
    """Go through all of ``text``, leaving nothing out; what is not ended runs to the end."""
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        kind, start, position = match.lastgroup or "other", position, match.end()
        if kind == "block":
            kind, position = "comment", _end_of_comment(text, position)
        elif kind == "dollar":
            closing = text.find(match.group(), position)
            position = len(text) if closing < 0 else closing + len(match.group())
            kind = "string"
        yield Token(kind, start, position)


def _end_of_comment(text: str, position: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


class _Nesting:
    """Tells whether a semicolon ends a statement: not in parentheses, nor in BEGIN ATOMIC … END."""

    def __init__(self) -> None:
        self._parentheses = 0
        self._blocks = 0
        self._previous = ""

    @property
    def inside(self) -> bool:
        return self._parentheses > 0 or self._blocks > 0

    def word(self, word: str) -> None:
        if self._blocks:
            self._blocks += {"case": 1, "end": -1}.get(word, 0)
        elif word == "atomic" and self._previous == "begin":
            self._blocks = 1
        self._previous = word

    def other(self, character: str) -> None:
        self._parentheses = max(0, self._parentheses + {"(": 1, ")": -1}.get(character, 0))


def statements(text: str, *, line: int = 1) -> Iterator[Piece]:
    """Cut at the semicolons that end statements; ``line`` is the one ``text`` begins in.

    A piece keeps the comments inside it, but not those before it. Pieces without anything but
    comments are left out.
    """
    breaks = [m.start() for m in re.finditer("\n", text)]
    begins: int | None = None
    ends = 0
    nesting = _Nesting()
    for token in tokens(text):
        if token.kind in _IGNORED:
            continue
        if token.kind == "other" and text[token.start] == ";" and not nesting.inside:
            if begins is not None:
                yield Piece(text[begins:ends], line + bisect_right(breaks, begins))
            begins, nesting = None, _Nesting()
            continue
        begins, ends = token.start if begins is None else begins, token.end
        if token.kind == "word":
            nesting.word(text[token.start : token.end].lower())
        elif token.kind == "other":
            nesting.other(text[token.start])
    if begins is not None:
        yield Piece(text[begins:ends], line + bisect_right(breaks, begins))


def depth(text: str) -> int:
    """Bound how deep a parser's tree of ``text`` can be: tokens since a comma, all levels added."""
    deepest = since = 0
    outer: list[int] = []
    for token in tokens(text):
        if token.kind in _IGNORED:
            continue
        character = text[token.start] if token.kind == "other" else ""
        if character in ("(", "["):
            outer.append(since)
        elif character in (")", "]"):
            since = outer.pop() if outer else 0
        elif character in (",", ";"):
            since = outer[-1] if outer else 0
        since += 1
        deepest = max(deepest, since)
    return deepest
