"""Steps: what a plan does, as data. A platform makes them, and nobody else runs them."""

from enum import StrEnum
from typing import Self

from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Parameter, Value, parameter

SWITCH = "switch-traffic"
"""The id of the step that turns production to the target, on every platform.

Steps before it may let users meet the target early, and steps after it tidy up behind it.
"""

VERIFY = "verify"
"""The kind of the last step of every plan; the engine's own, no platform runs it."""


class Repeat(StrEnum):
    """What may be done about a step whose outcome a crash hid."""

    IDEMPOTENT = "idempotent"
    OBSERVABLE = "observable"
    ASK = "ask-a-person"


class Step(Value):
    """One action of a plan.

    ``title`` is the Markdown line people read. ``expected`` describes the platform once the step
    is done. ``undo`` says how to take it back; an empty one is shown as "no undo".
    ``afterwards`` says, in Markdown, what people must do before it may be taken back.
    ``timeout`` is in seconds. ``moves_traffic``: once it is done, users are served by the target.
    ``danger`` says why a person must decide about it: it makes the plan's risk high.
    ``leaves`` is the Snapshot's fingerprint it leaves behind where it changes that without moving
    traffic; all of it was known when the plan was made.
    """

    id: str
    kind: str
    title: str
    target: Target
    parameters: tuple[Parameter, ...] = ()
    expected: tuple[Parameter, ...] = ()
    undo: str
    repeat: Repeat
    timeout: float
    moves_traffic: bool = False
    danger: str = ""
    leaves: str = ""
    afterwards: str = ""

    def parameter(self, name: str) -> str:
        """Look up a parameter by name; KeyError if the step has none such."""
        return parameter(self.parameters, name)


class ProgressState(StrEnum):
    """What looking at the platform says of a step."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Progress(Value):
    """How far a step has come; ``detail`` is for people (``2 of 3 instances ready``)."""

    state: ProgressState
    detail: str

    @classmethod
    def pending(cls, detail: str) -> Self:
        """Say that it goes on."""
        return cls(state=ProgressState.PENDING, detail=detail)

    @classmethod
    def done(cls, detail: str) -> Self:
        """Say that what the step expects is there."""
        return cls(state=ProgressState.DONE, detail=detail)

    @classmethod
    def failed(cls, detail: str) -> Self:
        """Say that it cannot come to be done any more."""
        return cls(state=ProgressState.FAILED, detail=detail)

    @classmethod
    def unknown(cls, detail: str) -> Self:
        """Say that looking does not tell."""
        return cls(state=ProgressState.UNKNOWN, detail=detail)
