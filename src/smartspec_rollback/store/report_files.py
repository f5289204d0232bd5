"""Reports as files, one per format, beside the ledger.

Made by ``wiring`` with the views' renderers, called by the engine when a rollback ends.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from smartspec_rollback.domain.report import Report


class Renderer(Protocol):
    """Writes a report in one format."""

    def __call__(self, report: Report, paths: tuple[str, ...], /) -> str:
        """Write ``report``; ``paths`` are where all formats of it lie."""
        ...


class ReportFiles:
    """Writes each report once per format, whole or not at all, readable by its owner only."""

    def __init__(self, folder: Path, renderers: Mapping[str, Renderer]) -> None:
        self._folder = folder
        self._renderers = renderers

    def paths(self, rollback_id: str) -> tuple[str, ...]:
        """Name the files of a rollback's report."""
        return tuple(str(self._folder / f"{rollback_id}{suffix}") for suffix in self._renderers)

    def publish(self, report: Report, /) -> tuple[str, ...]:
        """Write the files and return their paths; OSError where that fails."""
        paths = self.paths(report.rollback.id)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, renderer in zip(paths, self._renderers.values(), strict=True):
            _replace(Path(path), renderer(report, paths))
        return paths


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
