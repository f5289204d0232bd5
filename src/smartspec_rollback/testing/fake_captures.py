"""What a ``FakePlatform`` captures of releases, and what it does with captures.

``FakePlatform`` inherits this.
"""

import hmac
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value, canonical
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.platform import Archive
from smartspec_rollback.testing.fake_production import FakeProduction
from smartspec_rollback.testing.fake_world import START, World, revision_id, snapshot


class FakeCapture(Value):
    """What a capture of the made-up platform says."""

    release: Release
    configuration: str
    secret: str


def read_capture(document: str) -> FakeCapture | None:
    """Read a capture's document; None where it is no such thing."""
    try:
        return msgspec.json.decode(document, type=FakeCapture)
    except msgspec.MsgspecError:
        return None


class FakeCaptures(FakeProduction):
    """The captures of the made-up platform; ``hidden`` is what every release's secret holds."""

    name: ClassVar[str] = "fake"
    hidden: ClassVar[str] = "correct horse battery staple"

    def __init__(self, target: Target, **how: Any) -> None:
        """Take what ``FakeProduction`` takes."""
        super().__init__(target, **how)
        self._archive: Archive | None = None

    def recall(self, archive: Archive, /) -> None:
        """Hear from where captures come."""
        self._archive = archive

    def capture(self, target: Target, /, *, deployment_id: str) -> Capture:
        """Capture what is live, its configuration, and a keyed hash of its secret."""
        self._answer("capture", target)
        world = self._kept.read()
        live = snapshot(world, target, self._pace, now=self._clock.now(), front_door=None).live
        if live is None or self._archive is None:
            raise ProviderError("nothing can be captured", where=self.name)
        hidden = hmac.new(self._archive.key(), self.hidden.encode(), "sha256").hexdigest()
        kept = FakeCapture(release=live.release, configuration=world.configuration, secret=hidden)
        return Capture(
            target=target,
            release=live.release,
            deployment_id=deployment_id,
            at=self._clock.now(),
            platform=self.name,
            document=canonical(kept).decode(),
        )

    def _recalled(self) -> tuple[FakeCapture, ...]:
        """List what can be read of the captures of this Target."""
        if self._archive is None:
            return ()
        own = (c for c in self._archive.captured(self.target) if c.is_of(self.target, self.name))
        read = (read_capture(each.document) for each in own)
        return tuple(each for each in read if each is not None)

    def _remembering(self, world: World, step: Step) -> World:
        """Have a captured release at hand that was deleted since."""
        if step.kind != START:
            return world
        lost = [
            each.release
            for each in self._recalled()
            if revision_id(each.release) == step.parameter("revision")
            and each.release not in world.releases
        ]
        return replace(world, releases=(*world.releases, *lost))

    def _to_restore(self, release: Release) -> str | None:
        """Give the configuration that must be put back for a release; None if it is there."""
        alike = (each for each in self._recalled() if each.release.identity == release.identity)
        captured = next((each.configuration for each in alike), None)
        kept = self.kept_configurations.get(release.version, captured)
        return None if kept == self._kept.read().configuration else kept
