"""Captures: what a platform needs to bring a release back, kept by the ledger.

A platform makes them and is the only one to read them. Made when a deployment is recorded.
"""

import hashlib
from datetime import datetime

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value


class Capture(Value):
    """One release as a platform ran it, in that platform's own words.

    ``release`` carries the platform's digests. ``deployment_id`` and ``at`` (UTC) say with which
    deployment it was taken, and when; ``platform`` is the kind that can read ``document``, which is
    canonical JSON, the same text for the same release, and holds no secret's value.
    """

    target: Target
    release: Release
    deployment_id: str
    at: datetime
    platform: str
    document: str

    @property
    def digest(self) -> str:
        """Identify the document, as ``sha256:<64 hex digits>``."""
        return "sha256:" + hashlib.sha256(self.document.encode()).hexdigest()

    def is_of(self, target: Target, platform: str) -> bool:
        """Tell whether it was taken of this Target by this kind of platform."""
        return (self.target, self.platform) == (target, platform)
