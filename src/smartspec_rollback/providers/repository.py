"""A git repository's files at one version, read without checking anything out.

Called by ``comparing.versions`` to map versions to migrations. References come from outside and are
checked before git sees them.
"""

import os
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError, UsageError
from smartspec_rollback.ports.folder import Entry
from smartspec_rollback.providers.git import meaning, run

_MAX_LISTING = 64 * 1024 * 1024
_MAX_FILE = 16 * 1024 * 1024
_MAX_CONTENT = 256 * 1024 * 1024
_MAX_ENTRIES = 50_000
_SHORT = 10_000
_REF = re.compile(r"[A-Za-z0-9_.@+][A-Za-z0-9_.@+/^~-]{0,249}")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class GitEntry(NamedTuple):
    """One line of a tree."""

    mode: str
    kind: str
    id: str
    size: int


class Between(Value):
    """What two versions' folders differ in, as paths relative to the folder.

    ``edited`` have the same path and other content: a migration that was applied already, and then
    changed, does nothing where it was applied.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


class GitFolder:
    """A folder as it was at one version; ``content`` gives what git has, never the work tree's."""

    def __init__(self, repository: Path, ref: str, folder: str) -> None:
        """List the folder; UsageError for a bad reference or folder, ProviderError for git's."""
        self._repository = repository
        self.path = _checked_folder(folder)
        self.where = f"{self.path or '.'} at {ref}"
        self.tree = _tree(repository, ref, self.path)
        self._contents: dict[str, bytes] | None = None

    def entries(self) -> tuple[Entry, ...]:
        """List everything inside, folders too; what is hidden is left out."""
        found: dict[str, Entry] = {}
        for path, entry in self.tree.items():
            parts = PurePosixPath(path).parts
            if any(part.startswith(".") for part in parts):
                continue
            for depth in range(1, len(parts)):
                above = "/".join(parts[:depth])
                found[above] = Entry(path=above, is_folder=True)
            found[path] = Entry(path=path, size=entry.size, fault=_fault(entry))
        return tuple(found[path] for path in sorted(found))

    def content(self, path: str, /) -> bytes:
        """Read one file; the first time, all files are fetched from git in one go."""
        entry = self.tree.get(path)
        if entry is None or (fault := _fault(entry)):
            raise ProviderError(
                "it is not in the folder" if entry is None else fault,
                where=f"{path} ({self.where})",
            )
        if self._contents is None:
            self._contents = _contents(self._repository, self.tree)
        if path not in self._contents:
            raise ProviderError(
                f"above {_MAX_FILE:,} bytes a file, or {_MAX_CONTENT:,} in all, nothing is read",
                where=f"{path} ({self.where})",
            )
        return self._contents[path]


def root_of(folder: Path) -> Path:
    """Find the repository that a folder lies in; a bare one is its own root."""
    code, out, complaint = run(folder, ("rev-parse", "--show-toplevel"), limit=_SHORT)
    if code == 0:
        return Path(os.fsdecode(out).removesuffix("\n"))
    if "must be run in a work tree" in complaint:
        return folder
    raise meaning(folder, complaint)


def between(repository: Path, old: str, new: str, folder: str) -> Between:
    """Compare a folder at two versions, by path and content."""
    path = _checked_folder(folder)
    before, after = _tree(repository, old, path), _tree(repository, new, path)
    return Between(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        edited=tuple(
            sorted(
                path for path in before.keys() & after.keys() if before[path].id != after[path].id
            )
        ),
    )


