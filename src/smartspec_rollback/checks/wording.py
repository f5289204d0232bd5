"""Words the checks share: evidence, moments, lists. No decisions here."""

from collections.abc import Iterable
from datetime import UTC, datetime

from smartspec_rollback.domain.values import Evidence

DECLARED = "declared"
"""The source of evidence that the owners' configuration says so, and nothing else does."""

LEDGER = "ledger"
PLATFORM = "platform"

_LISTED = 10


def fact(name: str, value: object, source: str) -> Evidence:
    """Make one piece of evidence; a value nobody knows reads "unknown"."""
    return Evidence(fact=name, value="unknown" if value is None else str(value), source=source)


def moment(at: datetime) -> str:
    """Write a time for people, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clause(text: str) -> str:
    """Make words from outside end a sentence of ours: without their own full stop."""
    return text.strip().rstrip(".")


def listed(items: Iterable[str]) -> str:
    """List names, the first ten by name and the others by number."""
    names = tuple(items)
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """Write a number with its noun in the right form (``1 instance``, ``3 instances``)."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
