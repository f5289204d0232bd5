"""Single files as migrations, where somebody names them one by one instead of a folder."""

from pathlib import Path

from smartspec_rollback.errors import ProviderError, UsageError
from smartspec_rollback.ports.folder import Entry


class OneFile:
    """A folder with nothing but one file in it."""

    def __init__(self, path: Path) -> None:
        """Take a file that is there; UsageError where it cannot be read."""
        try:
            self._size = path.stat().st_size
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"this migration cannot be read: {why}",
                where=str(path),
                remedy="name a file, or a folder of files, that is there",
            ) from None
        self._path = path
        self.where = str(path.parent)
        self.path = path.parent.as_posix()

    def entries(self) -> tuple[Entry, ...]:
        """List the one file."""
        return (Entry(path=self._path.name, size=self._size),)

    def content(self, _: str, /) -> bytes:
        """Read it."""
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise ProviderError(
                f"it cannot be read: {error.strerror}", where=str(self._path)
            ) from error
