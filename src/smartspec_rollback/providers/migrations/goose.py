"""Reads goose's folder: ``00001_name.sql`` with ``-- +goose Up`` and ``-- +goose Down``.

``StatementBegin`` and ``StatementEnd`` only say where a statement ends; as comments they stay.
Migrations in Go are flagged dynamic. Called through ``TOOLS``.
"""

import re

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import (
    Reader,
    Reading,
    number,
    report_duplicates,
)
from smartspec_rollback.providers.migrations.sections import Sections, split

_FILE = re.compile(r"(?P<version>[0-9]+)_(?P<name>[^/]+)\.(?P<ending>sql|go)")
_MARKER = re.compile(r"\s*--\s*\+goose\s+(up|down)\s*", re.IGNORECASE)
_NOTE = re.compile(r"\s*--\s*\+goose\s+([A-Za-z][A-Za-z ]*?)\s*", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")


def _marker(line: str) -> tuple[str, str] | None:
    found = _MARKER.fullmatch(line)
    return (found[1].lower(), "") if found else None


def _recognises(reading: Reading) -> bool:
    files = [file.string for file in reading.named(_FILE) if file["ending"] == "sql"][:20]
    texts = (reading.text(path) for path in files)
    return any(split(text, _marker).sections for text in texts if text)


def _read(reading: Reading) -> list[Migration]:
    files = [file for file in reading.named(_FILE) if not file["name"].endswith("_test")]
    found = sorted(
        (_migration(reading, file) for file in files),
        key=lambda migration: (int(migration.version[:40]), migration.path),
    )
    report_duplicates(reading, found)
    return found


def _migration(reading: Reading, file: re.Match[str]) -> Migration:
    path = file.string
    is_code = file["ending"] == "go"
    text = None if is_code else reading.text(path)
    parts = split(text or "", _marker)
    notes = _notes(text or "")
    if is_code:
        dynamic: str | None = f"{path} is Go code, which is not run"
    elif text is None:
        dynamic = reading.fault(path)
    else:
        dynamic = _faults(reading, path, parts, notes, text)
    return Migration(
        version=number(file["version"]),
        name=file["name"],
        path=path,
        up=parts.joined("up"),
        down=parts.joined("down"),
        dynamic=dynamic,
        down_dynamic=dynamic if is_code else None,
        line=parts.line("up"),
        transaction="NO TRANSACTION" not in notes,
    )


def _notes(text: str) -> dict[str, int]:
    """Find the other annotations of a file: upper case, to the line of the first one."""
    notes: dict[str, int] = {}
    for position, line in enumerate(text.split("\n"), start=1):
        if "+goose" in line and (found := _NOTE.fullmatch(line)):
            notes.setdefault(" ".join(found[1].upper().split()), position)
    return notes


def _faults(
    reading: Reading, path: str, parts: Sections, notes: dict[str, int], text: str
) -> str | None:
    markers = [section.marker for section in parts.sections]
    if "up" not in markers:
        reading.problem(path, "the line `-- +goose Up` is missing; goose refuses the file")
        return "the line `-- +goose Up` is missing"
    if markers not in (["up"], ["up", "down"]):
        reading.problem(path, f"its sections are {', '.join(markers)}; expected up, then down")
    if parts.stray:
        reading.problem(
            path, f"line {parts.stray}: a statement before `-- +goose Up`; goose refuses it"
        )
    if ("STATEMENTBEGIN" in notes) != ("STATEMENTEND" in notes):
        reading.problem(path, "StatementBegin and StatementEnd are not in pairs")
    if "ENVSUB ON" in notes and _VARIABLE.search(text):
        return f"line {notes['ENVSUB ON']}: it is filled in from environment variables"
    return None


GOOSE = Reader("goose", _recognises, _read)
