"""Releases: what was put live, told apart by content and never by name alone."""

from smartspec_rollback.domain.values import Value, digest


class Release(Value):
    """An immutable artifact plus its configuration.

    ``version`` is the name for people, ``artifact`` the reference a platform can find it by.
    The digests are ``sha256:<hex>``; None where whoever recorded the release did not know.
    """

    version: str
    artifact: str
    artifact_digest: str | None = None
    configuration_digest: str | None = None

    @property
    def identity(self) -> str:
        """Tell releases apart: same artifact and same configuration, same identity.

        Without an artifact digest the reference and version stand in, which is weaker: the same
        version with fixed configuration is another release only if somebody recorded the digest.
        """
        content = self.artifact_digest or f"{self.artifact}@{self.version}"
        return digest((content, self.configuration_digest))


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
