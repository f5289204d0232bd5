"""Whether two releases are the same one, where "nobody recorded it" is an answer too."""

from smartspec_rollback.domain.release import same_release

__all__ = ["same_release"]
