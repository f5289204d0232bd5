"""Holds: the ban on redeploying a bad release until a person lifts it."""

from datetime import datetime

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value


class Hold(Value):
    """Bans ``release`` (artifact and configuration) on ``target``; placed by a rollback."""

    id: str
    target: Target
    release: Release
    reason: str
    placed_at: datetime
    placed_by: str
    rollback_id: str | None = None