def commit_of(repository: Path, ref: str) -> str:
    """Find the commit a version names; UsageError for a name that cannot be one, or is not."""
    if not _REF.fullmatch(ref) or ".." in ref or "@{" in ref or "//" in ref:
        raise UsageError(
            f"not a name of a version in git: {ref[:80]!r}",
            remedy="give a tag, a branch or a commit; letters, digits and . _ - + / @ are allowed",
        )
    # The tag first: a branch of the same name is no version.
    for name in (f"refs/tags/{ref}", ref):
        asked = ("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        code, out, complaint = run(repository, asked, limit=_SHORT)
        found = out.decode("ascii", "replace").strip()
        if code == 0 and _ID.fullmatch(found):
            return found
        if complaint:
            raise meaning(repository, complaint)
    raise _unknown(repository, ref)


def _unknown(repository: Path, ref: str) -> UsageError:
    _, out, _ = run(repository, ("rev-parse", "--is-shallow-repository"), limit=_SHORT)
    shallow = out.strip() == b"true"
    return UsageError(
        f"the repository does not know the version {ref!r}",
        where=str(repository),
        remedy="the clone is shallow: `git fetch --unshallow --tags`, or in a pipeline fetch with "
        "the whole history (fetch-depth: 0)"
        if shallow
        else "`git fetch --tags`, or give the commit",
    )


def _checked_folder(folder: str) -> str:
    if "\0" in folder or PurePosixPath(folder).is_absolute() or ".." in PurePosixPath(folder).parts:
        raise UsageError(
            f"not a folder inside the repository: {folder[:200]!r}",
            where="database.migrations.path",
            remedy="write the path from the repository's root, such as db/migrations",
        )
    path = PurePosixPath(folder).as_posix()
    return "" if path == "." else path


def _tree(repository: Path, ref: str, folder: str) -> dict[str, GitEntry]:
    """Read the tree under ``folder``; UsageError if there is no such folder at that version."""
    tree = f"{commit_of(repository, ref)}:{folder}"
    asked = ("ls-tree", "-r", "-z", "-l", "--full-tree", "--", tree)
    code, out, error = run(repository, asked, limit=_MAX_LISTING)
    if code != 0:
        raise meaning(repository, error, missing=f"there is no folder {folder or '.'} at {ref}")
    found: dict[str, GitEntry] = {}
    for line in out.split(b"\0"):
        head, tab, name = line.partition(b"\t")
        parts = head.decode("ascii", "replace").split()
        if tab and len(parts) == 4:  # noqa: PLR2004 - mode, kind, id, size
            mode, kind, id_, size = parts
            path = name.decode("utf-8", "backslashreplace")
            found[path] = GitEntry(mode, kind, id_, int(size) if size.isdigit() else 0)
    if len(found) > _MAX_ENTRIES:
        raise ProviderError(
            f"the folder holds more than {_MAX_ENTRIES:,} files",
            where=f"{folder or '.'} at {ref}",
            remedy="name the migrations' own folder",
        )
    return found


def _fault(entry: GitEntry) -> str:
    if entry.kind == "commit":
        return "it is a submodule, whose files are in a repository of their own"
    if entry.mode == "120000":
        return "it is a link, and in git's trees links are not followed"
    return ""


def _contents(repository: Path, tree: dict[str, GitEntry]) -> dict[str, bytes]:
    """Read all files below the limits, in one run of git."""
    wanted: dict[str, list[str]] = {}
    total = 0
    for path, entry in tree.items():
        if _fault(entry) or entry.size > _MAX_FILE or total + entry.size > _MAX_CONTENT:
            continue
        if entry.id not in wanted:
            total += entry.size
        wanted.setdefault(entry.id, []).append(path)
    if not wanted:
        return {}
    asked = "".join(f"{id_}\n" for id_ in wanted).encode()
    limit = total + 200 * len(wanted)
    code, out, error = run(repository, ("cat-file", "--batch"), limit=limit, given=asked)
    if code != 0:
        raise meaning(repository, error)
    found: dict[str, bytes] = {}
    at = 0
    for id_, paths in wanted.items():
        head, _, _ = out[at : at + 200].partition(b"\n")
        parts = head.decode("ascii", "replace").split()
        if parts[:2] != [id_, "blob"] or not parts[-1].isdigit():
            raise ProviderError(
                f"git has not got the content of {paths[0]}",
                where=str(repository),
                remedy="a partial clone has no contents of old versions: `git fetch --refetch`",
            )
        begins = at + len(head) + 1
        ends = begins + int(parts[-1])
        found |= dict.fromkeys(paths, out[begins:ends])
        at = ends + 1
    return found
