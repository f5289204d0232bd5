"""Migrations named one by one on a command line, as texts to read and to run on scratch copies."""

from collections.abc import Sequence
from pathlib import Path

from smartspec_rollback.domain.migration import MigrationSet
from smartspec_rollback.errors import ProviderError, UsageError
from smartspec_rollback.providers import migrations
from smartspec_rollback.providers.migrations.files import OneFile
from smartspec_rollback.providers.migrations.text import decode

Scripts = tuple[tuple[str, str], ...]
"""Each script's name, for people, and its SQL."""


def going_up(paths: Sequence[Path]) -> tuple[Scripts, tuple[str, ...]]:
    """Read migrations in the order given; and what of them could not be read, in words.

    A folder is read as its tool would; of a file with sections only what goes up is taken.
    """
    found: list[tuple[str, str]] = []
    unread: list[str] = []
    for path in paths:
        read = _folder(path) if path.is_dir() else _alone(path)
        unread += read.problems
        for each in read.migrations:
            name = str(path / each.path) if path.is_dir() else str(path)
            if each.up is not None:
                found.append((name, each.up))
            if each.dynamic is not None:
                unread.append(f"{name}: {each.dynamic}")
    return tuple(found), tuple(unread)


def going_down(paths: Sequence[Path]) -> Scripts:
    """Read what reverses migrations, in the order given; of a file with sections only that."""
    return tuple((str(path), _down(path)) for path in paths)


def whole(path: Path) -> str:
    """Read a file of SQL; UsageError where it is none."""
    try:
        decoded = decode(OneFile(path).content(path.name))
    except ProviderError as error:
        raise UsageError(error.what, where=str(path), remedy="name a file of SQL") from None
    if decoded.text is None:
        raise UsageError(f"this file cannot be read as SQL: {decoded.fault}", where=str(path))
    return decoded.text


def _down(path: Path) -> str:
    sections = [each.down for each in _alone(path).migrations if each.down is not None]
    return "\n".join(sections) if sections else whole(path)


def _folder(path: Path) -> MigrationSet:
    """Read a folder as the tool it is recognised to be of, else its files by their names."""
    try:
        return migrations.read(None, path)
    except UsageError:
        return migrations.read("plain", path)


def _alone(path: Path) -> MigrationSet:
    file = OneFile(path)
    try:
        return migrations.read(None, file)
    except UsageError:
        return migrations.read("plain", file)
