"""Resolve: which release to go back to, and why each newer one was passed over.

Evidence of health decides, never order alone. Where nobody has evidence, the newest earlier
release still gives a candidate, marked as such: a first incident is no dead end.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from smartspec_rollback.domain.candidate import Candidate, LedgerEntry, Origin, health_of
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.release import Release, same_release
from smartspec_rollback.domain.snapshot import Revision, Snapshot
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.locate import why_not_live
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.errors import Refused, UnknownName
from smartspec_rollback.ports.platform import InspectsReleases

LISTED = 20
"""How many earlier deployments are looked at one by one, and listed with their reasons."""

_PAGES = 5
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Resolution(Value):
    """The candidate chosen, and the newer ones passed over with their reasons."""

    chosen: Candidate
    rejected: tuple[Candidate, ...]


class _Weighed(Value):
    """A candidate, and whether lack of evidence is all that speaks against it."""

    candidate: Candidate
    only_unproven: bool


def resolve(
    parts: Parts,
    failed: Deployment,
    seen: Snapshot,
    *,
    version: str | None,
) -> Resolution:
    """Find the last known good release before ``failed``, or the ``version`` chosen by hand.

    Refused lists every candidate where none will do; UnknownName names versions like the one
    asked for.
    """
    if version is not None:
        return Resolution(chosen=_by_hand(parts, failed, seen, version), rejected=())
    weighed: list[_Weighed] = []
    failed_later: dict[str, str] = {}
    for entry in parts.store.earlier(failed, limit=LISTED):
        item = _weigh(parts, failed, entry, failed_later)
        if not item.candidate.rejected:
            return _resolution(item.candidate, weighed)
        weighed.append(item)
        if _is_condemned(entry):
            failed_later.setdefault(entry.deployment.release.identity, entry.deployment.id)
    for entry in _older_healthy(parts, failed, weighed):
        item = _weigh(parts, failed, entry, failed_later)
        if not item.candidate.rejected:
            return _resolution(item.candidate, weighed)
    remembered = _from_platform(parts, failed, seen, weighed)
    unproven = [w.candidate for w in (*weighed, *remembered) if w.only_unproven]
    if unproven:
        newest = max(unproven, key=lambda c: c.deployed_at or _LONG_AGO)
        chosen = msgspec.structs.replace(newest, rejected=())
        others = [w for w in (*weighed, *remembered) if w.candidate is not newest]
        return _resolution(chosen, others)
    considered = [describe(w.candidate) for w in (*weighed, *remembered)]
    nothing = f"there is no known good version of {failed.target} before {failed.id}"
    not_live = why_not_live(failed, seen)
    raise Refused(
        f"{not_live}; and {nothing}" if not_live else nothing,
        details=considered or ["nothing was deployed before it"],
        remedy="roll forward, or choose by hand with --target-version VERSION",
    )


def describe(candidate: Candidate) -> str:
    """Say in one line what a candidate is and why it was passed over."""
    name = candidate.deployment_id or candidate.revision or "never deployed"
    return f"{candidate.release.version} ({name}): {'; '.join(candidate.rejected) or 'acceptable'}"


def _resolution(chosen: Candidate, others: list[_Weighed]) -> Resolution:
    return Resolution(chosen=chosen, rejected=tuple(w.candidate for w in others))


def _older_healthy(
    parts: Parts,
    failed: Deployment,
    listed: list[_Weighed],
) -> Iterator[LedgerEntry]:
    """Page through what lies behind the listed ones; only releases that have evidence."""
    if len(listed) < LISTED:
        return
    last_id = listed[-1].candidate.deployment_id
    last = parts.store.deployment(last_id) if last_id else None
    cursor = last.deployment if last else None
    for _ in range(_PAGES):
        page = parts.store.earlier_healthy(failed, limit=LISTED, older_than=cursor)
        if not page:
            return
        yield from page
        cursor = page[-1].deployment


def _is_condemned(entry: LedgerEntry) -> bool:
    return entry.conclusive is not None and entry.conclusive.outcome is VerdictOutcome.FAIL


def _weigh(
    parts: Parts, failed: Deployment, entry: LedgerEntry, failed_later: Mapping[str, str]
) -> _Weighed:
    """Weigh one entry; ``failed_later`` names, by identity, what failed when deployed since."""
    deployment = entry.deployment
    soak = timedelta(seconds=parts.settings.soak)
    health, unproven = health_of(entry, soak=soak, until=failed.at)
    condemned = _is_condemned(entry)
    against: list[str] = []
    if deployment.release.identity == failed.release.identity:
        against.append("it is the failed release itself")
    if entry.hold is not None:
        against.append(f"on hold: {entry.hold.reason}")
    if condemned and unproven:
        against.append(unproven)
    elif again := failed_later.get(deployment.release.identity):
        against.append(f"the same release failed when it was deployed again ({again})")
    if not against and (gone := _gone(parts, deployment.release)):
        against.append(gone)
    only_unproven = not against and unproven is not None
    if not condemned and unproven:
        against.append(unproven)
    return _Weighed(
        candidate=Candidate(
            release=deployment.release,
            origin=Origin.LEDGER,
            deployment_id=deployment.id,
            revision=deployment.revision,
            deployed_at=deployment.at,
            health=health,
            rejected=tuple(against),
        ),
        only_unproven=only_unproven,
    )


def _gone(parts: Parts, release: Release) -> str | None:
    if not isinstance(parts.platform, InspectsReleases):
        return None
    inspection = parts.platform.inspect(parts.target, release)
    if inspection.artifact_present is False:
        return "its artifact is gone"
    if inspection.artifact_unchanged is False:
        return "its artifact is no longer what was deployed"
    return None


def _from_platform(
    parts: Parts,
    failed: Deployment,
    seen: Snapshot,
    listed: list[_Weighed],
) -> list[_Weighed]:
    """Weigh what only the platform remembers: older than the failed one, newest first.

    What may be a release that was weighed is none of these: a platform that no longer knows the
    configuration must not make a condemned release look like one nobody ever judged.
    """
    known = [w.candidate.release for w in listed]
    found: list[_Weighed] = []
    for revision in _earlier_revisions(seen, failed):
        if any(same_release(revision.release, each) is not False for each in known):
            continue
        known.append(revision.release)
        against: list[str] = []
        if revision.release.identity == failed.release.identity:
            against.append("it is the failed release itself")
        elif hold := held(parts, revision.release):
            against.append(f"on hold: {hold.reason}")
        elif gone := _gone(parts, revision.release):
            against.append(gone)
        only_unproven = not against
        against.append("no evidence of health: only the platform remembers it")
        found.append(
            _Weighed(candidate=_remembered(revision, tuple(against)), only_unproven=only_unproven),
        )
    return found


def held(parts: Parts, release: Release) -> Hold | None:
    """Find the hold on a release, or on what may be it: a platform knows less than the ledger."""
    if exact := parts.store.hold_on(parts.target, release):
        return exact
    holds = parts.store.holds(parts.target)
    return next((h for h in holds if same_release(h.release, release) is not False), None)


def _earlier_revisions(seen: Snapshot, failed: Deployment) -> Iterator[Revision]:
    """List what the platform put live before the failed deployment; its order says so, else time.

    Where a revision's time is not known, only what stands behind the failed one is older.
    """
    places = [n for n, revision in enumerate(seen.history) if _is_failed(revision, failed)]
    behind = seen.history[places[0] + 1 :] if places else seen.history
    for revision in behind:
        if _is_failed(revision, failed):
            continue
        if revision.deployed_at is None or revision.deployed_at < failed.at or places:
            yield revision


def _is_failed(revision: Revision, failed: Deployment) -> bool:
    """Recognise the failed deployment; its own id outranks the platform's."""
    if revision.deployment_id is not None:
        return revision.deployment_id == failed.id
    return revision.id == failed.revision


