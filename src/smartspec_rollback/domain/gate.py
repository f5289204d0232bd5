"""Gates that a server runs for somebody: who asked, and what came of it.

``server`` runs them and the store keeps them, so that a gate outlives the process that began it.
"""

from datetime import datetime

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict


class GateRun(Value):
    """One judging of a deployment; over once there is a ``verdict`` or an ``error``. Times UTC.

    ``exit_code`` is what ``smartspec_quality_gate`` would end with, None while it runs.
    """

    id: str
    deployment_id: str
    asked_by: Principal
    asked_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    verdict: Verdict | None = None
    error: str = ""
    remedy: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.ended_at is not None
