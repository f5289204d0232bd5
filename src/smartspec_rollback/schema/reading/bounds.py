"""Which keys a partitioned table has a place for, as far as the bounds' texts tell.

Called by the rule about partitions. Bounds are compared as the server spells them; what cannot be
read counts as not covered.
"""

import re
from collections.abc import Iterable

_RANGE = re.compile(r"FOR VALUES FROM \((?P<low>.*)\) TO \((?P<high>.*)\)\s*", re.DOTALL)
_LIST = re.compile(r"FOR VALUES IN \((?P<values>.*)\)\s*", re.DOTALL)
_HASH = re.compile(
    r"FOR VALUES WITH \(modulus (?P<modulus>\d+), remainder (?P<rest>\d+)\)\s*", re.IGNORECASE
)
_VALUE = re.compile(r"'(?:[^']|'')*'|[^,\s][^,]*")
_LEAST, _GREATEST = "MINVALUE", "MAXVALUE"


def is_default(bound: str | None) -> bool:
    """Tell whether a partition takes what no other does."""
    return (bound or "").strip().upper() == "DEFAULT"


def covered(bound: str, by: Iterable[str]) -> bool:
    """Tell whether every key of ``bound`` has a place in one of ``by``."""
    bounds = tuple(by)
    if bound in bounds or any(is_default(each) for each in bounds):
        return True
    if span := _RANGE.fullmatch(bound):
        return _reaches(span["low"], span["high"], bounds)
    if listed := _LIST.fullmatch(bound):
        return _values(listed["values"]) <= _listed(bounds)
    return False


def covers_all(bounds: Iterable[str]) -> bool:
    """Tell whether every key has a place: a default, a whole ring of hashes, an endless range."""
    every = tuple(bounds)
    if any(is_default(each) for each in every):
        return True
    hashes = [m for each in every if (m := _HASH.fullmatch(each))]
    if hashes:
        return sum(1 / int(m["modulus"]) for m in hashes) > 1 - 1e-9
    return _reaches(_LEAST, _GREATEST, every)


def _reaches(low: str, high: str, bounds: tuple[str, ...]) -> bool:
    """Follow ranges that begin where another ends."""
    steps = {m["low"]: m["high"] for each in bounds if (m := _RANGE.fullmatch(each))}
    here, seen = low, set[str]()
    while here != high:
        if here in seen or here not in steps:
            return False
        seen.add(here)
        here = steps[here]
    return True


def _values(text: str) -> set[str]:
    return {each.strip() for each in _VALUE.findall(text)}


def _listed(bounds: tuple[str, ...]) -> set[str]:
    return {v for each in bounds if (m := _LIST.fullmatch(each)) for v in _values(m["values"])}
