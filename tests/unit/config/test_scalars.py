"""Single values: what is read is what was meant, and what is written is read again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.config.scalars import (
    Unreadable,
    duration_text,
    read_boolean,
    read_duration,
    read_integer,
    read_moment,
    read_number,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("500ms", 0.5),
        ("1m30s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1.5h", 5400),
        ("1d2h3m4s5ms", 93784.005),
        ("0s", 0),
        ("100ms", 0.1),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    """A unit read wrongly would bake for a minute instead of an hour."""
    assert read_duration(text) == seconds


@given(st.integers(min_value=0, max_value=86_400_000 * 3000))
def test_a_duration_is_read_as_it_is_written(milliseconds: int) -> None:
    """Documented defaults are written by one function and read by the other."""
    seconds = milliseconds / 1000
    assert read_duration(duration_text(seconds)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["", "s", "10", "1s1m", "1s1s", "1 s", "+1s", "1e3s", "1S", "٣s", "1.s", ".5s", "9" * 999],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A number without a unit is a guess."""
    with pytest.raises(Unreadable):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24 18:00:30", datetime(2026, 12, 24, 18, 0, 30, tzinfo=UTC)),
        ("2026-12-24T18:00:00+01:00", datetime(2026, 12, 24, 17, tzinfo=UTC)),
        ("2026-12-24T18:00Z", datetime(2026, 12, 24, 18, tzinfo=UTC)),
    ],
)
def test_moments_are_utc(text: str, moment: datetime) -> None:
    """A freeze read in local time would begin hours off."""
    assert read_moment(text) == moment
    assert read_moment(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-W52-1", "20261224", "2026-02-30", "0001-01-01T00:00+09:00"])
def test_other_dates_are_refused(text: str) -> None:
    """Formats that read like dates must not be guessed at."""
    with pytest.raises(Unreadable):
        read_moment(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in the file, a reader raises nothing but Unreadable."""
    for read in (read_duration, read_integer, read_number, read_boolean, read_moment):
        try:
            value: object = read(text)
        except Unreadable as refusal:
            value = refusal.what
        assert str(value).isprintable()
