"""Makes the folders that the tests of migration readers read."""

from collections.abc import Mapping
from pathlib import Path

from smartspec_rollback.domain.migration import Migration, MigrationSet
from smartspec_rollback.ports.folder import Entry
from smartspec_rollback.providers.migrations import read


def make(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files, their folders included."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read_files(tool: str | None, folder: Path, files: Mapping[str, str | bytes]) -> MigrationSet:
    """Write files and read them."""
    return read(tool, make(folder, files))


def versions(found: MigrationSet) -> list[str]:
    """List the versions in order."""
    return [migration.version for migration in found.migrations]


def only(found: MigrationSet) -> Migration:
    """Give the one migration there is."""
    (migration,) = found.migrations
    return migration


def squeezed(sql: str | None) -> list[str]:
    """Split SQL into statements on one line each."""
    return [" ".join(each.split()) for each in (sql or "").split(";") if each.strip()]


class InMemory:
    """A folder that lies nowhere."""

    def __init__(self, files: dict[str, bytes], path: str = "nowhere") -> None:
        """Take the files' contents by their paths."""
        self.where = self.path = path
        self._files = files

    def entries(self) -> tuple[Entry, ...]:
        """List the files."""
        return tuple(Entry(path=path, size=len(self._files[path])) for path in sorted(self._files))

    def content(self, path: str, /) -> bytes:
        """Give one file."""
        return self._files[path]
