"""Find the SQL commands in a block of PL/pgSQL.

Called by ``migration``. Reads the block's words, not its meaning: every command is found whether or
not a branch or loop would ever reach it.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.providers.sql_text import Token, tokens

_COMMANDS = frozenset(
    {
        "alter", "call", "comment", "copy", "create", "delete", "do", "drop", "execute", "grant",
        "insert", "merge", "perform", "refresh", "revoke", "select", "truncate", "update", "with",
    }
)  # fmt: skip
_OPENERS = frozenset({"begin", "then", "else", "loop"})
_BEFORE_A_QUERY = frozenset({"in", "query"})
_INTO = re.compile(r"\binto\s+(?:strict\s+)?[\w.]+(?:\s*,\s*[\w.]+)*", re.IGNORECASE)


class _Walk:
    """The state between two tokens: where a command began, and whether one may begin here."""

    def __init__(self) -> None:
        self.begins: int | None = None
        self.fresh = True
        self.previous = ""
        self.parentheses = 0


def commands(text: str) -> Iterator[str]:
    """Go through the commands of a block, as written, without semicolons."""
    walk = _Walk()
    for token in tokens(text):
        if token.kind in ("space", "comment"):
            continue
        if (ended := _step(walk, text, token)) is not None:
            yield ended
    if walk.begins is not None:
        yield text[walk.begins :].strip()


def _step(walk: _Walk, text: str, token: Token) -> str | None:
    """Take one token; the command that ends before it, if one does."""
    piece = text[token.start : token.end].lower() if token.kind in ("word", "other") else ""
    walk.parentheses += {"(": 1, ")": -1}.get(piece, 0)
    ends = piece == ";" or (piece == "loop" and walk.parentheses <= 0)
    if ends:
        ended = None if walk.begins is None else text[walk.begins : token.start].strip()
        walk.begins, walk.fresh, walk.parentheses = None, True, 0
        return ended
    if walk.begins is None:
        may = walk.fresh or walk.previous in _BEFORE_A_QUERY
        if may and piece in _COMMANDS:
            walk.begins = token.start
        walk.fresh = piece in _OPENERS
    walk.previous = piece
    return None


def as_sql(command: str) -> str:
    """Make plain SQL of a command: PERFORM is a SELECT, and INTO fills variables."""
    head, _, rest = command.partition(" ")
    if head.lower() == "perform":
        return f"SELECT {rest}"
    if head.lower() in ("select", "with"):
        return _INTO.sub("", command) if "insert" not in command.lower() else command
    before, returning, after = _last_returning(command)
    return before + returning + _INTO.sub("", after)


def _last_returning(command: str) -> tuple[str, str, str]:
    places = [m.start() for m in re.finditer(r"\breturning\b", command, re.IGNORECASE)]
    if not places:
        return command, "", ""
    return command[: places[-1]], "returning", command[places[-1] + len("returning") :]


def constant(command: str) -> str | None:
    """Take the text of ``EXECUTE 'text'``; None where it is put together at run time."""
    rest = command[len("execute") :]
    pieces = [t for t in tokens(rest) if t.kind not in ("space", "comment")]
    if len(pieces) != 1 or pieces[0].kind != "string":
        return None
    literal = rest[pieces[0].start : pieces[0].end]
    if literal.startswith("$"):
        tag = literal[: literal.index("$", 1) + 1]
        return literal[len(tag) : -len(tag)]
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else None
