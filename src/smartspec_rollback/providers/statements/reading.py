"""Read an application's statements out of files and folders, whatever form they have.

Called by ``databases`` and ``comparing``. Raises UsageError for a path that does not exist;
everything else that is wrong is a gap that names the file, because the other files are still worth
something.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.statements import exports, sql_files, sqlx
from smartspec_rollback.providers.statements.collected import Collected, merged
from smartspec_rollback.providers.statements.files import content, shown, within

MOST = 20_000
"""Statements of all files together."""

_FORMS = (
    "known are .sql files, sqlx's query-*.json and sqlx-data.json, and pg_stat_statements exported"
    " as .csv or .json"
)
_SQL = frozenset({".sql", ".psql", ".pgsql"})
_EXPORT = "statements"


def read(paths: Sequence[Path]) -> Collected:
    """Read all statements of ``paths``, files or folders; each text is told once.

    Folders of migrations inside a folder are passed over.
    """
    for path in paths:
        try:
            path.stat()
        except OSError as error:
            raise UsageError(
                f"the statements' file {shown(path)} cannot be found ({error.strerror})",
                where=shown(path),
                remedy="name an existing file or folder; " + _FORMS,
            ) from None
    return merged((part for path in paths for part in _parts(path)), most=MOST)


def _parts(path: Path) -> Iterator[Collected]:
    if not path.is_dir():
        yield _file(path)
        return
    found = False
    for entry in within(path):
        if entry.fault:
            yield Collected(gaps=(f"{shown(entry.path)} {entry.fault}.",))
        elif _wanted(entry.path):
            found = True
            yield _file(entry.path)
    if not found:
        yield Collected(gaps=(f"{shown(path)} holds no statements' files; {_FORMS}.",))


def _wanted(path: Path) -> bool:
    """Tell whether a file of a folder is likely to hold statements; folders hold much else."""
    name, suffix = path.name.lower(), path.suffix.lower()
    if suffix == ".json":
        return name.startswith("query-") or name == "sqlx-data.json" or _EXPORT in name
    return suffix in _SQL or (suffix == ".csv" and _EXPORT in name)


def _file(path: Path) -> Collected:
    source = shown(path)
    suffix = path.suffix.lower()
    if suffix not in {*_SQL, ".json", ".csv"}:
        return Collected(gaps=(f"{source} has no form that is known here; {_FORMS}.",))
    text, fault = content(path)
    if fault:
        return Collected(gaps=(f"{source} {fault}.",))
    if suffix == ".json":
        return _json(text, source)
    read_text = exports.read_csv if suffix == ".csv" else sql_files.read
    found = read_text(text, source)
    if not found.texts and not found.gaps:
        return Collected(gaps=(f"{source} holds no statement.",))
    return found


def _json(text: str, source: str) -> Collected:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        return Collected(gaps=(f"{source} is no valid JSON ({error}).",))
    if sqlx.is_one(document):
        return sqlx.read_one(document, source)
    if sqlx.is_all(document):
        return sqlx.read_all(document, source)
    if isinstance(document, list) and document:
        return exports.read_list(document, source)
    return Collected(gaps=(f"{source} has no form that is known here; {_FORMS}.",))
