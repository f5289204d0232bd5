"""Lengths of time in words that are kept: evidence, reasons. Views have a finer form of theirs."""

from datetime import timedelta

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def span(time: timedelta) -> str:
    """Write a length of time in its two largest units (``2h 5m``); never negative."""
    rest = max(0, int(time.total_seconds()))
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
