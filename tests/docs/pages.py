"""What the tests of the documentation read: the pages, and the code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted((*(ROOT / "docs").rglob("*.md"), *(ROOT / n for n in ("README.md", "CONTRIBUTING.md"))))
)
WRITTEN = tuple(page for page in PAGES if "Generated from the code" not in page.read_text("utf-8"))
"""Pages that people wrote."""

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """List the fenced blocks of a page, in order."""
    for indent, language, text in _BLOCK.findall(page.read_text("utf-8")):
        yield Block(page, language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))


def inline_code(page: Path) -> Iterator[str]:
    """List what stands between single backticks."""
    yield from _INLINE.findall(_BLOCK.sub("", page.read_text("utf-8")))


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text("utf-8"))


def name(page: Path) -> str:
    """Name a page for people."""
    return str(page.relative_to(ROOT))
