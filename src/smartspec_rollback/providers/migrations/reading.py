"""One reading of a folder: its files' texts, and every problem met on the way.

Made by ``read``, handed to the reader of one tool. A reader asks it for paths and
texts, and never touches a file itself.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from smartspec_rollback.domain.migration import Migration, MigrationRole, MigrationSet
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.folder import Folder
from smartspec_rollback.providers.migrations.text import decode, too_large

MAX_TOTAL = 256 * 1024 * 1024
_MAX_PROBLEMS = 200
_DIGITS = re.compile(r"([0-9]+)")


class Reading:
    """The texts of one folder."""

    def __init__(self, folder: Folder) -> None:
        """List the folder."""
        self.folder = folder
        entries = folder.entries()
        self.paths = tuple(entry.path for entry in entries if not entry.is_folder)
        self.folders = tuple(entry.path for entry in entries if entry.is_folder)
        self._faults = {entry.path: entry.fault for entry in entries if entry.fault}
        self._sizes = {entry.path: entry.size for entry in entries}
        self._texts: dict[str, str | None] = {}
        self._read = 0
        self._problems: dict[str, None] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """List the problems met so far, each once, in the order met."""
        found = tuple(self._problems)
        if len(found) <= _MAX_PROBLEMS:
            return found
        return (*found[:_MAX_PROBLEMS], f"and {len(found) - _MAX_PROBLEMS} more problems")

    def problem(self, path: str, what: str) -> None:
        """Remember what is wrong with the file at ``path``."""
        self._problems[f"{path}: {what}"] = None

    def text(self, path: str) -> str | None:
        """Read a file; None, and a problem, if it cannot be read."""
        if path not in self._texts:
            self._texts[path] = self._load(path)
        return self._texts[path]

    def fault(self, path: str) -> str:
        """Say why ``text`` was None."""
        return self._faults.get(path, "")

    def named(self, pattern: re.Pattern[str], *, deep: bool = False) -> list[re.Match[str]]:
        """Match file names (the whole of each); ``string`` of a match is the path.

        Only files at the top, unless ``deep``; then the pattern is matched against the path.
        """
        found = [pattern.fullmatch(path) for path in self.paths if deep or "/" not in path]
        return [match for match in found if match]

    def folders_named_like_files(self, suffix: str = ".sql") -> None:
        """Say of every folder whose name ends like a file's that it was not read."""
        for path in self.folders:
            if path.endswith(suffix):
                self.problem(path, "it is a folder, though it is named like a file; not read")
            elif fault := self._faults.get(path):
                self.problem(path, fault)

    def _load(self, path: str) -> str | None:
        size = self._sizes.get(path, 0)
        missing = "" if path in self._sizes else "it is missing"
        fault = self._faults.get(path, "") or missing or too_large(size)
        if not fault and self._read + size > MAX_TOTAL:
            fault = f"more than {MAX_TOTAL:,} bytes were read before it"
        text: str | None = None
        if not fault:
            try:
                data = self.folder.content(path)
            except SmartSpecError as error:
                fault = error.what
            else:
                self._read += len(data)
                text, fault, remark = decode(data)
                if remark:
                    self.problem(path, remark)
        if fault:
            self._faults[path] = fault
            self.problem(path, fault)
        return text


@dataclass(frozen=True)
class Reader:
    """How to read one tool's folder.

    ``recognises`` tells the tool's folder from others'. ``read`` gives the migrations in order,
    and the whole schema's text where there is such a file.
    """

    tool: str
    recognises: Callable[[Reading], bool]
    read: Callable[[Reading], Iterable[Migration]]
    schema: Callable[[Reading], str | None] = lambda _: None

    def set_of(self, reading: Reading) -> MigrationSet:
        """Read the folder."""
        reading.folders_named_like_files()
        migrations = tuple(self.read(reading))
        schema = self.schema(reading)
        if not migrations and schema is None:
            reading.problem(reading.folder.where, f"no migrations of {self.tool} are in it")
        return MigrationSet(
            tool=self.tool, migrations=migrations, problems=reading.problems, schema=schema
        )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Make a key that sorts ``2_x`` before ``10_x``."""
    return tuple(
        (0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part)
        for part in _DIGITS.split(text[:400])
        if part
    )


def from_sql(
    reading: Reading,
    *,
    version: str,
    name: str,
    up: str | None,
    down: str | None = None,
    role: MigrationRole = MigrationRole.ONCE,
    untransacted: str = "",
) -> Migration:
    """Make a migration of whole SQL files, ``up`` and ``down`` being their paths.

    ``untransacted`` is the comment at a file's start which says: outside of a transaction.
    """
    forth = reading.text(up) if up else None
    back = reading.text(down) if down else None
    why: str | None = None
    if forth is None:
        why = f"{up}: {reading.fault(up)}" if up else "there is no file for the way forth"
    return Migration(
        version=version,
        name=name,
        path=up or down or "",
        up=forth,
        down=back,
        dynamic=why,
        down_dynamic=f"{down}: {reading.fault(down)}" if down and back is None else None,
        role=role,
        transaction=not (untransacted and (forth or "").lstrip().startswith(untransacted)),
    )


def report_duplicates(
    reading: Reading,
    migrations: Iterable[Migration],
    key: Callable[[str], object] = lambda version: version,
) -> None:
    """Name the files that claim one version; the tool would refuse them, or pick one."""
    seen: dict[object, str] = {}
    for migration in migrations:
        if migration.role is MigrationRole.REPEATABLE:
            continue
        first = seen.setdefault((migration.role, key(migration.version)), migration.path)
        if first != migration.path:
            reading.problem(
                migration.path, f"version {migration.version} is also claimed by {first}"
            )


def number(version: str) -> str:
    """Write a version as tools do that keep it as a number: ``007`` is ``7``."""
    return version.lstrip("0") or "0"


def stem(path: str) -> str:
    """Give a file's name without its folders and its last ending."""
    return PurePosixPath(path).stem
