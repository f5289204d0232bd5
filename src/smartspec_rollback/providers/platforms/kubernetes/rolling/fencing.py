"""Whether a step may be sent now: production is what the plan was made for, and it is our turn.

Used by every action that belongs to a rolling rollback. Pure.
"""

from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.providers.platforms.kubernetes.action import ProductionChanged
from smartspec_rollback.providers.platforms.kubernetes.marks import (
    Marks,
    marks_of,
    noted,
    standing_marks,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, part
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import looking
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import template_digest

_NOT_SENT = "not sent yet"


def our_marks(workload: Obj, step: Step) -> Marks | None:
    """Read the marks of the rollback that a step belongs to; None where it was not begun.

    Marks that stood there when the plan was made belong to an earlier one, or to another process
    that carries out the same plan: then it is the template that shows it.
    """
    marks = noted(workload, step, stood="marked")
    if marks is None or template_digest(part(workload, "spec", "template")) != marks.to:
        return None
    return marks


def must_match(site: Site, state: State, fence: Fence, *, begun: bool) -> None:
    """Raise ProductionChanged unless production is as the fence says.

    Once the rollback has ``begun``, what its own rollout goes through counts as unchanged.
    """
    seen = looking.snapshot(site, state)
    allowed = looking.rolling_fingerprints(seen, state) if begun else {seen.fingerprint}
    if fence.fingerprint not in allowed:
        raise ProductionChanged("production changed; nothing was done", where=site.where)


def not_ours(workload: Obj, step: Step) -> Progress | None:
    """Say that a step was not sent, or is overtaken; None where it is on its way or done."""
    marks = marks_of(workload)
    if marks is not None and not marks.operation(step.kind):
        return Progress.pending(_NOT_SENT)
    return not_begun(workload, step)


def not_begun(workload: Obj, step: Step) -> Progress | None:
    """Say that the rollback of a step was not begun, or is overtaken; None where it goes on."""
    marks, template = marks_of(workload), step.parameter("template")
    sent_since = marks is not None and standing_marks(workload) != step.parameter("marked")
    if marks is None or not sent_since or marks.to != template:
        return Progress.pending(_NOT_SENT)
    if template_digest(part(workload, "spec", "template")) != template:
        return Progress.failed("somebody else replaced the template meanwhile")
    return None
