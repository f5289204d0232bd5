"""PostgreSQL's own grammar: SQL text to syntax trees. The only file that imports postgast.

Called by whatever reads SQL in this package. Whatever is wrong with a text is a value, never an
error: the texts come from other people's repositories and from servers. Trees are the parser's JSON
as plain dicts; they may be read, never changed. JSON is taken instead of protobuf messages because
it is three times as fast and is not limited to 100 levels.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from postgast.native import lib

from smartspec_rollback.providers.databases.postgresql.statements.placeholders import (
    numbered,
    obvious,
)
from smartspec_rollback.providers.sql_text import depth, statements, tokens

Tree: TypeAlias = dict[str, Any]
"""One node of the parser: ``{"SelectStmt": {…}}``, or the inside of one."""

LONGEST = 1024 * 1024
"""Characters of one statement; a longer one is refused."""

DEEPEST = 3000
"""Tokens that may lie inside each other. The parser's C code overflows its stack far above that,
and a thread's stack may be small."""

_PRINTED = 80
_HIDDEN = "<insufficient privilege>"
_UTILITIES = frozenset(
    {
        "abort", "begin", "checkpoint", "close", "commit", "deallocate", "discard", "end", "fetch",
        "listen", "move", "notify", "release", "reset", "rollback", "savepoint", "set", "show",
        "start", "unlisten",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text as the parser took it: ``text`` has ``$1`` for placeholders of any style.

    ``trees`` are the statements in order. With a ``problem`` there are none.
    """

    text: str
    trees: tuple[Tree, ...] = ()
    problem: str | None = None


def parse(text: str) -> Parsed:
    """Parse ``text``, rewriting placeholders where that is needed; bounded in time and memory."""
    if problem := _refusal(text):
        return Parsed(text, problem=problem)
    plain = obvious(text)
    first = _parse(plain)
    if first.problem is None:
        return first
    rewritten = numbered(plain)
    if rewritten != plain and (second := _parse(rewritten)).problem is None:
        return second
    # pg_stat_statements writes SAVEPOINT $1 and the like, which is no SQL, and touches nothing.
    return Parsed(text) if _first_word(text) in _UTILITIES and _single(text) else first


def _refusal(text: str) -> str | None:
    if len(text) > LONGEST:
        return f"it has {len(text):,} characters; above {LONGEST:,} no statement is read"
    if text.strip() == _HIDDEN:
        return "the server hides its text from this role; grant it pg_read_all_stats"
    if "\0" in text:
        return "it is binary, not text"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "it holds half a surrogate pair, which is no text"
    if len(text) > DEEPEST and depth(text) > DEEPEST:
        return f"it is nested more than {DEEPEST:,} tokens deep"
    return None


def _parse(text: str) -> Parsed:
    result = lib.pg_query_parse(text.encode())
    try:
        if result.error:
            return Parsed(text, problem=_fault(text, result.error.contents))
        trees = msgspec.json.decode(result.parse_tree)["stmts"]
    except RecursionError:
        return Parsed(text, problem="it is nested too deeply")
    except (msgspec.DecodeError, KeyError):
        return Parsed(text, problem="the parser's tree of it cannot be read")
    finally:
        lib.pg_query_free_parse_result(result)
    return Parsed(text, tuple(each["stmt"] for each in trees if "stmt" in each))


def _fault(text: str, error: Any) -> str:
    message = error.message.decode(errors="replace") if error.message else "it cannot be parsed"
    message = message if len(message) <= _PRINTED else message[: _PRINTED - 1] + "…"
    # The position counts characters from 1; 0 says that it is not known.
    before = text[: max(0, error.cursorpos - 1)]
    where = f" (line {before.count(chr(10)) + 1})" if error.cursorpos > 0 else ""
    return f"{message}{where}"


def _single(text: str) -> bool:
    return sum(1 for _ in statements(text)) == 1


def _first_word(text: str) -> str:
    for token in tokens(text):
        if token.kind not in ("space", "comment"):
            return text[token.start : token.end].lower()
    return ""


def strings(nodes: list[Tree]) -> tuple[str, ...]:
    """Take the texts of a list of String nodes; other nodes become ``*``."""
    return tuple(n["String"].get("sval", "") if "String" in n else "*" for n in nodes)
