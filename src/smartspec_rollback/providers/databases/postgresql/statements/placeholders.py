"""Rewrite the placeholders of query libraries to PostgreSQL's own ``$1``.

Called by ``parsing``. Works on text outside strings, names and comments only, and numbers named
placeholders by first appearance. It may not judge whether the result is valid.
"""

import re

from smartspec_rollback.providers.sql_text import tokens

_SQLC = re.compile(r"\bsqlc\.(?:n?arg|slice)\(\s*(?:'(\w+)'|(\w+))\s*\)", re.IGNORECASE)
_AT = re.compile(r"(?<![\w@<>~!#&|?`^%$])@([A-Za-z_]\w*)")
_NAMED = re.compile(r"(?<![:\w\])]):([A-Za-z_]\w*)|%\(([^)]+)\)s")
_POSITIONAL = re.compile(r"(?<!%)%[sbt](?!\w)")
_QUESTION = re.compile(r"\?")
_NUMBERED = re.compile(r"\$(\d+)")
_AFTER_OPERATOR = re.compile(r"[=<>+\-*/,(\[|!~^:]$")
_AFTER_WORD = re.compile(
    r"\b(?:where|and|or|not|limit|offset|like|ilike|between|in|set|values|then|else|when|case"
    r"|select|returning|having|by|any|to|from|interval|date|timestamp|similar|escape|distinct)$",
    re.IGNORECASE,
)
_BARE_IN = re.compile(r"\bin\s+(\$\d+)", re.IGNORECASE)
_WAS_IN_PARENTHESES = frozenset({"string", "quoted", "comment"})


class _Numbers:
    """Gives out the numbers after the highest that the text itself uses."""

    def __init__(self, text: str) -> None:
        self._last = max((int(n) for n in _NUMBERED.findall(text) if len(n) < 6), default=0)  # noqa: PLR2004 - the server takes at most 65535
        self._named: dict[str, int] = {}

    def next(self) -> str:
        self._last += 1
        return f"${self._last}"

    def named(self, name: str) -> str:
        if name not in self._named:
            self._last += 1
            self._named[name] = self._last
        return f"${self._named[name]}"


def _pieces(text: str) -> list[tuple[bool, str]]:
    """Cut in (is code, text); neighbours of the same sort are one piece."""
    pieces: list[tuple[bool, str]] = []
    begins = 0
    for token in tokens(text):
        if token.kind in _WAS_IN_PARENTHESES:
            pieces += [(True, text[begins : token.start]), (False, text[token.start : token.end])]
            begins = token.end
    return [*pieces, (True, text[begins:])]


def obvious(text: str) -> str:
    """Rewrite what would parse as something else: ``@name`` and ``sqlc.arg(name)``."""
    if "@" not in text and "sqlc." not in text.lower():
        return text
    numbers = _Numbers(text)
    text = _SQLC.sub(lambda m: numbers.named(m[1] or m[2]), text)
    return "".join(
        _AT.sub(lambda m: numbers.named(m[1]), piece) if code else piece
        for code, piece in _pieces(text)
    )


def numbered(text: str) -> str:
    """Rewrite ``?``, ``:name``, ``%s`` and ``%(name)s`` to ``$n``, and ``IN $1`` to ``IN ($1)``.

    A ``?`` is left alone where it can be an operator of jsonb: after a name, value or bracket.
    """
    numbers = _Numbers(text)
    done = ""
    for code, piece in _pieces(text):
        done += _code(piece, done, numbers) if code else piece
    return done


def _code(piece: str, before: str, numbers: _Numbers) -> str:
    piece = _NAMED.sub(lambda m: numbers.named(m[1] or m[2]), piece)
    if _POSITIONAL.search(piece):
        piece = _POSITIONAL.sub(lambda _: numbers.next(), piece).replace("%%", "%")
    done, rest = before, piece
    while (mark := _QUESTION.search(rest)) is not None:
        done, rest = done + rest[: mark.start()], rest[mark.end() :]
        if rest[:1] == "?":
            done, rest = done + "?", rest[1:]  # ?? is how JDBC writes the operator ?
        elif rest[:1] not in ("|", "&") and _operand(done):
            done += numbers.next()
        else:
            done += "?"
    return _BARE_IN.sub(r"IN (\1)", (done + rest)[len(before) :])


def _operand(before: str) -> bool:
    before = before.rstrip()
    return (
        not before
        or _AFTER_OPERATOR.search(before) is not None
        or _AFTER_WORD.search(before) is not None
    )
