"""Commands as people type them in chats, on phones too: dashes that grew together, smart quotes.

Pure; called by ``commanding``. The flags are those of the command line that make sense where no
terminal is. UsageError says what is wrong, and names the nearest flag.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import UsageError

LIMIT = 4000
"""Characters of a command; nobody types more."""

_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"
_OPENING = {
    '"': '"\u201d\u201c\u201e',
    "\u201c": '\u201d"\u201c',
    "\u201d": '\u201d"',
    "\u201e": '\u201c\u201d"',
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
    "'": "'\u2019\u2018",
    "\u2018": "\u2019'",
    "\u2019": "\u2019'",
    "`": "`",
}
_FLAG = re.compile(
    rf"[{_DASHES}]+(?P<name>[A-Za-z][A-Za-z0-9{_DASHES}_]*)(?:=(?P<value>.*))?", re.DOTALL
)
_SHOWN = 60


class Kind(Enum):
    """What a flag takes: nothing, one word, or all words up to the next flag."""

    NOTHING = "nothing"
    NAME = "name"
    TEXT = "text"


ROLLBACK: Mapping[str, Kind] = MappingProxyType(
    {
        "failed-deployment-id": Kind.NAME,
        "target-version": Kind.NAME,
        "auto-approve": Kind.NOTHING,
        "dry-run": Kind.NOTHING,
        "override": Kind.NAME,
        "reason": Kind.TEXT,
        "help": Kind.NOTHING,
    }
)
GATE: Mapping[str, Kind] = MappingProxyType({"deployment-id": Kind.NAME, "help": Kind.NOTHING})

_TERMINAL = frozenset({"break-glass", "config", "format", "quiet", "verbose", "version"})
"""Flags of the command line that mean nothing in a chat."""


class Typed(Value):
    """What was typed: flags with what they were given, and words that belong to none."""

    flags: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Tell whether a flag was given."""
        return any(flag == name for flag, _ in self.flags)

    def all(self, name: str) -> tuple[str, ...]:
        """Return everything a flag was given."""
        return tuple(value for flag, value in self.flags if flag == name)

    def one(self, name: str) -> str | None:
        """Return what a flag was given; UsageError where it was given twice."""
        found = self.all(name)
        if len(found) > 1:
            raise UsageError(f"`--{name}` was given {len(found)} times", remedy="give it once")
        return found[0] if found else None


def typed(arguments: str, known: Mapping[str, Kind]) -> Typed:
    """Read what stands behind a command; UsageError where it cannot be understood."""
    if len(arguments) > LIMIT:
        raise UsageError(f"a command has {LIMIT} characters at most")
    words = _words(arguments)
    flags: list[tuple[str, str]] = []
    loose: list[str] = []
    at = 0
    while at < len(words):
        word, quoted = words[at]
        at += 1
        found = None if quoted else _FLAG.fullmatch(word)
        if found is None:
            loose.append(_name(word))
            continue
        name = _known(_dashed(found["name"]).lower(), known)
        if known[name] is Kind.NOTHING:
            if found["value"]:
                raise UsageError(f"`--{name}` takes no value")
            flags.append((name, ""))
            continue
        taken = [_unquoted(found["value"])] if found["value"] else []
        while at < len(words) and (not taken or known[name] is Kind.TEXT):
            word, quoted = words[at]
            if not quoted and _FLAG.fullmatch(word):
                break
            taken.append(word)
            at += 1
        if not taken:
            raise UsageError(f"`--{name}` needs a value")
        flags.append((name, " ".join(taken) if known[name] is Kind.TEXT else _name(taken[0])))
    return Typed(flags=tuple(flags), words=tuple(loose))


def _known(name: str, known: Mapping[str, Kind]) -> str:
    if name in known:
        return name
    if name in _TERMINAL:
        raise UsageError(f"`--{name}` is for a terminal, it does nothing here")
    close = nearest(name, known, limit=1)
    remedy = f"did you mean `--{close[0]}`?" if close else f"there are {_listed(known)}"
    raise UsageError(f"there is no `--{_shown(name)}`", remedy=remedy)


def _listed(known: Mapping[str, Kind]) -> str:
    return ", ".join(f"`--{name}`" for name in known)


def _words(text: str) -> list[tuple[str, bool]]:
    """Split into words; what stands in quotes of any kind is one, said to be quoted."""
    spaced = "".join(" " if _is_space(c) else c for c in text)
    words: list[tuple[str, bool]] = []
    at = 0
    while at < len(spaced):
        if spaced[at] == " ":
            at += 1
            continue
        if spaced[at] in _OPENING and (end := _closing(spaced, at)) is not None:
            words.append((spaced[at + 1 : end].strip(), True))
            at = end + 1
            continue
        end = at
        while end < len(spaced) and spaced[end] != " ":
            is_value = spaced[end] == "=" and spaced[end + 1 : end + 2] in _OPENING
            close = _closing(spaced, end + 1) if is_value else None
            end = end + 1 if close is None else close + 1
        words.append((spaced[at:end], False))
        at = end
    return words


def _closing(text: str, at: int) -> int | None:
    """Find the quote that ends what begins at ``at``; an apostrophe within a word is none."""
    for place in range(at + 1, len(text)):
        if text[place] in _OPENING[text[at]] and text[place + 1 : place + 2] in ("", " "):
            return place
    return None


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] in _OPENING and value[-1] in _OPENING[value[0]]:
        return value[1:-1].strip()
    return value


def _name(word: str) -> str:
    """Write a name as it was meant: phones turn two dashes into a long one."""
    return _dashed(word.replace("\u2014", "--"))


def _dashed(word: str) -> str:
    return "".join("-" if c in _DASHES else c for c in word)


def _is_space(character: str) -> bool:
    """Tell white space, and what is invisible between words."""
    return character.isspace() or unicodedata.category(character) in ("Zs", "Cf")


def _shown(name: str) -> str:
    return name[:_SHOWN].replace("`", "'")
