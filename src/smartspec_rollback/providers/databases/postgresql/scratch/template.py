"""What initdb makes, kept in the user's cache: unpacking it is ten times as fast as making it.

Called by ``server``. A data folder holds settings that name programs to run, so what is kept is
taken only where nobody else could have put it: in a folder of this user's that only he may enter,
below folders that nobody but him and root may write to. Where that cannot be had, nothing is kept.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_WITHIN = ("smartspec", "scratch")
_BINARIES = ("postgres", "initdb")
_ZONE = Path("/etc/localtime")


class Kept:
    """The data folder that one installation makes with certain options, as an archive."""

    def __init__(self, programs: Path, options: tuple[str, ...]) -> None:
        """Name what is kept after all that initdb's result depends on."""
        told = "\0".join((*_identity(programs), *options))
        self._name = hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:32] + ".tar"
        self._family = hashlib.sha256(os.fsencode(programs)).hexdigest()[:8]

    def opened(self) -> BinaryIO | None:
        """Open the archive for reading; None where there is none that can be trusted."""
        with suppress(OSError):
            if (folder := _folder()) is not None:
                return self._file(folder).open("rb")
        return None

    def forget(self) -> None:
        """Remove an archive that turned out to be of no use."""
        with suppress(OSError):
            if (folder := _folder()) is not None:
                self._file(folder).unlink(missing_ok=True)

    def begun(self) -> "Begun | None":
        """Begin to write the archive; None where it cannot be kept safely."""
        with suppress(OSError):
            if (folder := _folder()) is not None:
                descriptor, name = tempfile.mkstemp(prefix=f"{self._family}-", dir=folder)
                return Begun(os.fdopen(descriptor, "wb"), Path(name), self._file(folder))
        return None

    def _file(self, folder: Path) -> Path:
        return folder / f"{self._family}-{self._name}"


class Begun:
    """An archive that is being written; until ``done`` nobody finds it."""

    def __init__(self, file: BinaryIO, path: Path, becomes: Path) -> None:
        self.file = file
        self._path = path
        self._becomes = becomes

    def done(self) -> None:
        """Keep it, on disk as a whole before it has its name, in place of older ones."""
        with suppress(OSError):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self._path.rename(self._becomes)
            for other in _others(self._becomes):
                other.unlink(missing_ok=True)

    def drop(self) -> None:
        """Keep nothing."""
        with suppress(OSError):
            self.file.close()
            self._path.unlink(missing_ok=True)


def _others(kept: Path) -> Iterator[Path]:
    """Find what was kept of the same installation before it or its surroundings changed."""
    family, _, _ = kept.name.partition("-")
    return (each for each in kept.parent.glob(f"{family}-*.tar") if each != kept)


def _identity(programs: Path) -> Iterator[str]:
    """Tell an installation from its next version, and the time zone that initdb writes down."""
    yield str(programs)
    for path in (*(programs / name for name in _BINARIES), _ZONE):
        try:
            found = path.stat()
        except OSError:
            continue
        yield f"{path.resolve()} {found.st_size} {found.st_mtime_ns}"
    yield os.environ.get("TZ", "")


def _folder() -> Path | None:
    """Make the folder, or find it; None where others could write to it. May raise OSError."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111, PTH117 - pathlib raises where there is no home
    if not base.is_absolute():
        return None
    base.mkdir(mode=0o700, exist_ok=True)
    folder = base.resolve()
    for name in _WITHIN:
        folder /= name
        folder.mkdir(mode=0o700, exist_ok=True)
    own = all(_private(each) for each in (folder, folder.parent))
    return folder if own and all(map(_closed, folder.parents)) else None


def _private(folder: Path) -> bool:
    """Tell whether a folder is this user's own, and only his."""
    found = folder.lstat()
    mode = stat.S_IMODE(found.st_mode)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and mode & 0o077 == 0


def _closed(folder: Path) -> bool:
    """Tell whether only this user and root may move what lies in a folder of theirs."""
    found = folder.lstat()
    others = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid()) and not others
