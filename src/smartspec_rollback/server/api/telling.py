"""What services and journals are as documents, for the API and for agents of this machine.

Called by the handlers and by ``agents.local``, so that an agent reads the same either way. Pure.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE
from smartspec_rollback.operations.operations import ServiceState
from smartspec_rollback.server.api.documents import (
    JournalDocument,
    ServicesDocument,
    StandingDocument,
)
from smartspec_rollback.views import json


def services_document(found: Iterable[ServiceState]) -> ServicesDocument:
    """Say what is live where."""
    return ServicesDocument(
        services=tuple(
            StandingDocument(
                target=each.target, live=each.live, active=each.active, holds=each.holds
            )
            for each in found
        )
    )


def journal_document(told: Report, *, after: int) -> JournalDocument:
    """List what was written in a rollback's journal after an entry."""
    return JournalDocument(
        rollback_id=told.rollback.id,
        status=told.rollback.status,
        is_active=told.rollback.status in ACTIVE,
        entries=tuple(json.entry_document(each) for each in told.journal if each.seq > after),
    )
