"""Reads Atlas's folder: ``VERSION_name.sql`` and ``atlas.sum``, which is checked.

Atlas computes the way back; ``.down.sql`` beside ``.up.sql`` is there where the folder is in the
format of another tool, as are sections of goose or dbmate. Called through ``TOOLS``.
"""

import base64
import hashlib
import re

from smartspec_rollback.domain.migration import Migration, MigrationRole
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.providers.migrations.reading import (
    Reader,
    Reading,
    from_sql,
    report_duplicates,
)

_SUM = "atlas.sum"
_FILE = re.compile(r"(?P<version>[^/_.]+)(?:_(?P<name>[^/]*?))?(?P<down>\.(?:up|down))?\.sql")
_DIRECTIVE = re.compile(r"^-- *atlas:(?P<name>[a-z]+)(?: +(?P<value>[^\n]*))?$", re.MULTILINE)


def _recognises(reading: Reading) -> bool:
    return _SUM in reading.paths


def _read(reading: Reading) -> list[Migration]:
    files = reading.named(_FILE)
    back = {
        file.string.removesuffix(".down.sql"): file.string
        for file in files
        if file["down"] == ".down"
    }
    found = [_migration(reading, file, back) for file in files if file["down"] != ".down"]
    found.sort(key=lambda migration: (migration.version, migration.path))
    report_duplicates(reading, found)
    _check_sum(reading)
    return found


def _migration(reading: Reading, file: re.Match[str], back: dict[str, str]) -> Migration:
    path = file.string
    text = reading.text(path) or ""
    head = text.partition("\n\n")[0]
    directives = {found["name"]: found["value"] or "" for found in _DIRECTIVE.finditer(head)}
    for foreign in ("-- +goose Up", "-- migrate:up", "--liquibase formatted sql"):
        if foreign in text:
            reading.problem(
                path,
                f"it has the marker `{foreign}` of another tool; its whole text was taken as the "
                "way forth. Name that tool in `migrations: {tool: …}` instead",
            )
    return from_sql(
        reading,
        version=file["version"],
        name=file["name"] or "",
        up=path,
        down=back.get(path.removesuffix(".sql").removesuffix(".up")),
        role=MigrationRole.BASELINE if "checkpoint" in directives else MigrationRole.ONCE,
        untransacted="-- atlas:txmode none",
    )


def _check_sum(reading: Reading) -> None:
    """Compare with atlas.sum: its hashes go on from file to file, so the first fault is named."""
    if _SUM not in reading.paths:
        reading.problem(_SUM, "it is missing; Atlas refuses a folder without it")
        return
    lines = (reading.text(_SUM) or "").split("\n")[1:]
    summed = dict(line.rsplit(" h1:", 1) for line in lines if " h1:" in line)
    running = hashlib.sha256()
    for file in sorted(file.string for file in reading.named(_FILE)):
        text = reading.text(file)
        if text is None:
            return  # that it cannot be read is said already
        try:
            content = reading.folder.content(file)
        except SmartSpecError:
            return
        running.update(file.encode())
        directives = dict(_DIRECTIVE.findall(text.partition("\n\n")[0]))
        if directives.get("sum") == "ignore":
            continue
        running.update(content)
        if file not in summed:
            reading.problem(file, f"it is not in {_SUM}; it was added after the sums were made")
            return
        if summed.pop(file) != base64.b64encode(running.digest()).decode():
            reading.problem(
                file, f"it is not what {_SUM} says; it, or the order of files before it, was edited"
            )
            return
    for file in summed:
        reading.problem(_SUM, f"it names {file}, which is not in the folder")


ATLAS = Reader("atlas", _recognises, _read)
