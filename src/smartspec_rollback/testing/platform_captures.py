"""What a platform that captures releases must do, as tests; ``PlatformContract`` inherits them.

A platform without the ability has nothing to try. One that has it supplies the fixture
``forget_live`` too, and ``hidden`` where its releases use secrets.
"""

from collections.abc import Callable
from typing import cast

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.platform import CapturesReleases, InspectsReleases, Platform
from smartspec_rollback.testing.fake_archive import FakeArchive
from smartspec_rollback.testing.platform_fixtures import PlatformFixtures, fence_of

Forget = Callable[[], None]
"""Makes the platform itself forget the release ``live``, which no longer is by then."""

_ID = "deploy-of-live"


class CapturesContract(PlatformFixtures):
    """Promises of ``CapturesReleases``."""

    @pytest.fixture
    def forget_live(self) -> Forget:
        """Supply a clean-up of old releases."""
        raise self._not_supplied("forget_live")

    @pytest.fixture
    def hidden(self) -> tuple[str, ...]:
        """Supply the values of the secrets that the live release uses."""
        return ()

    def test_a_capture_says_what_is_live_and_no_secret(
        self, platform: Platform, target: Target, live: Release, hidden: tuple[str, ...]
    ) -> None:
        """The ledger keeps another release than the one that is live, or keeps a secret."""
        if not isinstance(platform, CapturesReleases):
            return
        platform.recall(FakeArchive())
        before = platform.observe(target)
        first = platform.capture(target, deployment_id=_ID)
        assert platform.observe(target).fingerprint == before.fingerprint
        assert before.live is not None
        assert first.release.identity == before.live.release.identity == live.identity
        assert first.is_of(target, platform.name)
        assert first.deployment_id == _ID
        assert platform.capture(target, deployment_id=_ID).digest == first.digest
        assert not any(value in first.document for value in hidden)
        platform.recall(FakeArchive(key=b"another one"))
        other = platform.capture(target, deployment_id=_ID)
        assert (other.digest != first.digest) == bool(hidden)

    @pytest.fixture
    def archive(
        self, platform: Platform, target: Target, deployable: Release, clock: Clock
    ) -> FakeArchive:
        """Capture what is live, then put the other release live."""
        archive = FakeArchive()
        if isinstance(platform, CapturesReleases):
            platform.recall(archive)
            archive.keep(platform.capture(target, deployment_id=_ID))
            self._walk(platform, deployable, clock, seen=platform.observe(target))
        return archive

    def test_a_forgotten_release_comes_back_from_its_capture(
        self,
        platform: Platform,
        live: Release,
        archive: FakeArchive,
        clock: Clock,
        request: pytest.FixtureRequest,
    ) -> None:
        """The platform cleared the only good version away, and the ledger's copy is no use."""
        if not isinstance(platform, CapturesReleases) or not isinstance(platform, InspectsReleases):
            return
        target, deployable = _used(request)
        cast("Forget", request.getfixturevalue("forget_live"))()
        platform.recall(FakeArchive())
        assert platform.find(target, live.version) is None
        platform.recall(archive)
        assert live.version in platform.versions(target)
        found = platform.find(target, live.version)
        assert found is not None
        assert found.identity == live.identity
        known = platform.inspect(target, found)
        assert known.artifact_present is not False
        assert known.artifact_unchanged is not False
        assert known.configuration_unchanged is not False
        self._walk(platform, found, clock, seen=platform.observe(target))
        self.assert_all_on(platform.observe(target), live, instead_of=deployable)

    def test_other_captures_are_left_alone(
        self,
        platform: Platform,
        live: Release,
        archive: FakeArchive,
        request: pytest.FixtureRequest,
    ) -> None:
        """Another service's release, or what another platform wrote, is put into production."""
        if not isinstance(platform, CapturesReleases) or not isinstance(platform, InspectsReleases):
            return
        target, _ = _used(request)
        cast("Forget", request.getfixturevalue("forget_live"))()
        (capture,) = archive.captured(target)
        elsewhere = replace(target, environment="elsewhere")
        others = FakeArchive(
            replace(capture, target=elsewhere),
            replace(capture, platform="another"),
            replace(capture, document="{}"),
            replace(capture, document="[not JSON"),
        )
        platform.recall(others)
        assert platform.find(target, live.version) is None
        assert live.version not in platform.versions(target)
        assert platform.inspect(target, capture.release).artifact_present is not True

    def _walk(self, platform: Platform, to: Release, clock: Clock, *, seen: Snapshot) -> None:
        """Go through a whole plan."""
        for number, step in enumerate(platform.plan(seen, to=to)):
            fence = fence_of(platform, seen.target, f"walk-to-{to.version}-{number}")
            platform.apply(step, fence=fence, deadline=Deadline.after(clock, step.timeout))
            self.await_done(platform, step, clock)


def _used(request: pytest.FixtureRequest) -> tuple[Target, Release]:
    target: Target = request.getfixturevalue("target")
    deployable: Release = request.getfixturevalue("deployable")
    return target, deployable
