"""Writes the first configuration. Called by ``init``."""

import json
from pathlib import Path

from smartspec_rollback.config.find import FILE_NAME
from smartspec_rollback.config.schema import SCHEMA_FILE, json_schema
from smartspec_rollback.config.template import TEMPLATE
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers import registry


def write_configuration(folder: Path) -> tuple[Path, ...]:
    """Write smartspec.yaml and its schema into ``folder``; UsageError if either is there."""
    schema = json.dumps(json_schema(registry), indent=2) + "\n"
    files = {folder / FILE_NAME: TEMPLATE, folder / SCHEMA_FILE: schema}
    for path in files:
        if path.exists() or path.is_symlink():
            raise UsageError(
                f"{path} exists already, and nothing is overwritten",
                remedy="move it away, or choose another --folder",
            )
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise UsageError(
            f"the configuration cannot be written: {error.strerror}",
            where=str(error.filename or folder),
            remedy="choose a --folder that you may write to",
        ) from error
    return tuple(written)
