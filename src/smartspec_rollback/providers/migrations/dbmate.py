"""Reads dbmate's folder: ``VERSION_name.sql`` with ``-- migrate:up`` and ``-- migrate:down``.

Called through ``TOOLS``.
"""

import re

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import (
    Reader,
    Reading,
    natural,
    report_duplicates,
)
from smartspec_rollback.providers.migrations.sections import Sections, split

_FILE = re.compile(r"(?P<version>[0-9]+)(?P<name>[^/]*)\.sql")
_MARKER = re.compile(r"--\s*migrate:(up|down)(?:\s+(.*))?")


def _marker(line: str) -> tuple[str, str] | None:
    found = _MARKER.fullmatch(line.rstrip())
    return (found[1], found[2] or "") if found else None


def _recognises(reading: Reading) -> bool:
    texts = (reading.text(file.string) for file in reading.named(_FILE)[:20])
    return any(split(text, _marker).sections for text in texts if text)


def _read(reading: Reading) -> list[Migration]:
    found = sorted(
        (_migration(reading, file) for file in reading.named(_FILE)),
        key=lambda migration: natural(migration.path),
    )
    report_duplicates(reading, found)
    return found


def _migration(reading: Reading, file: re.Match[str]) -> Migration:
    path = file.string
    text = reading.text(path)
    parts = split(text or "", _marker)
    up = parts.joined("up")
    if text is None:
        dynamic: str | None = reading.fault(path)
    else:
        dynamic = _faults(reading, path, parts)
    return Migration(
        version=file["version"],
        name=file["name"].strip("_"),
        path=path,
        up=up,
        down=parts.joined("down"),
        dynamic=dynamic,
        line=parts.line("up"),
        transaction=not any(
            section.marker == "up" and "transaction:false" in section.options.split()
            for section in parts.sections
        ),
    )


def _faults(reading: Reading, path: str, parts: Sections) -> str | None:
    markers = [section.marker for section in parts.sections]
    if "up" not in markers:
        reading.problem(path, "the line `-- migrate:up` is missing; dbmate refuses the file")
        return "the line `-- migrate:up` is missing"
    if markers not in (["up"], ["up", "down"]):
        reading.problem(path, f"its sections are {', '.join(markers)}; expected up, then down")
    if parts.stray:
        reading.problem(
            path, f"line {parts.stray}: a statement before `-- migrate:up`; dbmate refuses it"
        )
    return None


DBMATE = Reader("dbmate", _recognises, _read)
