"""Reads the text of a CHECK's predicate, in PostgreSQL's, MySQL's or SQLite's spelling.

Called wherever a predicate is compared with values or with another. Knows comparisons of a column
with constants, lists, IS NULL, length, BETWEEN, AND, OR and NOT. Any part it does not know becomes
Opaque, and the others stay.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

from smartspec_rollback.schema.reading.predicates import Atom, Group, Opaque, Predicate

_TOKEN = re.compile(
    r"\s*(?:(?P<string>(?:_\w+\s*)?\\?'(?:[^'\\]|''|\\[^'])*\\?')|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<quoted>\"[^\"]+\"|`[^`]+`)|(?P<name>[A-Za-z_][\w$]*)"
    r"|(?P<sign><>|!=|<=|>=|::|\S))"
)
_TYPE_WORDS = frozenset({"varying", "precision", "without", "with", "time", "zone"})
_SIGNS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_LENGTHS = frozenset({"length", "char_length", "character_length"})
_HARMLESS_CASTS = frozenset({"text", "character", "varchar", "bpchar", "numeric", "double"})
_DEEPEST = 60
_LONGEST = 20_000

_T = TypeVar("_T")


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def word(self) -> str:
        """The token in lower case if it is a key word or a sign, else nothing."""
        return self.text.lower() if self.kind in {"name", "sign"} else ""


class _Operand(NamedTuple):
    kind: Literal["column", "constant"]
    text: str


class _UnreadError(Exception):
    """The text goes on in a way that is not simple."""


def read(text: str) -> Predicate:
    """Read a predicate; what is not simple in it becomes Opaque."""
    whole = Opaque(" ".join(text.split()))
    if len(text) > _LONGEST:
        return whole
    tokens = [
        _Token(kind, found[kind])
        for found in _TOKEN.finditer(text.strip())
        if (kind := found.lastgroup) is not None
    ]
    if any(token.word in {"case", "select"} for token in tokens):
        return whole
    reader = _Reader(tokens)
    try:
        predicate = reader.either()
        reader.end()
    except _UnreadError:
        return whole
    return predicate


class _Reader:
    """A recursive descent over tokens, trying the other way where one does not fit."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise _UnreadError

    def either(self) -> Predicate:
        return self._joined("or", self._both)

    def _both(self) -> Predicate:
        return self._joined("and", self._negated)

    def _joined(self, word: str, part: Callable[[], Predicate]) -> Predicate:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Group(word, tuple(parts))

    def _negated(self) -> Predicate:
        start = self._at
        if self._take("not"):
            if (inner := self._try(self._negated)) is None:
                raise _UnreadError
            return Group("not", (inner,))
        for way in (self._comparison, self._bracketed):
            if (found := self._try(way)) is not None:
                return found
        self._at = start
        return self._skipped()

    def _try(self, way: Callable[[], _T]) -> _T | None:
        """Go one way; None, back where it began, if the text does not fit."""
        start = self._at
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return None
            return way()
        except _UnreadError:
            self._at = start
            return None
        finally:
            self._depth -= 1

    def _bracketed(self) -> Predicate:
        self._need("(")
        inner = self.either()
        self._need(")")
        self._boundary()
        return inner

    def _skipped(self) -> Predicate:
        """Take everything up to the end of this part as not understood."""
        start, depth = self._at, 0
        while self._at < len(self._tokens):
            word = self._tokens[self._at].word
            if depth == 0 and word in {"and", "or", ")"}:
                break
            depth += (word == "(") - (word == ")")
            self._at += 1
        if start == self._at:
            raise _UnreadError
        return Opaque(" ".join(token.text for token in self._tokens[start : self._at]))

    def _comparison(self) -> Predicate:
        left = self._operand()
        found = self._compared(left)
        self._boundary()
        return found

    def _compared(self, left: _Operand) -> Predicate:
        if self._take("is"):
            negated = self._take("not")
            for word in ("true", "false"):
                if self._take(word):
                    return _negate(Atom(_column(left), "is", (word,)), negated=negated)
            self._need("null")
            return _negate(Atom(_column(left), "is null"), negated=negated)
        negated = self._take("not")
        if self._take("in"):
            return _negate(Atom(_column(left), "in", self._listed("(", ")")), negated=negated)
        if self._take("between"):
            low = _constant(self._operand())
            self._need("and")
            high = _constant(self._operand())
            subject = _column(left)
            both = (Atom(subject, ">=", (low,)), Atom(subject, "<=", (high,)))
            return _negate(Group("and", both), negated=negated)
        if negated:
            raise _UnreadError
        sign = next((_SIGNS[each] for each in _SIGNS if self._take(each)), None)
        if sign is None:
            return Atom(_column(left), "=", ("true",))
        return self._signed(left, sign)

    def _signed(self, left: _Operand, sign: str) -> Predicate:
        for word, wanted in (("any", "="), ("all", "<>")):
            if self._take(word):
                if sign != wanted:
                    raise _UnreadError
                listed = Atom(_column(left), "in", self._array())
                return _negate(listed, negated=word == "all")
        right = self._operand()
        if left.kind == "constant":
            left, right, sign = right, left, _MIRROR[sign]
        return Atom(_column(left), sign, (_constant(right),))

    def _array(self) -> tuple[str, ...]:
        depth = 0
        while self._take("("):
            depth += 1
        self._need("array")
        found = self._listed("[", "]")
        self._casts()
        for _ in range(depth):
            self._need(")")
            self._casts()
        return found

    def _listed(self, opens: str, closes: str) -> tuple[str, ...]:
        self._need(opens)
        values = [_constant(self._operand())]
        while self._take(","):
            values.append(_constant(self._operand()))
        self._need(closes)
        return tuple(sorted(values))

    def _operand(self) -> _Operand:
        inner = self._nested() if self._take("(") else self._simple()
        casts = self._casts()
        if inner.kind == "column" and casts - _HARMLESS_CASTS:
            raise _UnreadError
        return inner

    def _nested(self) -> _Operand:
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise _UnreadError
            inner = self._operand()
        finally:
            self._depth -= 1
        self._need(")")
        return inner

    def _simple(self) -> _Operand:
        negative = self._take("-")
        token = self._next()
        if token.kind == "number":
            return _Operand("constant", f"-{token.text}" if negative else token.text)
        if negative:
            raise _UnreadError
        if token.kind == "string":
            inside = token.text[token.text.index("'") + 1 :].removesuffix("'").removesuffix("\\")
            return _Operand("constant", inside.replace("''", "'"))
        if token.kind == "quoted":
            return _Operand("column", token.text[1:-1])
        if token.kind != "name" or token.word in {"not", "and", "or", "is", "in", "null", "array"}:
            raise _UnreadError
        if token.word in {"true", "false"}:
            return _Operand("constant", token.word)
        if token.word in _LENGTHS and self._take("("):
            inner = self._nested()
            return _Operand("column", f"length({_column(inner)})")
        return _Operand("column", token.text)

    def _casts(self) -> frozenset[str]:
        """Take ``::type`` as often as it stands there; return the first words of the types."""
        types = set()
        while self._take("::"):
            token = self._next()
            while self._take("."):
                token = self._next()
            types.add(token.text.strip('"').lower())
            while self._at < len(self._tokens) and self._tokens[self._at].word in _TYPE_WORDS:
                self._at += 1
            if self._take("("):
                while not self._take(")"):
                    self._next()
            while self._take("["):
                self._need("]")
        return frozenset(types)

    def _boundary(self) -> None:
        """Insist that a part of the predicate ends here."""
        if self._at < len(self._tokens) and self._tokens[self._at].word not in {"and", "or", ")"}:
            raise _UnreadError

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise _UnreadError
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at].word == word
        self._at += found
        return found

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise _UnreadError


def _negate(predicate: Predicate, *, negated: bool) -> Predicate:
    return Group("not", (predicate,)) if negated else predicate


def _column(operand: _Operand) -> str:
    if operand.kind != "column":
        raise _UnreadError
    return operand.text


def _constant(operand: _Operand) -> str:
    if operand.kind != "constant":
        raise _UnreadError
    return operand.text
