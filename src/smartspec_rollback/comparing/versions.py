"""The migrations of two versions: those in git's trees, held against what a database has.

Called by ``databases``. The files beside smartspec.yaml may be of any version; git knows which ones
a version came with. Where it does not know both, the files are taken as they are, and that is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smartspec_rollback.comparing.scripts import Scripts
from smartspec_rollback.domain.comparison import Layer
from smartspec_rollback.domain.crosscheck import crosscheck
from smartspec_rollback.domain.migration import AppliedMigration, MigrationSet, Versions
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.providers import migrations, repository
from smartspec_rollback.providers.repository import GitFolder

_SHOWN = 5
Applied = tuple[AppliedMigration, ...]


@dataclass(frozen=True)
class Between:
    """What lies between two states of a database.

    ``unread``: what of it cannot be read, and may have done anything. ``notes``: what else is to be
    known of where it comes from.
    """

    scripts: Scripts = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Held:
    """The new version's migrations, and the old one's where git knows them."""

    new: MigrationSet
    old: MigrationSet | None = None
    edited: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def between(
    tool: str | None, path: Path, versions: Versions, then: Applied, now: Applied
) -> Between:
    """Read the migrations that were applied since ``then``; SmartSpecError where none can be."""
    held = _held(tool, path, versions)
    before, after = (crosscheck(held.new.migrations, each, held.new.tool) for each in (then, now))
    since = set(before.missing) - set(after.missing)
    new = [each for each in held.new.migrations if each.version in since]
    where = "here" if held.old is None else f"of {versions.new}"
    strangers = sorted(set(after.extra) - set(before.extra))
    return Between(
        scripts=tuple((each.path, each.up) for each in new if each.up is not None),
        unread=(
            *(_said(f"{each.path}: {each.dynamic}") for each in new if each.dynamic),
            *(
                _said(f"{each} was applied since, and no file {where} says what it did")
                for each in strangers
            ),
        ),
        notes=(*held.notes, *_differences(held, versions, since)),
    )


def _held(tool: str | None, path: Path, versions: Versions) -> _Held:
    try:
        root = repository.root_of(path)
        inside = path.resolve().relative_to(root.resolve()).as_posix()
    except (SmartSpecError, ValueError):
        return _Held(migrations.read(tool, path))  # in no repository: there is nothing to tell
    try:
        old, new = (
            migrations.read(tool, GitFolder(root, each, inside))
            for each in (versions.old, versions.new)
        )
        edited = repository.between(root, versions.old, versions.new, inside).edited
    except SmartSpecError as error:
        note = f"{error.what}; the migrations' files were read as they are here"
        return _Held(migrations.read(tool, path), notes=(_said(note),))
    return _Held(new, old, edited)


def _differences(held: _Held, versions: Versions, since: set[str]) -> Iterable[str]:
    """Say where git's difference of the versions is not what was applied."""
    if held.old is None:
        return
    known = {each.version for each in held.old.migrations}
    brought = {each.version for each in held.new.migrations} - known
    for names, told in (
        (brought - since, f"{versions.new} brought {{}}, not applied since {versions.old}"),
        (since - brought, f"{{}} applied since, but {versions.old} had the file already"),
        (set(held.edited), f"{{}} edited since {versions.old}: what was applied is not undone"),
    ):
        if names:
            shown = ", ".join(sorted(names)[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield _said(told.format(f"{shown}{more}"))


def _said(text: str) -> str:
    return f"{Layer.MIGRATIONS}: {text}"
