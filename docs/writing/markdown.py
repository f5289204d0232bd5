"""Markdown that several pages need. Called by the other modules here."""

import inspect
from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table; an empty cell becomes a dash."""
    titles = tuple(head)
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join(f"| {' | '.join(_cell(c) for c in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or "-"


def code(text: str) -> str:
    """Write a word as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def first_line(thing: object) -> str:
    """Take the first line of a docstring."""
    return inspect.cleandoc(thing.__doc__ or "").partition("\n")[0]


def prose(doc: str | None) -> str:
    """Turn a docstring into Markdown."""
    return inspect.cleandoc(doc or "").replace("``", "`")
