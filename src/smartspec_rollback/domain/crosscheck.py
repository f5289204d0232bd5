"""Compares the migrations that files say with those that a database says it has. Pure.

Called by ``databases``. Every tool keeps its own kind of record: only the newest
version, only the heads, numbers without their zeros; what a record cannot tell becomes a note.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from smartspec_rollback.domain.migration import (
    AppliedMigration,
    CrossCheck,
    Migration,
    MigrationRole,
)

_NUMBERED = frozenset({"flyway", "golang-migrate", "goose", "plain", "sqlx"})
_BASELINE = "<< Flyway Baseline >>"
_MOST_NAMED = 5


def crosscheck(
    expected: tuple[Migration, ...], applied: tuple[AppliedMigration, ...], tool: str
) -> CrossCheck:
    """Say what is missing, what is too many, and what was begun only, in the files' order."""
    incomplete = tuple(_named(each) for each in applied if not each.complete)
    repeatable = [each for each in expected if each.role is MigrationRole.REPEATABLE]
    once = [each for each in expected if each.role is not MigrationRole.REPEATABLE]
    if tool == "flyway":
        found = _flyway(expected=once, repeatable=repeatable, applied=applied)
    elif tool == "alembic":
        found = _heads(once, applied)
    elif tool == "golang-migrate":
        found = _newest(once, applied)
    elif tool == "django":
        found = _django(once, applied)
    else:
        found = _rows([*once, *repeatable], applied, tool)
    return CrossCheck(
        missing=found.missing, extra=found.extra, incomplete=incomplete, notes=found.notes
    )


def _named(each: AppliedMigration) -> str:
    return each.version or each.name


def _key(tool: str) -> Callable[[str], object]:
    """Give what makes two spellings of one version equal."""
    if tool not in _NUMBERED:
        return lambda version: version

    def numbers(version: str) -> object:
        parts = version.replace("-", "").split(".")
        if not all(re.fullmatch("[0-9]{1,60}", part) for part in parts):
            return version
        whole = [int(part) for part in parts]
        while len(whole) > 1 and whole[-1] == 0:
            whole.pop()
        return tuple(whole)

    return numbers


def _counted(keys: Sequence[object]) -> list[tuple[object, int]]:
    """Count what comes again: sqitch keeps a reworked change under one name twice."""
    seen: Counter[object] = Counter()
    found = []
    for key in keys:
        seen[key] += 1
        found.append((key, seen[key]))
    return found


def _rows(
    expected: Sequence[Migration], applied: Sequence[AppliedMigration], tool: str
) -> CrossCheck:
    """Compare row by row, for the tools that keep one for each migration."""
    key = _key(tool)
    wanted: list[object] = [key(each.version) for each in expected]
    there: list[object] = [key(each.version) for each in applied]
    if tool == "sqitch":
        wanted = list(_counted([each.version.partition("@")[0] for each in expected]))
        there = list(_counted([each.version for each in applied]))
    have, want = set(there), set(wanted)
    missing = [
        place
        for place, each in enumerate(expected)
        if wanted[place] not in have and each.role is not MigrationRole.BASELINE
    ]
    extra = (each for each, one in zip(applied, there, strict=True) if one not in want)
    return CrossCheck(
        missing=tuple(expected[place].version for place in missing),
        extra=tuple(dict.fromkeys(_named(each) for each in extra)),
        notes=_out_of_order(expected, missing, [one in have for one in wanted]),
    )


def _out_of_order(
    expected: Sequence[Migration], missing: Sequence[int], there: Sequence[bool]
) -> tuple[str, ...]:
    newest = max((place for place, yes in enumerate(there) if yes), default=-1)
    passed = [expected[place].version for place in missing if place < newest]
    if not passed:
        return ()
    newer = expected[newest].version
    return (f"{_listed(passed)} not applied, though the later {newer} is: applied out of order",)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"


def _flyway(
    *,
    expected: Sequence[Migration],
    repeatable: Sequence[Migration],
    applied: Sequence[AppliedMigration],
) -> CrossCheck:
    key = _key("flyway")
    rows = [each for each in applied if each.version and each.name != _BASELINE]
    own = {key(each.version) for each in rows}
    # From a baseline on, whatever is not newer counts as there.
    baselines = [key(each.version) for each in applied if each.name == _BASELINE]
    baselines += [
        key(each.version)
        for each in expected
        if each.role is MigrationRole.BASELINE and key(each.version) in own
    ]
    start = max((one for one in baselines if isinstance(one, tuple)), default=())
    later = [
        each
        for each in expected
        if not isinstance(one := key(each.version), tuple) or one > start or one in own
    ]
    known = {key(each.version) for each in expected}
    found = _rows(later, rows, "flyway")
    names = {each.name.replace("_", " ").strip() for each in applied if not each.version}
    wanted = {each.name for each in repeatable}
    notes = list(found.notes)
    if start:
        notes.append("the database was given to Flyway at a baseline; older files count as applied")
    if repeatable:
        notes.append("whether a repeatable migration's newest text was applied is not compared")
    return CrossCheck(
        missing=(*found.missing, *(each.name for each in repeatable if each.name not in names)),
        extra=(
            *(version for version in found.extra if key(version) not in known),
            *sorted(names - wanted),
        ),
        notes=tuple(notes),
    )


def _heads(expected: Sequence[Migration], applied: Sequence[AppliedMigration]) -> CrossCheck:
    """Alembic keeps heads only: what they descend from is applied too."""
    by_version = {each.version: each for each in expected}
    unknown = tuple(each.version for each in applied if each.version not in by_version)
    if unknown:
        return CrossCheck(
            extra=unknown,
            notes=("what an unknown head includes is not known, so nothing is called missing",),
        )
    there: set[str] = set()
    waiting = [each.version for each in applied]
    while waiting:
        version = waiting.pop()
        if version not in there and version in by_version:
            there.add(version)
            waiting += by_version[version].requires
    return CrossCheck(missing=tuple(each.version for each in expected if each.version not in there))


def _newest(expected: Sequence[Migration], applied: Sequence[AppliedMigration]) -> CrossCheck:
    """Golang-migrate keeps the newest version only: all before it count as applied."""
    key = _key("golang-migrate")
    versions = {key(each.version) for each in expected}
    extra = tuple(each.version for each in applied if key(each.version) not in versions)
    reached = max(
        (one for each in applied if isinstance(one := key(each.version), tuple)), default=()
    )
    missing = (
        each.version
        for each in expected
        if isinstance(one := key(each.version), tuple) and one > reached
    )
    notes = ("only the newest version is kept; whether an earlier one was left out is not known",)
    return CrossCheck(missing=tuple(missing), extra=extra, notes=notes if applied else ())


def _django(expected: Sequence[Migration], applied: Sequence[AppliedMigration]) -> CrossCheck:
    """Django's table holds the installed applications' migrations too; those are no surplus."""
    apps = {each.version.partition(".")[0] for each in expected}
    own = [each for each in applied if each.version.partition(".")[0] in apps]
    others = {each.version.partition(".")[0] for each in applied} - apps
    found = _rows(expected, own, "django")
    notes = list(found.notes)
    if others:
        notes.append(f"the migrations of {', '.join(sorted(others))} are in no file here")
    # Django has no order between applications, so what is late is not out of order.
    return CrossCheck(
        missing=found.missing,
        extra=found.extra,
        notes=tuple(note for note in notes if "out of order" not in note),
    )
