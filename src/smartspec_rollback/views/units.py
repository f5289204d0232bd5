"""Times, spans and digests, written for people. Pure; every view uses these forms and no others."""

from datetime import UTC, datetime

NONE = "\N{EN DASH}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TENTHS_BELOW = 10


def moment(at: datetime | None) -> str:
    """Write a time in UTC to the second; a dash where there is none."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else NONE


def between(start: datetime | None, end: datetime | None) -> str:
    """Write the span between two times; a dash where one is missing."""
    if start is None or end is None:
        return NONE
    seconds = (end - start).total_seconds()
    return span(seconds) if seconds >= 0 else "unclear (the clock went back)"


def span(seconds: float) -> str:
    """Write seconds for people, to two units: ``350ms``, ``4.2s``, ``2m 5s``, ``1d 3h``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms" if seconds > 0 else "0s"
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    whole = round(seconds)
    units = (
        (whole // _DAY, "d"),
        (whole % _DAY // _HOUR, "h"),
        (whole % _HOUR // _MINUTE, "m"),
        (whole % _MINUTE, "s"),
    )
    first = next(place for place, (count, _) in enumerate(units) if count)
    return " ".join(f"{count}{unit}" for count, unit in units[first : first + 2] if count)


def abbreviated(digest: str) -> str:
    """Take the first 12 hexadecimal digits of a digest, to tell plans apart by eye."""
    return digest.removeprefix("sha256:")[:12]


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"
