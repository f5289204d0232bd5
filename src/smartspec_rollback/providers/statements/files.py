"""Find statement files and turn their bytes into text, within bounds.

Called by ``reading``. Follows no link to a folder, opens nothing but regular files, and never
raises for a bad file: what is wrong with it is said in words.
"""

import codecs
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST = 32 * 1024 * 1024
"""Bytes of one file."""

MOST_FILES = 20_000

# Migrations are run by their tool, once; what they say is no statement of the application.
_PASSED_OVER = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "target", "migrations",
        "migration", "migrate",
    }
)  # fmt: skip


class Content(NamedTuple):
    """The text of a file, or the ``fault`` why there is none, as the end of a sentence."""

    text: str
    fault: str = ""


class Entry(NamedTuple):
    """A file that was found; ``fault`` says why it is not looked at."""

    path: Path
    fault: str = ""


def shown(path: Path) -> str:
    """Spell a path so that it can be stored: a name that is no text gets escapes."""
    return str(path).encode(errors="backslashreplace").decode()


def within(folder: Path) -> Iterator[Entry]:
    """Go through the files of a folder and those below it, in order of their names."""
    faults: list[Entry] = []

    def unreadable(error: OSError) -> None:
        faults.append(Entry(Path(error.filename), f"cannot be opened ({error.strerror})"))

    count = 0
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in folders:
            if os.path.islink(link := os.path.join(parent, name)):  # noqa: PTH114, PTH118 - names may be no text, which os.walk keeps apart from paths
                yield Entry(Path(link), "is a link to a folder, and was not followed")
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                yield Entry(folder, f"holds more than {MOST_FILES:,} files; the rest was not read")
                return
            yield Entry(Path(parent, name))
    yield from faults


def content(path: Path) -> Content:
    """Read a file: UTF-8, with or without a mark at its beginning."""
    try:
        # A pipe or device would be waited for; it is not even opened.
        if not stat.S_ISREG(path.stat().st_mode):
            return Content("", "is no regular file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        return Content("", f"cannot be opened ({error.strerror})")
    if len(data) > LARGEST:
        limit = f"{LARGEST // 2**20} MB"
        return Content("", f"is larger than {limit}, and was not read; cut it in parts")
    return _decoded(data)


def _decoded(data: bytes) -> Content:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Content("", "is UTF-16, and was not read; save it as UTF-8")
    if b"\0" in data:
        return Content("", "is binary, and was not read")
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Content("", f"is not UTF-8 (line {line}), and was not read; save it as UTF-8")
    if not text.strip():
        return Content("", "is empty")
    return Content(text)
