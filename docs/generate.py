"""Writes the reference pages from the code, so that the two cannot disagree.

Run by ``make docs``; a test compares what it would write with what is committed. It only reads
the code: settings, checks, commands, exit codes, JSON documents, statuses and release.yaml.
"""

import json
import sys
from pathlib import Path

from docs.writing import decisions, shapes, usage
from smartspec_rollback.views.json import rollback_schema

FOLDER = Path(__file__).parent / "reference"
_MARK = "<!-- Generated from the code by `make docs`; do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """Write every page; the keys are file names in ``docs/reference``."""
    written = {
        "settings.md": decisions.settings_page(),
        "checks.md": decisions.checks_page(),
        "statuses.md": decisions.statuses_page(),
        "commands.md": usage.commands_page(),
        "exit-codes.md": usage.exit_codes_page(),
        "json.md": shapes.json_page(),
        "release-yaml.md": shapes.release_yaml_page(),
    }
    marked = {name: f"{_MARK}{text.rstrip()}\n" for name, text in written.items()}
    return marked | {"rollback.schema.json": json.dumps(rollback_schema(), indent=2) + "\n"}


def main() -> None:
    """Write every page that changed, and say which."""
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(FOLDER.parent.parent)}\n")


if __name__ == "__main__":
    main()
