"""Whether two releases are the same one, where "nobody recorded it" is an answer too."""

from smartspec_rollback.domain.release import Release


def same_release(one: Release, other: Release) -> bool | None:
    """Compare content: True or False where it is known, None where digests are missing.

    Where an artifact digest is missing, different versions count as different releases; the same
    version does not count as the same release.
    """
    if one.identity == other.identity:
        return True
    if _differ(one.artifact_digest, other.artifact_digest):
        return False
    if _differ(one.configuration_digest, other.configuration_digest):
        return False
    if None in (one.artifact_digest, other.artifact_digest) and one.version != other.version:
        return False
    return None


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
