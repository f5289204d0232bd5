"""Reads Rails: ``db/structure.sql`` as the whole schema, ``db/migrate/*.rb`` as versions.

Migrations in Ruby are flagged dynamic: what they do is in structure.sql, as the difference of two
versions of it. Called through ``TOOLS``.
"""

import re

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import Reader, Reading

_STRUCTURE = re.compile(r"(?:db/)?(?P<database>[^/]*_)?structure\.sql")
_RUBY = re.compile(r"(?:db/)?(?:migrate/)?(?P<version>[0-9]{1,20})_(?P<name>[^/]*)\.rb")
_INSERT = re.compile(
    r'INSERT\s+INTO\s+(?:"?\w+"?\.)?["`]?schema_migrations["`]?\s*\(["`]?version["`]?\)\s*'
    r"VALUES",
    re.IGNORECASE,
)
_ROW = re.compile(r"\('([^']+)'\)")


def _recognises(reading: Reading) -> bool:
    return bool(reading.named(_RUBY, deep=True)) or any(
        "schema_migrations" in (reading.text(file.string) or "")
        for file in reading.named(_STRUCTURE, deep=True)
    )


def _structure(reading: Reading) -> str | None:
    """Find structure.sql; of several databases', the first one's."""
    found = reading.named(_STRUCTURE, deep=True)
    found.sort(key=lambda file: (file["database"] or "", file.string))
    return found[0].string if found else None


def _schema(reading: Reading) -> str | None:
    path = _structure(reading)
    return reading.text(path) if path else None


def _read(reading: Reading) -> list[Migration]:
    path = _structure(reading)
    text = reading.text(path) if path else None
    if path is None:
        _tell_of_missing(reading)
    written = _versions(text or "")
    if text is not None and not written:
        reading.problem(str(path), "it has no INSERT INTO schema_migrations; versions are unknown")
    found: dict[str, Migration] = {}
    for file in reading.named(_RUBY, deep=True):
        version = file["version"]
        if version in found:
            reading.problem(
                file.string, f"version {version} is also claimed by {found[version].path}"
            )
            continue
        why = f"{file.string} is Ruby code, which is not run"
        found[version] = Migration(
            version=version,
            name=file["name"],
            path=file.string,
            up=None,
            dynamic=why,
            down_dynamic=why,
        )
        if written and version not in written:
            reading.problem(file.string, f"{path} does not list it; was it dumped before?")
    for version in written:
        if version not in found:
            why = f"{path} lists version {version}, whose file is gone"
            found[version] = Migration(
                version=version, name="", path=str(path), up=None, dynamic=why
            )
    return [
        found[version] for version in sorted(found, key=lambda version: (len(version), version))
    ]


def _versions(text: str) -> list[str]:
    """List the versions that structure.sql inserts."""
    found: list[str] = []
    at = 0
    while insert := _INSERT.search(text, at):
        at = text.find(";", insert.end())
        if at < 0:
            break
        found += _ROW.findall(text, insert.end(), at)
    return found


def _tell_of_missing(reading: Reading) -> None:
    ruby = next((path for path in reading.paths if path.endswith("schema.rb")), None)
    if ruby:
        reading.problem(
            ruby, "it is Ruby; with `config.active_record.schema_format = :sql` Rails writes SQL"
        )
    else:
        reading.problem("structure.sql", "it is missing; let the path name the folder db/")


RAILS = Reader("rails", _recognises, _read, _schema)
