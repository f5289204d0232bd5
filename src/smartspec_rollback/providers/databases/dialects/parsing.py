"""SQL text to syntax trees, by sqlglot.

Called by ``usage``, ``effects`` and ``predicates``. Whatever is wrong with a text is a value, never
an error: the texts come from other people's repositories and from servers. sqlglot takes what it
does not know as an opaque Command; here that counts as not parsed.
"""

import logging
import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from smartspec_rollback.providers.databases.dialects.placeholders import rewritten

LONGEST = 200_000
"""Characters of one statement; a longer one is refused."""

_PRINTED = 120
_REPLACE = re.compile(
    r"(?P<before>(?:\s|/\*.*?\*/|--[^\n]*\n)*)REPLACE\s+(?:(?:LOW_PRIORITY|DELAYED)\s+)?(?:INTO\s+)?",
    re.IGNORECASE | re.DOTALL,
)
_FIRST_WORD = re.compile(r"(?:\s|\(|/\*.*?\*/|(?:--|\#)[^\n]*\n)*(\w+)", re.DOTALL)
_UTILITIES = frozenset(
    {
        "set", "begin", "start", "commit", "end", "rollback", "savepoint", "release", "use", "show",
        "pragma", "lock", "unlock", "kill", "flush", "analyze", "optimize", "vacuum", "reindex",
        "attach", "detach", "deallocate", "describe", "desc",
    }
)  # fmt: skip
"""First words of statements that touch no rows."""


class _Silent(logging.Filter):
    """sqlglot warns of every Command; here that is a value."""

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return False


logging.getLogger("sqlglot").addFilter(_Silent())


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text as the parser took it: ``text`` has ``?`` for placeholders of any style.

    ``trees`` are the statements in order; with a ``problem`` there are none. ``replaces``: it is a
    REPLACE, given as the INSERT it begins with.
    """

    text: str
    trees: tuple[exp.Expr, ...] = ()
    problem: str | None = None
    replaces: bool = False


def first_word(text: str) -> str:
    """Return the word a statement begins with, in lower case."""
    found = _FIRST_WORD.match(text)
    return found[1].lower() if found else ""


def parse(text: str, dialect: str) -> Parsed:
    """Parse ``text``, rewriting placeholders; bounded in the length of the text."""
    if problem := _refusal(text):
        return Parsed(text, problem=problem)
    plain = rewritten(text, dialect)
    if first_word(plain) in _UTILITIES:
        return Parsed(plain)
    replace = _REPLACE.match(plain)
    readable = (
        plain if replace is None else f"{replace['before']}INSERT INTO {plain[replace.end() :]}"
    )
    try:
        trees = [each for each in sqlglot.parse(readable, dialect=dialect) if each is not None]
    except (ParseError, TokenError) as error:
        return Parsed(plain, problem=_fault(error))
    except RecursionError:
        return Parsed(plain, problem="it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - a parser of so many dialects has faults of its own
        return Parsed(plain, problem=f"the parser cannot read it ({type(error).__name__})")
    for tree in trees:
        if isinstance(tree, exp.Command) or tree.find(exp.Command) is not None:
            word = first_word(readable).upper()
            return Parsed(plain, problem=f"a statement that begins with {word} is not read")
    return Parsed(plain, tuple(trees), replaces=replace is not None)


def _refusal(text: str) -> str | None:
    if len(text) > LONGEST:
        return f"it has {len(text):,} characters; above {LONGEST:,} no statement is read"
    if "\0" in text:
        return "it is binary, not text"
    if not text.strip():
        return "it is empty"
    return None


def _fault(error: ParseError | TokenError) -> str:
    told = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    said = " ".join(str(told.get("description") or error).split()).rstrip(".")
    line = told.get("line")
    said = said if len(said) <= _PRINTED else said[: _PRINTED - 1] + "…"
    return f"{said} (line {line})" if line else said
