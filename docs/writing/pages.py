"""Every reference page, by its file name. Called by ``docs.generate`` and by the tests."""

import json
from pathlib import Path

from docs.writing import decisions, http_api, shapes, usage
from smartspec_rollback.views.json import rollback_schema

FOLDER = Path(__file__).parents[1] / "reference"
_MARK = "<!-- Generated from the code by `make docs`; do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """Write every page; only reads the code."""
    written = {
        "settings.md": decisions.settings_page(),
        "checks.md": decisions.checks_page(),
        "schema-codes.md": decisions.schema_codes_page(),
        "statuses.md": decisions.statuses_page(),
        "commands.md": usage.commands_page(),
        "exit-codes.md": usage.exit_codes_page(),
        "http-api.md": http_api.http_api_page(),
        "json.md": shapes.json_page(),
        "release-yaml.md": shapes.release_yaml_page(),
    }
    marked = {name: f"{_MARK}{text.rstrip()}\n" for name, text in written.items()}
    return marked | {"rollback.schema.json": json.dumps(rollback_schema(), indent=2) + "\n"}
