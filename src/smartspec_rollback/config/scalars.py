"""Reads single values as people write them: durations, numbers, moments, names, objectives.

Pure; used by the decoder and, for their patterns, by the JSON Schema. Every reader takes the
text and raises Unreadable, which says what is wrong and how to write it.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from smartspec_rollback.config.problems import quoted
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.objective import parse_objective
from smartspec_rollback.errors import UsageError

DURATION_PATTERN = (
    r"^(?=[0-9])([0-9]+(\.[0-9]+)?d)?([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m(?!s))?"
    r"([0-9]+(\.[0-9]+)?s)?([0-9]+(\.[0-9]+)?ms)?$"
)
MOMENT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LONGEST = 3650 * 86400.0
_LONGEST_TEXT = 200
_MAX_DIGITS = 18


class Unreadable(ValueError):
    """A value that cannot be read: what is wrong, and how to write it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def read_duration(text: str) -> float:
    """Read ``1m30s`` as seconds; units d, h, m, s, ms, the larger first."""
    if len(text) > _LONGEST_TEXT or not re.fullmatch(DURATION_PATTERN, text):
        raise Unreadable(
            f"{quoted(text)} is not a duration",
            "write a number with its unit: 500ms, 10s, 1m30s, 15m, 2h, 1d",
        )
    parts = re.findall(r"([0-9.]+)(ms|[dhms])", text)
    seconds = math.fsum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise Unreadable(f"{quoted(text)} is longer than ten years", "write a shorter duration")
    return round(seconds, 6)


def duration_text(seconds: float) -> str:
    """Write seconds the way ``read_duration`` reads them: ``1m30s``."""
    milliseconds = round(seconds * 1000)
    text = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def read_integer(text: str) -> int:
    """Read a decimal whole number; ``010`` is refused, since YAML versions disagree on it."""
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text) or len(text) > _MAX_DIGITS:
        raise Unreadable(f"{quoted(text)} is not a whole number", "write digits only, unquoted")
    return int(text)


def read_number(text: str) -> float:
    """Read a finite decimal number."""
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", text):
        raise Unreadable(f"{quoted(text)} is not a number", "write for example 0.5, unquoted")
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable(f"{quoted(text)} is too large", "write a smaller number")
    return number


def read_boolean(text: str) -> bool:
    """Read true or false; yes, no, on and off mean different things to different YAML readers."""
    if text not in ("true", "True", "TRUE", "false", "False", "FALSE"):
        raise Unreadable(f"{quoted(text)} is not true or false", "write true or false, unquoted")
    return text.lower() == "true"


def read_moment(text: str) -> datetime:
    """Read ``2026-12-24`` or a full ISO 8601 time; without an offset it is UTC."""
    remedy = "write 2026-12-24, or 2026-12-24T18:00:00+01:00"
    if not re.fullmatch(MOMENT_PATTERN, text):
        raise Unreadable(f"{quoted(text)} is not a date or time", remedy)
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{quoted(text)} is no date in the calendar", remedy) from error


def _read_name(text: str, options: Mapping[str, object]) -> str:
    kind = str(options.get("of", "name"))
    for character in str(options.get("refused_characters", "")):
        if character in text:
            raise Unreadable(f"{quoted(text)} cannot be a {kind}", f"leave out {character!r}")
    try:
        return checked_name(kind, text)
    except UsageError as error:
        raise Unreadable(error.what, error.remedy) from error


def _read_objective(text: str, _: Mapping[str, object]) -> str:
    if len(text) > _LONGEST_TEXT:
        raise Unreadable(f"{quoted(text)} is not an objective", "write `p99 latency <= 200ms`")
    try:
        parse_objective(text)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    return text


@dataclass(frozen=True)
class Format:
    """A way of writing a value that the Python type alone does not tell.

    A field asks for one by ``Meta(extra={"smartspec": "duration"})``; the other entries of
    ``extra`` are its options. ``schema`` is its JSON Schema.
    """

    label: str
    read: Callable[[str, Mapping[str, object]], object]
    schema: Mapping[str, object]


FORMATS: Mapping[str, Format] = {
    "duration": Format(
        "duration",
        lambda text, _: read_duration(text),
        {"type": "string", "pattern": DURATION_PATTERN},
    ),
    "name": Format("name", _read_name, {"type": ["string", "number", "boolean"], "maxLength": 128}),
    "objective": Format("objective", _read_objective, {"type": "string"}),
}
