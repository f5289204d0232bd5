"""What we write on a workload: which rollback's steps were sent, in one annotation.

It goes out in the same patch as what the step does, so after a crash the workload itself says
whose doing it is. Used by all that lists, sends or looks at steps. Pure.
"""

import msgspec

from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.values import Parameter, Value, canonical, digest, parameter
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, annotation

MARK = "smartspec.dev/rollback"
"""The annotation; ``kubectl describe`` shows it."""


class Marks(Value):
    """The steps that were sent towards one template.

    ``to`` is the template's digest; ``before`` the condition Progressing as it was when the
    template was put in place; ``sent`` the operation of each kind of step. ``stood`` is the digest
    of the template that was replaced, where several workloads stand side by side.
    """

    to: str
    before: str
    sent: tuple[Parameter, ...] = ()
    stood: str = ""

    def operation(self, kind: str) -> str:
        """Give the operation a kind of step was sent by; empty if it was not."""
        return parameter(self.sent, kind, "")

    def adding(self, kind: str, operation: str) -> "Marks":
        """Note one more step."""
        others = tuple(each for each in self.sent if each.name != kind)
        sent = (*others, Parameter(name=kind, value=operation))
        return Marks(to=self.to, before=self.before, sent=sent, stood=self.stood)

    def spelled(self) -> str:
        """Spell it as the annotation's value."""
        return canonical(self).decode()


def marks_of(workload: Obj) -> Marks | None:
    """Read a workload's marks; None where there are none that we can read."""
    try:
        return msgspec.json.decode(annotation(workload, MARK).encode(), type=Marks)
    except msgspec.MsgspecError:
        return None


def noted(thing: Obj, step: Step, *, stood: str) -> Marks | None:
    """Read what the rollback that a step belongs to noted on an object; None where it did not yet.

    ``stood`` names the step's parameter that identifies the annotation as it stood when the plan
    was made: that belongs to an earlier one, or to another process that carries out the same plan.
    """
    marks = marks_of(thing)
    if marks is None or marks.to != step.parameter("template"):
        return None
    return None if standing_marks(thing) == step.parameter(stood) else marks


def standing_marks(workload: Obj) -> str:
    """Identify the annotation as it stands, to tell later marks from those of earlier rollbacks."""
    return digest(annotation(workload, MARK))
