"""Makes one list of what all rules found: one finding a change, the most specific, worst first.

Called by ``compare``. It never makes a verdict better than the worst of what it joins, but for one
case: that a result changed is no news of its own where the change behind it was already judged.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.codes import BY_NAME, SHAPE_CHANGED, STATEMENT_FAILS
from smartspec_rollback.schema.reading.words import words

_SPECIFIC = {
    "renamed": 3,
    "renamed-behind-view": 3,
    "schema-moved": 3,
    "split": 3,
    "column-dropped": 2,
    "table-dropped": 2,
    "unused-column-dropped": 1,
}
"""Codes that say the same object is gone; the highest number says it best."""
_VAGUE = frozenset({STATEMENT_FAILS.name, SHAPE_CHANGED.name})
_LAST_ROW = 99


def merge(findings: Iterable[SchemaFinding]) -> tuple[SchemaFinding, ...]:
    """Join findings about the same thing, explain failures by changes, and put them in order."""
    joined: dict[tuple[str, str], SchemaFinding] = {}
    for finding in sorted(findings, key=_order):
        key = ("gone" if finding.code in _SPECIFIC else finding.code, finding.object)
        held = joined.get(key)
        joined[key] = finding if held is None else _join(held, finding)
    return tuple(sorted(_explained(list(joined.values())), key=_order))


def _explained(findings: list[SchemaFinding]) -> list[SchemaFinding]:
    """Put what a statement's trial showed beneath the change that explains it."""
    changes = [each for each in findings if each.code not in _VAGUE]
    rest = []
    for vague in (each for each in findings if each.code in _VAGUE):
        place = next((i for i, each in enumerate(changes) if _explains(each, vague)), None)
        if place is None:
            rest.append(vague)
        else:
            changes[place] = _beneath(changes[place], vague)
    return changes + rest


def _explains(change: SchemaFinding, vague: SchemaFinding) -> bool:
    if vague.code == STATEMENT_FAILS.name and change.verdict is not SchemaVerdict.BREAKING:
        return False
    if change.verdict in {SchemaVerdict.SAFE, SchemaVerdict.UNKNOWN}:
        return False
    if Layer.CATALOG not in change.layers:
        return False
    told = words(" ".join((vague.summary, vague.object, *(e.value for e in vague.evidence))))
    parts = [part.lower() for part in change.object.split(".")]
    named = parts[-1] in told
    concerned = vague.statement_id is not None and vague.statement_id == change.statement_id
    return named and (concerned or bool(words(vague.statement or "") & set(parts[1:])))


def _beneath(change: SchemaFinding, vague: SchemaFinding) -> SchemaFinding:
    return replace(
        change,
        layers=_layers(change, vague),
        evidence=tuple(dict.fromkeys((*change.evidence, *vague.evidence))),
        fix=change.fix or vague.fix,
    )


def _join(one: SchemaFinding, other: SchemaFinding) -> SchemaFinding:
    """Join two findings about one thing; the more specific names it, the worse one tells it."""
    named = max((one, other), key=lambda each: _SPECIFIC.get(each.code, 0))
    milder, worse = sorted((one, other), key=_telling)
    shown = worse if worse.statement is not None else milder
    different = None not in {one.statement_id, other.statement_id} and (
        one.statement_id != other.statement_id
    )
    return replace(
        worse,
        code=named.code,
        layers=_layers(one, other),
        statement=shown.statement,
        statement_id=shown.statement_id,
        others=max(one.others, other.others, int(different)),
        evidence=tuple(dict.fromkeys((*worse.evidence, *milder.evidence))),
        fix=worse.fix or milder.fix,
        loses=named.loses,
    )


def _telling(finding: SchemaFinding) -> tuple[int, int]:
    """Rank what is said by its verdict; of two alike, what names the cause, not one failure."""
    return finding.verdict.rank, -tuple(Layer).index(finding.layer)


def _layers(one: SchemaFinding, other: SchemaFinding) -> tuple[Layer, ...]:
    return tuple(sorted({one.layer, *one.layers, other.layer, *other.layers}))


def _order(finding: SchemaFinding) -> tuple[int, int, str, str, str, str]:
    """Order by verdict, row and object; the rest makes it the same whatever came first."""
    code = BY_NAME.get(finding.code)
    return (
        -finding.verdict.rank,
        code.row if code is not None else _LAST_ROW,
        finding.object,
        finding.code,
        finding.statement or "",
        finding.summary,
    )