def _remembered(revision: Revision, rejected: tuple[str, ...]) -> Candidate:
    return Candidate(
        release=revision.release,
        origin=Origin.PLATFORM,
        deployment_id=revision.deployment_id,
        revision=revision.id,
        deployed_at=revision.deployed_at,
        rejected=rejected,
    )


def _by_hand(parts: Parts, failed: Deployment, seen: Snapshot, version: str) -> Candidate:
    """Take the newest earlier deployment of a version, else whatever the platform can start."""
    if entry := parts.store.earlier_of_version(failed, version):
        candidate = _weigh(parts, failed, entry, {}).candidate
        return msgspec.structs.replace(candidate, rejected=())
    for revision in seen.history:
        if revision.release.version == version:
            return _remembered(revision, ())
    known: list[str] = [r.release.version for r in seen.history]
    if isinstance(parts.platform, InspectsReleases):
        if release := parts.platform.find(parts.target, version):
            return Candidate(release=release, origin=Origin.PLATFORM)
        known += parts.platform.versions(parts.target)
    known += [e.deployment.release.version for e in parts.store.earlier(failed, limit=LISTED)]
    raise UnknownName(
        "version",
        version,
        nearest=nearest(version, dict.fromkeys(known)),
        remedy=f"`smartspec deployment list` shows what was deployed to {parts.target}",
    )
