"""Which types hold every value of another: what no number of tried values can show.

Used by ``doubts``: a column that comes back with another type is lossless only where its type
holds all the other's values, or where all of them (an enum's labels, a boolean's) were tried.
"""

from smartspec_rollback.providers.databases.postgresql.reversing.state import State

_ANY = -1
_HEADER = 4
_HALF = 1024
"""A numeric's scale is kept in 11 bits, with its sign."""
_TEXTS = ("text", "varchar")
_HOLDS = {
    "int2": ("int4", "int8", "numeric", *_TEXTS),
    "int4": ("int8", "numeric", *_TEXTS),
    "int8": ("numeric", *_TEXTS),
    "float4": ("float8",),
    "numeric": _TEXTS,
    "text": ("varchar",),
    "varchar": ("text",),
    "citext": _TEXTS,
    "name": _TEXTS,
    "json": _TEXTS,
    "jsonb": ("json", *_TEXTS),
    "uuid": _TEXTS,
    "xml": _TEXTS,
    "cidr": ("inet",),
    "date": _TEXTS,
}
_UNITS = ("timestamp", "timestamptz", "time", "timetz", "interval")


def holds(state: State, wide: tuple[int, int], other: State, narrow: tuple[int, int]) -> bool:
    """Whether type ``wide`` of ``state`` holds all that ``narrow`` of ``other`` can hold.

    Types are given by oid and modifier. A domain holds what another does only where it is the same.
    """
    if wide == narrow and state.types[wide[0]].labels == other.types[narrow[0]].labels:
        return True
    if wide == narrow and set(other.types[narrow[0]].codes) <= set(state.types[wide[0]].codes):
        return True  # labels were renamed or added, none was dropped
    if state.types[wide[0]].kind == "d":
        return False
    to, given = state.types[wide[0]], other.types[narrow[0]]
    modifier = narrow[1]
    while given.kind == "d":
        modifier = given.base_modifier if given.base_modifier != _ANY else modifier
        given = other.types[given.base]
    if to.oid == given.oid:
        return wide[1] in (_ANY, modifier) or _wider(to.name, wide[1], modifier)
    if given.kind == "e":
        if to.kind == "e":
            return set(given.labels) <= set(to.labels)
        return to.name in _TEXTS and wide[1] == _ANY
    if to.name not in _HOLDS.get(given.name, ()):
        return False
    return wide[1] == _ANY or (
        to.name == "varchar" and given.name == "varchar" and _wider("varchar", wide[1], modifier)
    )


def _wider(name: str, to: int, given: int) -> bool:
    """Whether the same type with modifier ``to`` holds all it holds with ``given``."""
    if given == _ANY:
        return False
    if name == "varchar":
        return to >= given
    if name == "numeric":
        return _whole(to) >= _whole(given) and _scale(to) >= _scale(given)
    return name in _UNITS and name != "interval" and to >= given


def _scale(modifier: int) -> int:
    scale = (modifier - _HEADER) % (2 * _HALF)
    return scale - 2 * _HALF if scale >= _HALF else scale


def _whole(modifier: int) -> int:
    return ((modifier - _HEADER) >> 16) - _scale(modifier)
