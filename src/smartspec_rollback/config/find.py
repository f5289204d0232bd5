"""Finds smartspec.yaml when ``--config`` does not name it. Called by wiring."""

from pathlib import Path

from smartspec_rollback.errors import UsageError

FILE_NAME = "smartspec.yaml"


def find_configuration(start: Path) -> Path:
    """Return the nearest smartspec.yaml in ``start`` or above it; UsageError if there is none."""
    start = start.absolute()
    for folder in (start, *start.parents):
        candidate = folder / FILE_NAME
        if candidate.is_file():
            return candidate
    other = start / "smartspec.yml"
    raise UsageError(
        f"there is no {FILE_NAME}",
        where=f"{start} and the folders above it",
        remedy=f"rename {other.name} to {FILE_NAME}"
        if other.is_file()
        else "write one with `smartspec init`, or name one with --config PATH; where a server has "
        "the ledger, name that with --server URL",
    )
