"""What runs releases. Four methods are enough; everything else is an ability of its own.

Abilities are asked for with isinstance. A platform that lacks one is not broken: the checks that
need it say "could not be checked".
"""

from typing import ClassVar, Protocol, runtime_checkable

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Inspection, Snapshot
from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.clock import Deadline


class Platform(Protocol):
    """A deployment system.

    Errors: ProviderUnavailable where it cannot be reached, FenceConflict from ``apply`` where the
    precondition did not hold and nothing was done. Anything else out of ``apply`` means that
    nobody knows whether it was done.
    """

    name: ClassVar[str]

    def observe(self, target: Target, /) -> Snapshot:
        """Look, and change nothing."""
        ...

    def plan(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """List the steps from what was seen to ``to``, as data; verification is not among them.

        Steps that start instances are left out where ``to`` already runs prewarmed or will: the
        engine plans with the Snapshot it wants the platform to assume.
        """
        ...

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Start one step behind its fence; return when it was sent, not when it is settled."""
        ...

    def settled(self, step: Step, /) -> Progress:
        """Observe how far a step has come, whoever sent it."""
        ...


@runtime_checkable
class InspectsReleases(Protocol):
    """Knows about releases that do not run."""

    def find(self, target: Target, version: str, /) -> Release | None:
        """Look a version up in what the platform can start; None if it is not there."""
        ...

    def versions(self, target: Target, /) -> tuple[str, ...]:
        """Name the versions the platform could start."""
        ...

    def inspect(self, target: Target, release: Release, /) -> Inspection:
        """Tell whether a release could be run again now."""
        ...


class Archive(Protocol):
    """What was captured of releases, as the ledger keeps it. Errors: StoreError and its kinds."""

    def captured(self, target: Target, /) -> tuple[Capture, ...]:
        """List the newest capture of each release of a Target, newest first."""
        ...

    def key(self) -> bytes:
        """Return a random key of this ledger, for keyed hashes of what must not be kept."""
        ...


@runtime_checkable
class CapturesReleases(Protocol):
    """Can say what it takes to bring a release back, and bring it back from that."""

    def recall(self, archive: Archive, /) -> None:
        """Hear from where captures come; what is captured or planned from then on uses it."""
        ...

    def capture(self, target: Target, /, *, deployment_id: str) -> Capture:
        """Capture the release that is live now; reads only, and never keeps a secret's value.

        ProviderError where nothing is live, or it cannot be read, or no archive was given.
        """
        ...


class Prewarmed(Value):
    """A prewarmed release: how far it is, and the URLs of its instances for smoke tests."""

    progress: Progress
    addresses: tuple[str, ...]


@runtime_checkable
class Prewarms(Protocol):
    """Starts a release beside the live one, at full capacity and without traffic."""

    def declined(self, target: Target, release: Release, /) -> str | None:
        """Say why a release cannot be prewarmed here; None where nothing speaks against it."""
        ...

    def prewarm(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Start it; idempotent. Its processes get ``SMARTSPEC_PREWARM=1``."""
        ...

    def prewarmed(self, target: Target, release: Release, /) -> Prewarmed:
        """Observe how far it is."""
        ...

    def discard(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Remove it again; idempotent. What receives traffic is never removed.

        ``operation`` is the one it was prewarmed by; what another rollback uses by now is left.
        """
        ...

    def promised(self, seen: Snapshot, release: Release, /) -> Snapshot:
        """Say what ``seen`` will be once ``release`` is prewarmed, to plan with."""
        ...


@runtime_checkable
class Guards(Protocol):
    """Has a lock of its own, which holds even without the ledger."""

    def guard(self, target: Target, /, *, holder: str) -> None:
        """Hold the Target for ``holder``; idempotent. AnotherRunning names who has it.

        A guard left by a process that died may be taken by its own ``holder`` again, or by
        anybody once the platform can tell that nobody is behind it.
        """
        ...

    def unguard(self, target: Target, /, *, holder: str) -> None:
        """Let go; idempotent, and never somebody else's."""
        ...


class Access(Value):
    """What a platform must be allowed to do, and what of that it is not.

    ``missing`` says so in words, ``manifest`` is what an administrator can apply to allow it.
    """

    asked: int
    missing: tuple[str, ...]
    manifest: str


@runtime_checkable
class TellsAccess(Protocol):
    """Can ask beforehand whether it is allowed all that a rollback needs."""

    def access(self, target: Target, /) -> Access:
        """Ask, and change nothing."""
        ...
