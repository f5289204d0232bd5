"""Cut an SQL script into what psql would send: statements, and rows of COPY … FROM stdin.

Used by ``reversal``. Nothing is executed here. Of psql's own commands only those that dumps hold
and that change nothing are passed over; any other is refused, because what it would have done
cannot be known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.sql_text import statements

LONGEST = 64 * 2**20
"""Characters of one script; a longer one is refused."""

_ROWS = re.compile(
    r"^(?P<copy>COPY\s[^;\n]+\sFROM\s+STDIN\b[^;\n]*);[^\S\n]*\n(?P<rows>.*?)^\\\.[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^[^\S\n]*\\(?P<name>[a-z!?]+)(?:[^\S\n].*)?$", re.MULTILINE | re.IGNORECASE)
_HARMLESS = frozenset(
    [
        "connect",
        "c",
        "restrict",
        "unrestrict",
        "set",
        "unset",
        "echo",
        "qecho",
        "warn",
        "encoding",
        "pset",
        "timing",
        "t",
        "x",
        "a",
    ]
)


@dataclass(frozen=True, slots=True)
class Command:
    """One statement; ``rows`` are what a COPY … FROM stdin is fed. ``source`` is file and line."""

    text: str
    source: str
    rows: str | None = None

    @property
    def short(self) -> str:
        """The statement in one line, for people."""
        line = " ".join(self.text.split())
        return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"


_SHORT = 300


def cut(text: str, name: str) -> tuple[Command, ...]:
    """Cut the script called ``name``; UsageError where it is too long or needs psql itself."""
    if len(text) > LONGEST:
        raise UsageError(f"{name} is longer than {LONGEST // 2**20} MB", where=name)
    if "\0" in text:
        raise UsageError(f"{name} is binary, not SQL", where=name)
    return tuple(_commands(text.replace("\r\n", "\n"), name))


def _commands(text: str, name: str) -> Iterator[Command]:
    position, line = 0, 1
    for found in _ROWS.finditer(text):
        before = text[position : found.start()]
        yield from _plain(before, name, line)
        line += before.count("\n")
        yield Command(found["copy"], f"{name}:{line}", found["rows"])
        line += found.group().count("\n")
        position = found.end()
    yield from _plain(text[position:], name, line)


def _plain(text: str, name: str, line: int) -> Iterator[Command]:
    """Cut what holds no rows, blanking psql's commands where a statement could begin."""
    for piece in statements(text, line=line):
        rest, first = piece.text, piece.line
        while (found := _COMMAND.match(rest)) is not None:
            if found["name"].lower() not in _HARMLESS:
                raise UsageError(
                    f"psql's command \\{found['name']} cannot be run here",
                    where=f"{name}:{first}",
                    remedy="put the SQL it stands for in its place",
                )
            after = rest[found.end() :]
            rest = after.lstrip()
            first += found.group().count("\n") + after[: len(after) - len(rest)].count("\n")
        yield from [Command(rest, f"{name}:{first}")] if rest else []
