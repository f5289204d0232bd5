"""Deployments: the events of putting releases live, and the phases they went through."""

from datetime import datetime
from enum import StrEnum

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value


class Phase(StrEnum):
    """How far a deployment had come when it was recorded."""

    BEFORE_MIGRATIONS = "before-migrations"
    AFTER_MIGRATIONS = "after-migrations"
    LIVE = "live"


class Deployment(Value):
    """The event of putting ``release`` live on ``target``.

    ``at`` is the time (UTC) of the newest phase; only in phase live did it get traffic.
    ``rollback_of`` is the id of the failed deployment when a rollback put the release live.
    """

    id: str
    target: Target
    release: Release
    at: datetime
    phase: Phase = Phase.LIVE
    revision: str | None = None
    commit: str | None = None
    recorded_by: str
    rollback_of: str | None = None
