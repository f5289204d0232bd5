"""Read what SQLite tells of a table only in the text that created it: checks, computed columns.

Used by ``catalog``. The text is the one SQLite itself accepted, so it is only cut, never judged.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<blank>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>'(?:[^']|'')*+'?)
    | (?P<quoted>"(?:[^"]|"")*+"? | `(?:[^`]|``)*+`? | \[[^\]]*+\]?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<open>\() | (?P<close>\)) | (?P<comma>,)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text that counts: its kind, words in lower case, and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """What it names: a quoted name without its quotes."""
        if self.kind != "quoted":
            return self.text
        close = {"[": "]"}.get(self.text[0], self.text[0])
        return self.text[1:].removesuffix(close).replace(close * 2, close)


@dataclass(frozen=True)
class Check:
    """One CHECK: its name where it has one, its bare predicate, and the words it holds."""

    name: str | None
    predicate: str
    words: frozenset[str]


@dataclass(frozen=True)
class Definition:
    """What the text of one CREATE TABLE tells beside what PRAGMAs do.

    ``computed`` holds the expressions of computed columns, ``collations`` the ones columns name,
    ``numbered`` those with AUTOINCREMENT; all by column in lower case.
    """

    checks: tuple[Check, ...] = ()
    computed: tuple[tuple[str, str], ...] = ()
    collations: tuple[tuple[str, str], ...] = ()


def tokens(text: str) -> list[Token]:
    """Cut a text, leaving out blanks and comments."""
    return [
        Token(
            match.lastgroup or "other",
            match[0].lower() if match.lastgroup == "word" else match[0],
            match.start(),
            match.end(),
        )
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "blank"
    ]


def read(sql: str, columns: frozenset[str]) -> Definition:
    """Read one CREATE TABLE; ``columns`` are its columns' names in lower case."""
    checks: list[Check] = []
    computed: dict[str, str] = {}
    collations: dict[str, str] = {}
    for item in _items(tokens(sql)):
        owner = item[0].name.lower() if item[0].kind in ("word", "quoted") else ""
        named: str | None = None
        for place, token in enumerate(item):
            following = item[place + 1] if place + 1 < len(item) else None
            if token.kind != "word" or following is None or _depth(item, place):
                continue
            if token.text == "constraint":
                named = following.name
            elif token.text == "check" and following.kind == "open":
                checks.append(_check(sql, item, place + 1, named))
                named = None
            elif token.text == "as" and following.kind == "open" and owner in columns:
                inside = _inside(item, place + 1)
                computed[owner] = sql[following.end : inside[-1].end if inside else following.end]
            elif token.text == "collate" and owner in columns:
                collations[owner] = following.name
    return Definition(tuple(checks), tuple(computed.items()), tuple(collations.items()))


def _items(found: list[Token]) -> Iterator[list[Token]]:
    """Go through the definitions between the outermost brackets."""
    first = next((n for n, token in enumerate(found) if token.kind == "open"), len(found))
    item: list[Token] = []
    depth = 0
    for token in found[first + 1 :]:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth < 0:
            break
        if token.kind == "comma" and depth == 0:
            if item:
                yield item
            item = []
        else:
            item.append(token)
    if item:
        yield item


def _depth(item: list[Token], place: int) -> int:
    before = item[:place]
    return sum(t.kind == "open" for t in before) - sum(t.kind == "close" for t in before)


def _inside(item: list[Token], opening: int) -> list[Token]:
    """List the tokens between the bracket at ``opening`` and the one that closes it."""
    depth, found = 0, []
    for token in item[opening:]:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            break
        found.append(token)
    return found[1:]


def _check(sql: str, item: list[Token], opening: int, named: str | None) -> Check:
    inside = _inside(item, opening)
    predicate = sql[inside[0].start : inside[-1].end] if inside else ""
    words = frozenset(t.name.lower() for t in inside if t.kind in ("word", "quoted"))
    return Check(named, predicate, words)


def events(sql: str) -> tuple[str, ...]:
    """Tell what sets a trigger off."""
    for token in tokens(sql):
        if token.kind == "word" and token.text in ("insert", "update", "delete"):
            return (token.text,)
    return ()


def body(sql: str) -> str:
    """Return a view's query: what stands behind the first AS outside brackets."""
    depth = 0
    for token in tokens(sql):
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "word" and token.text == "as" and depth == 0:
            return sql[token.end :].strip()
    return sql


def condition(sql: str) -> str | None:
    """Return the predicate of a partial index: what stands behind WHERE outside brackets."""
    depth = 0
    for token in tokens(sql):
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "word" and token.text == "where" and depth == 0:
            return sql[token.end :].strip()
    return None
