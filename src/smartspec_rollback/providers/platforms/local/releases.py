"""The folder of releases: which versions there are, and what exactly each one is.

Called by ``platform``, ``starting`` and ``inspecting``. It only reads. Releases are told apart by
content: the artifact digest covers every file of the folder, the configuration digest what the
release is told and the files it refers to.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.values import digest
from smartspec_rollback.errors import ConfigurationError, ProviderError, UsageError
from smartspec_rollback.providers.platforms.local import release_file
from smartspec_rollback.providers.platforms.local.release_file import ReleaseFile

_CHUNK = 1 << 20
_EXECUTABLE = 0o100


@dataclass(frozen=True)
class Releases:
    """A folder with a folder per version."""

    root: Path

    def folder(self, version: str) -> Path | None:
        """Return a version's folder, None if there is none; links and odd names are none."""
        try:
            path = self.root / checked_name("version", version)
        except UsageError:
            return None
        there = not path.is_symlink() and (path / release_file.NAME).is_file()
        return path if there else None

    def versions(self) -> tuple[str, ...]:
        """Name the versions, the one changed last first."""
        try:
            found = [path for path in self.root.iterdir() if self.folder(path.name) is not None]
            newest = sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ProviderError(f"cannot read: {error.strerror}", where=str(self.root)) from error
        return tuple(path.name for path in reversed(newest))

    def find(self, version: str) -> Release | None:
        """Describe a version as it is on disk now; ConfigurationError if its file is wrong."""
        folder = self.folder(version)
        if folder is None:
            return None
        told = release_file.load(folder / release_file.NAME)
        return Release(
            version=version,
            artifact=str(folder),
            artifact_digest=_tree_digest(folder),
            configuration_digest=configuration_digest(folder, told),
        )

    def configuration_now(self, version: str) -> str:
        """Digest a version's referenced configuration as it is on disk now, whatever its state."""
        folder = self.folder(version)
        if folder is None:
            return digest("the release is gone")
        try:
            told = release_file.load(folder / release_file.NAME)
        except ConfigurationError as broken:
            return digest(str(broken))
        return configuration_digest(folder, told)


def configuration_digest(folder: Path, told: ReleaseFile) -> str:
    """Digest what a release is told, never a secret's value."""
    files = [(name, _configuration_file(folder / name)) for name in told.configuration]
    secrets = sorted(told.secrets)
    return digest((sorted(told.environment.items()), secrets, told.readiness, files))


def missing_configuration(folder: Path, told: ReleaseFile) -> tuple[str, ...]:
    """Name the referenced files that are not there."""
    return tuple(name for name in told.configuration if not (folder / name).is_file())


def missing_secrets(folder: Path, told: ReleaseFile) -> tuple[str, ...]:
    """Name the secrets whose files cannot be read."""
    return tuple(
        name
        for name, secret in told.secrets.items()
        if not (folder / secret.file).is_file() or not os.access(folder / secret.file, os.R_OK)
    )


def _tree_digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(_walk(folder)):
        name = os.fsencode(path.relative_to(folder))
        if path.is_symlink():
            entry = ("link", name, _inner_link(path, folder))
        elif path.is_dir():
            entry = ("folder", name, "")
        elif path.is_file():
            mode = "program" if path.stat().st_mode & _EXECUTABLE else "file"
            entry = (mode, name, _file_digest(path))
        else:
            raise ProviderError("neither file, folder nor link", where=str(path))
        whole.update(digest(entry).encode())
    return f"sha256:{whole.hexdigest()}"


def _walk(folder: Path) -> Iterator[Path]:
    try:
        for path in folder.iterdir():
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _walk(path)
    except OSError as error:
        raise ProviderError(f"cannot read: {error.strerror}", where=str(folder)) from error


def _inner_link(path: Path, folder: Path) -> str:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ProviderError(
            "a link leads out of the release's folder, so its content could change unseen",
            where=str(path),
            remedy="copy the file into the release (a virtual environment: `venv --copies`)",
        )
    return str(path.readlink())


def _configuration_file(path: Path) -> str | None:
    return _file_digest(path) if path.is_file() else None


def _file_digest(path: Path) -> str:
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                content.update(chunk)
    except OSError as error:
        raise ProviderError(f"cannot read: {error.strerror}", where=str(path)) from error
    return content.hexdigest()
