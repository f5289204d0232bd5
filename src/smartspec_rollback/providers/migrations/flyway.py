"""Reads Flyway's folders: ``V1.1__x.sql``, ``U1.1__x.sql``, ``R__x.sql``, ``B1__x.sql``.

Placeholders (``${schema}``) are filled in by Flyway from its own configuration, so a text that has
some is flagged dynamic, as are migrations in Java. Called through ``TOOLS``.
"""

import re

from smartspec_rollback.domain.migration import Migration, MigrationRole
from smartspec_rollback.providers.migrations.reading import (
    Reader,
    Reading,
    from_sql,
    natural,
    report_duplicates,
)

_FILE = re.compile(
    r"(?:.*/)?(?P<kind>[VUB])(?P<version>[0-9]+(?:[._][0-9]+)*)(?:__(?P<name>[^/]*?))?"
    r"\.(?P<ending>sql|java|kt|groovy|class)"
)
_REPEATABLE = re.compile(r"(?:.*/)?(?P<kind>R)__(?P<name>[^/]+?)\.(?P<ending>sql|java|kt|class)")
_CALLBACK = re.compile(r"(?:.*/)?(?:before|after)[A-Z][A-Za-z]*(?:__[^/]*)?\.(?:sql|java|kt|class)")
_PLACEHOLDER = re.compile(r"\$\{[^}\n]{1,200}\}")
_UNTRANSACTED = re.compile(r"^\s*executeInTransaction\s*=\s*false\s*$", re.MULTILINE)


def _recognises(reading: Reading) -> bool:
    return any("__" in file.string for file in reading.named(_FILE, deep=True)) or bool(
        reading.named(_REPEATABLE, deep=True)
    )


def _read(reading: Reading) -> list[Migration]:
    files = reading.named(_FILE, deep=True)
    undo = {_key(file["version"]): file.string for file in files if file["kind"] == "U"}
    found = [_versioned(reading, file, undo) for file in files if file["kind"] != "U"]
    # A baseline stands for all up to its own version, so it comes after that one.
    found.sort(key=lambda m: (_key(m.version), m.role is MigrationRole.BASELINE, m.path))
    report_duplicates(reading, found, _key)
    versions = {_key(migration.version) for migration in found}
    for version, path in undo.items():
        if version not in versions:
            reading.problem(path, "there is no V file of this version")
    _tell_of_others(reading)
    # Flyway runs what is repeatable after all that is versioned, by description.
    again = reading.named(_REPEATABLE, deep=True)
    return found + [_repeatable(reading, file) for file in sorted(again, key=_description)]


def _versioned(
    reading: Reading, file: re.Match[str], undo: dict[tuple[int, ...], str]
) -> Migration:
    baseline = file["kind"] == "B"
    return _checked(
        reading,
        file,
        version=file["version"].replace("_", "."),
        role=MigrationRole.BASELINE if baseline else MigrationRole.ONCE,
        down=None if baseline else undo.get(_key(file["version"])),
    )


def _repeatable(reading: Reading, file: re.Match[str]) -> Migration:
    return _checked(reading, file, version="", role=MigrationRole.REPEATABLE, down=None)


def _checked(
    reading: Reading, file: re.Match[str], *, version: str, role: MigrationRole, down: str | None
) -> Migration:
    path, name = file.string, _description(file)
    if file["ending"] != "sql":
        why = f"{path} is code for the Java machine, which is not run"
        return Migration(
            version=version, name=name, path=path, up=None, dynamic=why, down_dynamic=why, role=role
        )
    made = from_sql(reading, version=version, name=name, up=path, down=down, role=role)
    placeholder = _PLACEHOLDER.search(made.up or "")
    configured = f"{path}.conf" in reading.paths and reading.text(f"{path}.conf")
    return Migration(
        version=made.version,
        name=made.name,
        path=made.path,
        up=made.up,
        down=made.down,
        dynamic=made.dynamic or (_filled_in(placeholder) if placeholder else None),
        down_dynamic=made.down_dynamic,
        role=made.role,
        transaction=not (configured and _UNTRANSACTED.search(configured)),
    )


def _filled_in(placeholder: re.Match[str]) -> str:
    line = placeholder.string.count("\n", 0, placeholder.start()) + 1
    return f"line {line}: Flyway fills in {placeholder[0]}"


def _description(file: re.Match[str]) -> str:
    return (file["name"] or "").replace("_", " ").strip()


def _key(version: str) -> tuple[int, ...]:
    """Compare versions as Flyway does: by number, and ``1`` is ``1.0``."""
    parts = [int(part[:40]) for part in re.split(r"[._]", version) if part.isdigit()]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _tell_of_others(reading: Reading) -> None:
    for path in sorted(reading.paths, key=natural):
        if _CALLBACK.fullmatch(path):
            reading.problem(path, "a callback, which Flyway runs around migrations; not read")
        elif path.endswith(".sql") and not (_FILE.fullmatch(path) or _REPEATABLE.fullmatch(path)):
            reading.problem(path, "Flyway ignores it: not named V1__x.sql, U1__x.sql or R__x.sql")


FLYWAY = Reader("flyway", _recognises, _read)
