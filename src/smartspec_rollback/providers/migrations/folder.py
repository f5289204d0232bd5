"""A folder on disk, as the readers of migrations see it.

Links are followed only to files inside the same folder, so that a repository cannot make us read
anything else of this machine, and a loop of links never ends anything but itself.
"""

import os
import stat
from pathlib import Path

from smartspec_rollback.errors import ProviderError, UsageError
from smartspec_rollback.ports.folder import Entry

MAX_ENTRIES = 50_000
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})


class DiskFolder:
    """A real folder."""

    def __init__(self, folder: Path) -> None:
        """Take an existing folder; UsageError if there is none."""
        try:
            self._root = folder.resolve(strict=True)
            found = self._root.is_dir()
        except (OSError, RuntimeError, ValueError):  # a loop of links; a NUL in the name
            found = False
        if not found:
            raise UsageError(
                "there is no folder of migrations"
                if not folder.is_file()
                else "the migrations' folder is a file",
                where=f"database.migrations.path: {folder}",
                remedy="write the folder's path from smartspec.yaml: "
                "`migrations: {tool: flyway, path: db/migrations}`",
            )
        self.where = str(folder)
        self.path = self._root.as_posix()

    def entries(self) -> tuple[Entry, ...]:
        """List everything inside; ProviderError above 50,000 entries."""
        found: list[Entry] = []
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            try:
                inside = sorted(os.scandir(folder), key=lambda item: item.name)
            except OSError as error:
                relative = folder.relative_to(self._root).as_posix()
                found.append(Entry(path=relative, is_folder=True, fault=_why(error)))
                continue
            for item in inside:
                if item.name.startswith(".") or item.name in _SKIPPED:
                    continue
                entry = self._entry(item)
                found.append(entry)
                if entry.is_folder and not entry.fault:
                    waiting.append(Path(item.path))
            if len(found) > MAX_ENTRIES:
                raise ProviderError(
                    f"the folder holds more than {MAX_ENTRIES:,} files",
                    where=self.where,
                    remedy="let database.migrations.path name the migrations' own folder",
                )
        return tuple(sorted(found, key=lambda entry: entry.path))

    def content(self, path: str, /) -> bytes:
        """Read one file."""
        try:
            return (self._root / path).read_bytes()
        except OSError as error:
            raise ProviderError(_why(error), where=f"{self.where}/{path}") from error

    def _entry(self, item: os.DirEntry[str]) -> Entry:
        path = Path(item.path).relative_to(self._root).as_posix()
        try:
            if item.is_symlink():
                return self._link(Path(item.path), path)
            status = item.stat(follow_symlinks=False)
        except OSError as error:
            return Entry(path=path, fault=_why(error))
        if stat.S_ISDIR(status.st_mode):
            return Entry(path=path, is_folder=True)
        fault = "" if stat.S_ISREG(status.st_mode) else "it is neither a file nor a folder"
        return Entry(path=path, size=status.st_size, fault=fault)

    def _link(self, link: Path, path: str) -> Entry:
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):
            return Entry(path=path, fault="it is a link that leads nowhere")
        if not target.is_relative_to(self._root):
            return Entry(path=path, fault="it is a link out of the folder, and not followed")
        if not target.is_file():
            return Entry(path=path, fault="it is a link to a folder, and not followed")
        return Entry(path=path, size=target.stat().st_size)


def _why(error: OSError) -> str:
    return f"it cannot be read: {error.strerror or type(error).__name__}"
