"""Verdicts: pass, fail or inconclusive, said of a deployment, with the evidence."""

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, UnsetType

from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.series import Series
from smartspec_rollback.domain.values import Value


class VerdictOutcome(StrEnum):
    """Missing data is never a pass: it is inconclusive."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class VerdictSource(StrEnum):
    """Who judged: the quality gate, a person, or the verification after a rollback."""

    GATE = "gate"
    PERSON = "person"
    VERIFICATION = "verification"


class ObjectiveResult(Value):
    """One objective's outcome: what was measured, over how many samples, and why so judged."""

    objective: Objective
    outcome: VerdictOutcome
    measured: float | None
    samples: int
    reason: str


class Verdict(Value):
    """A judgement of one deployment at one time.

    ``reason`` is one clause for people (``p99 latency > 200ms``). ``measured`` is the window it
    rests on; it becomes the Baseline when the verdict is a pass. ``series`` is that window over
    time, to be drawn; unset where nobody knew, as in verdicts of old, which stay what they are.
    """

    deployment_id: str
    outcome: VerdictOutcome
    source: VerdictSource
    reason: str
    at: datetime
    by: str
    objectives: tuple[ObjectiveResult, ...] = ()
    notes: tuple[str, ...] = ()
    measured: Summary | None = None
    series: Series | UnsetType = UNSET
