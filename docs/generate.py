"""Writes the reference pages from the code, so that the two cannot disagree.

Run by ``make docs``; a test compares what it would write with what is committed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write every page that changed, and say which."""
    sys.path.insert(0, str(ROOT))  # a script's own folder is all that Python looks into
    from docs.writing.pages import FOLDER, pages  # noqa: PLC0415 - found only from here on

    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
