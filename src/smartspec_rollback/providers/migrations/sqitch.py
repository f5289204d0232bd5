"""Reads sqitch's project: ``sqitch.plan`` for the order, then deploy/, revert/ by its names.

A change that was reworked keeps its earlier script as ``NAME@TAG.sql``; its version here is
``NAME@TAG`` too. psql's own commands and variables in scripts are flagged dynamic. Called through
``TOOLS``.
"""

import re
from dataclasses import dataclass, field

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import Reader, Reading, from_sql
from smartspec_rollback.providers.migrations.scanning import Lines, without_literals

_PLAN = "sqitch.plan"
_CHANGE = re.compile(
    r"\+?\s*(?P<name>[^\s@#%\[\]!+-][^\s\[\]@#]*)(?:\s+\[(?P<requires>[^\]]*)\])?(?:\s.*)?"
)
_TAG = re.compile(r"@(?P<tag>[^\s\[\]@#]+)(?:\s.*)?")
_TOP = re.compile(r"^\s*top_dir\s*=\s*(?P<value>\S+)\s*$", re.MULTILINE)
_PSQL = re.compile(
    r"^[ \t]*\\(?P<command>[a-z!]+)|(?<![:\w]):['\"]?(?P<variable>[A-Za-z_]\w*)", re.MULTILINE
)
_HARMLESS = frozenset({"set", "echo", "pset", "timing", "unset", "encoding"})


@dataclass
class _Change:
    """One line of the plan."""

    name: str
    requires: tuple[str, ...]
    reworked_at: str = ""
    tags: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        return self.name + self.reworked_at


def _top(reading: Reading) -> str | None:
    """Find the folder of the plan, as sqitch.conf or the files have it; None without a plan."""
    candidates = [""]
    if "sqitch.conf" in reading.paths:
        configured = _TOP.search(reading.text("sqitch.conf") or "")
        if configured:
            candidates.insert(0, configured["value"].strip("./") + "/")
    plans = [path for path in reading.paths if path.endswith("/" + _PLAN)]
    candidates += [plans[0].removesuffix(_PLAN)] if len(plans) == 1 else []
    return next((top for top in candidates if top + _PLAN in reading.paths), None)


def _recognises(reading: Reading) -> bool:
    return _top(reading) is not None


def _read(reading: Reading) -> list[Migration]:
    top = _top(reading)
    if top is None:
        reading.problem(_PLAN, "it is missing; without it the order of the changes is unknown")
        return []
    changes = _plan(reading, top + _PLAN)
    planned = {f"{top}deploy/{change.version}.sql" for change in changes}
    for path in reading.paths:
        if path.startswith(top + "deploy/") and path.endswith(".sql") and path not in planned:
            reading.problem(path, f"it is not in {_PLAN}; sqitch does not deploy it")
    return [_migration(reading, top, change) for change in changes]


def _plan(reading: Reading, path: str) -> list[_Change]:
    changes: list[_Change] = []
    latest: dict[str, int] = {}
    for position, line in enumerate((reading.text(path) or "").split("\n"), start=1):
        bare = line.partition("#")[0].strip()
        if not bare or bare.startswith("%"):
            continue
        if tag := _TAG.fullmatch(bare):
            if changes:
                changes[-1].tags.append(tag["tag"])
            continue
        change = _CHANGE.fullmatch(bare)
        if change is None:
            reading.problem(path, f"line {position} is neither a change nor a tag")
            continue
        name = change["name"]
        if name in latest:
            _rework(reading, path, changes, latest[name])
        latest[name] = len(changes)
        wanted = (change["requires"] or "").split()
        changes.append(_Change(name, tuple(w.lstrip(":") for w in wanted if not w.startswith("!"))))
    return changes


def _rework(reading: Reading, path: str, changes: list[_Change], at: int) -> None:
    """Give the earlier instance of a reworked change the name that its script has since."""
    tag = next((tag for change in changes[at:] for tag in change.tags), None)
    if tag is None:
        reading.problem(path, f"{changes[at].name} is there twice without a tag between")
    else:
        changes[at].reworked_at = f"@{tag}"


def _migration(reading: Reading, top: str, change: _Change) -> Migration:
    up = f"{top}deploy/{change.version}.sql"
    down = f"{top}revert/{change.version}.sql"
    if up not in reading.paths:
        reading.problem(up, f"{_PLAN} names it, and it is missing")
    made = from_sql(
        reading,
        version=change.version,
        name=change.name,
        up=up,
        down=down if down in reading.paths else None,
    )
    return Migration(
        version=made.version,
        name=made.name,
        path=made.path,
        up=made.up,
        down=made.down,
        dynamic=made.dynamic if made.up is None else _psql(made.up),
        down_dynamic=made.down_dynamic or _psql(made.down or ""),
        requires=change.requires,
    )


def _psql(text: str) -> str | None:
    """Name the first thing that only psql understands."""
    bare, endless = without_literals(text)
    for found in _PSQL.finditer(bare):
        if found["command"] in _HARMLESS:
            continue
        line = bare.count("\n", 0, found.start()) + 1
        return f"line {line}: {found[0].strip()} is psql's, and not SQL"
    if endless is not None:
        return f"line {Lines(text).of(endless)}: a string or comment begins that never ends"
    return None


SQITCH = Reader("sqitch", _recognises, _read)
