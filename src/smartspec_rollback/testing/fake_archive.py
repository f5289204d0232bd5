"""An archive in memory, for tests of platforms that capture releases."""

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.target import Target


class FakeArchive:
    """Keeps every capture it is given, and hands out all of them for whatever Target."""

    def __init__(
        self, *captures: Capture, key: bytes = b"a key of tests, 32 bytes in all."
    ) -> None:
        self._captures = list(captures)
        self._key = key

    def keep(self, *captures: Capture) -> None:
        """Keep captures, the newest last."""
        self._captures += captures

    def captured(self, target: Target, /) -> tuple[Capture, ...]:  # noqa: ARG002 - see above
        """List all there are, newest first; telling them apart is the platform's business."""
        return tuple(reversed(self._captures))

    def key(self) -> bytes:
        """Return the key."""
        return self._key
