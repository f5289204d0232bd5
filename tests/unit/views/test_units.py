from datetime import UTC, datetime, timedelta, timezone

import pytest

from smartspec_rollback.views.units import NONE, abbreviated, between, moment, span

_AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (0.35, "350ms"),
        (4.25, "4.2s"),
        (9, "9s"),
        (42, "42s"),
        (59.8, "1m"),
        (125, "2m 5s"),
        (3600, "1h"),
        (97_200, "1d 3h"),
        (86_430, "1d"),
    ],
)
def test_spans_are_written_for_people(seconds: float, written: str) -> None:
    """If it fails, people misread how long something takes."""
    assert span(seconds) == written


def test_a_clock_that_went_back_is_admitted() -> None:
    """If it fails, a jump of the clock shows as a negative or absurd duration."""
    assert between(_AT, _AT - timedelta(seconds=3)) == "unclear (the clock went back)"
    assert between(None, _AT) == NONE


def test_times_are_in_utc() -> None:
    """If it fails, two people in two zones read two different times."""
    east = _AT.astimezone(timezone(timedelta(hours=9)))
    assert moment(east) == "2026-03-02 12:00:00 UTC"
    assert moment(None) == NONE


def test_short_digests_are_twelve_digits() -> None:
    """If it fails, digests shown in two places can no longer be compared."""
    assert abbreviated("sha256:0123456789abcdef") == "0123456789ab"
