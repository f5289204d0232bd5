"""The ledger and journal. Every change and its audit entry are one transaction.

Implemented by ``store``, called by ``engine`` and whatever wires it. Each topic is a Protocol of
its own, so that a caller may ask for the part it needs; ``Store`` is all of them.
"""

from typing import Protocol

from smartspec_rollback.ports.store.access import KeepsAccess
from smartspec_rollback.ports.store.audit import KeepsAudit
from smartspec_rollback.ports.store.deployments import KeepsDeployments
from smartspec_rollback.ports.store.messages import KeepsMessages
from smartspec_rollback.ports.store.requests import KeepsReadiness, KeepsRequests
from smartspec_rollback.ports.store.rollbacks import KeepsRollbacks
from smartspec_rollback.ports.store.values import (
    Attendance,
    AuditEntry,
    AuditFault,
    Change,
    Delivery,
    HeardEvent,
)
from smartspec_rollback.ports.store.verdicts import KeepsHolds, KeepsVerdicts

__all__ = [
    "Attendance",
    "AuditEntry",
    "AuditFault",
    "Change",
    "Delivery",
    "HeardEvent",
    "KeepsAccess",
    "KeepsAudit",
    "KeepsDeployments",
    "KeepsHolds",
    "KeepsMessages",
    "KeepsReadiness",
    "KeepsRequests",
    "KeepsRollbacks",
    "KeepsVerdicts",
    "Store",
]


class Store(
    KeepsDeployments,
    KeepsVerdicts,
    KeepsHolds,
    KeepsRollbacks,
    KeepsMessages,
    KeepsRequests,
    KeepsReadiness,
    KeepsAccess,
    KeepsAudit,
    Protocol,
):
    """Deployments, schemas, verdicts, holds, rollbacks, journal, decisions, audit log.

    Errors: StoreError and its kinds. All times are UTC.
    """

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def version_mark(self) -> int:
        """Return a number that changes when another process wrote; cheap enough to poll."""
        ...
