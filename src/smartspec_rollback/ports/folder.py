"""A tree of files, wherever it lies: in a folder, or in a git repository at some version.

Implemented by ``providers``; read by the readers of migrations and of query files. Reading never
changes anything and never runs anything of what is read.
"""

from typing import Protocol

from smartspec_rollback.domain.values import Value


class Entry(Value):
    """One file or folder inside a Folder; ``path`` is relative, with ``/`` between its parts.

    ``size`` is in bytes. ``fault`` says why it cannot be read: a link that leads elsewhere, a
    missing permission; empty where it can.
    """

    path: str
    size: int = 0
    is_folder: bool = False
    fault: str = ""


class Folder(Protocol):
    """A tree of files that can be listed and read."""

    @property
    def where(self) -> str:
        """Name the folder for people, with the version it is read at."""
        ...

    @property
    def path(self) -> str:
        """Give the folder's own path; its last parts are the names of folders."""
        ...

    def entries(self) -> tuple[Entry, ...]:
        """List all that is inside, at any depth, sorted by path; what is hidden is left out."""
        ...

    def content(self, path: str, /) -> bytes:
        """Read one file that ``entries`` listed; ProviderError if it cannot be read."""
        ...
