"""Samples for the judges' tests."""

from datetime import timedelta

from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.testing.samples import NOON


def seen(
    *latencies: float,
    errors: int = 0,
    requests: int | None = None,
    problem: str | None = None,
) -> Samples:
    """Make a minute's samples: latencies in seconds, and errors that got no answer."""
    return Samples(
        source="probe",
        start=NOON,
        end=NOON + timedelta(minutes=1),
        requests=len(latencies) + errors if requests is None else requests,
        errors=errors,
        latencies=latencies,
        problem=problem,
    )
