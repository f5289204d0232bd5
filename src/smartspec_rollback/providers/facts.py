"""What systems read of a rollback: the parts of ``smartspec.rollback/1`` that outlets need.

Called by the channels that tell systems instead of people. They get the document as everybody
gets it, and leave alone what they don't know.
"""

from datetime import datetime

import msgspec

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.messenger import Post

APPLIED = frozenset({Status.SUCCEEDED, Status.UNSTABLE})
"""The target version is live in these: verified, or not."""


class Moments(msgspec.Struct, frozen=True):
    """When what happened."""

    decided: datetime
    detected: datetime | None = None
    switched: datetime | None = None
    verified: datetime | None = None


class Candidate(msgspec.Struct, frozen=True):
    """What is gone back to."""

    release: Release
    deployment_id: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """Which release takes the place of which."""

    from_release: Release
    to: Candidate


class Commits(msgspec.Struct, frozen=True):
    """What both releases were built from."""

    failed: str | None = None
    target: str | None = None


class Facts(msgspec.Struct, frozen=True):
    """One rollback as it stands."""

    rollback_id: str
    status: Status
    outcome: str
    failed_deployment_id: str
    target: Target
    from_version: str
    to_version: str
    reason: str
    plan: Plan
    moments: Moments
    commits: Commits = Commits()


def facts(post: Post, *, where: str) -> Facts:
    """Read the document of a post; ProviderError where it holds none."""
    try:
        return msgspec.json.decode(post.document, type=Facts)
    except msgspec.DecodeError:
        raise ProviderError(
            f"{post.key} holds no rollback's document",
            where=where,
            remedy="please report it",
        ) from None


def part(post: Post) -> str:
    """Tell which part of the story a post is: plan, progress or report."""
    return post.key.rpartition("/")[2]
