"""What a judge says of samples; the engine makes a Verdict of it."""

from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import ObjectiveResult, VerdictOutcome


class Judgement(Value):
    """An outcome with one clause for people, each objective's result, and advisory notes."""

    outcome: VerdictOutcome
    reason: str
    objectives: tuple[ObjectiveResult, ...] = ()
    notes: tuple[str, ...] = ()
