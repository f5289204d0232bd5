"""Reads golang-migrate's folder: ``000001_x.up.sql`` and ``000001_x.down.sql``.

The ledger keeps the version as a number, so leading zeros are left out. Called through ``TOOLS``.
"""

import re

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import (
    Reader,
    Reading,
    from_sql,
    number,
)

_FILE = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)\.(?P<way>up|down)\.(?P<ending>[^/]+)")


def _recognises(reading: Reading) -> bool:
    return bool(reading.named(_FILE))


def _read(reading: Reading) -> list[Migration]:
    paths: dict[tuple[int, str], str] = {}
    names: dict[int, str] = {}
    for file in reading.named(_FILE):
        version = int(file["version"][:40])
        first = paths.setdefault((version, file["way"]), file.string)
        if first != file.string:
            reading.problem(file.string, f"version {version} is also claimed by {first}")
        if file["ending"] != "sql":
            reading.problem(file.string, "it is not SQL; golang-migrate runs it all the same")
        names.setdefault(version, file["name"])
    _tell_of_others(reading)
    found = []
    for version, name in sorted(names.items()):
        up, down = paths.get((version, "up")), paths.get((version, "down"))
        if up is None:
            reading.problem(str(down), "there is no .up.sql beside it")
        found.append(from_sql(reading, version=number(str(version)), name=name, up=up, down=down))
    return found


def _tell_of_others(reading: Reading) -> None:
    known = {file.string for file in reading.named(_FILE)}
    for path in reading.paths:
        if path.endswith(".sql") and path not in known:
            reading.problem(path, "golang-migrate ignores it: not VERSION_name.up.sql at the top")


GOLANG_MIGRATE = Reader("golang-migrate", _recognises, _read)
