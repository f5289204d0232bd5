"""Writes the reference pages and the ready help texts from the code; they cannot disagree.

Run by ``make docs``; a test compares what it would write with what is committed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
READY_HELP = ROOT / "src" / "smartspec_rollback" / "cli" / "ready_help"


def main() -> None:
    """Write every page that changed, and say which."""
    sys.path.insert(0, str(ROOT))  # a script's own folder is all that Python looks into
    from docs.writing.pages import FOLDER, pages  # noqa: PLC0415 - found only from here on
    from docs.writing.usage import ready_help  # noqa: PLC0415 - found only from here on

    ready = {READY_HELP / f"{name}.txt": text for name, text in ready_help()}
    for path, text in {**{FOLDER / name: text for name, text in pages().items()}, **ready}.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
