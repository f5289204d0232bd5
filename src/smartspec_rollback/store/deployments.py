"""Deployments: what went live where and when, with the phases it went through.

Order on a Target is by time, and by order of writing where times are the same.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import Contradiction
from smartspec_rollback.store import chain, holds, similar, verdicts
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.standing import reconsider
from smartspec_rollback.store.transactions import Part, Row, Transaction, from_micros, micros

_SELECT = """
SELECT d.seq, (SELECT p.document FROM phases p WHERE p.seq = d.seq) FROM deployments d
"""
_NEWEST_FIRST = " ORDER BY d.at DESC, d.seq DESC LIMIT ?"
_ON_TARGET = "d.service = ? AND d.environment = ?"

_BY_ID = _SELECT + "WHERE d.id = ?"
ALL = _SELECT + _NEWEST_FIRST
OF_TARGET = _SELECT + f"WHERE {_ON_TARGET}" + _NEWEST_FIRST
LIVE = _SELECT + f"WHERE {_ON_TARGET} AND d.phase = 'live'" + _NEWEST_FIRST
EARLIER = (
    _SELECT + f"WHERE {_ON_TARGET} AND d.phase = 'live' AND (d.at, d.seq) < (?, ?)" + _NEWEST_FIRST
)
ELIGIBLE = (
    _SELECT + f"WHERE {_ON_TARGET} AND d.eligible = 1 AND (d.at, d.seq) < (?, ?)" + _NEWEST_FIRST
)
OF_VERSION = (
    _SELECT
    + f"WHERE {_ON_TARGET} AND d.version = ? AND d.phase = 'live' AND (d.at, d.seq) < (?, ?)"
    + _NEWEST_FIRST
)
SINCE = (
    _SELECT + f"WHERE {_ON_TARGET} AND d.phase = 'live' AND d.at > ? ORDER BY d.at, d.seq LIMIT ?"
)
SUPERSEDED = """
SELECT d.at FROM deployments d
WHERE d.service = ? AND d.environment = ? AND d.phase = 'live' AND (d.at, d.seq) > (?, ?)
ORDER BY d.at, d.seq LIMIT 1
"""
_SINCE_LIMIT = 100
_ORDER = tuple(Phase)

_UPSERT = """
INSERT INTO deployments (seq, id, service, environment, at, phase, version, release)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    seq = excluded.seq, at = excluded.at, phase = excluded.phase, release = excluded.release
"""


def columns(deployment: Deployment) -> Row:
    """Return what a deployment is found by: id, Target, time, phase, version, release identity."""
    return (
        deployment.id,
        deployment.target.service,
        deployment.target.environment,
        micros(deployment.at),
        str(deployment.phase),
        deployment.release.version,
        deployment.release.identity,
    )


def record(db: Transaction, deployment: Deployment, *, actor: str) -> bool:
    """Record a deployment, its next phase or its commit; False if all of that was known."""
    found = _find(db, deployment.id)
    action, said_at = "deployment.recorded", deployment.at
    if found is not None:
        _, known = found
        _refuse_contradiction(known, deployment)
        if _ORDER.index(deployment.phase) <= _ORDER.index(known.phase):
            if deployment.commit is None or known.commit is not None:
                return False
            _refuse_tie(db, known)
            action = "deployment.commit-added"
            deployment = msgspec.structs.replace(known, commit=deployment.commit)
        deployment = msgspec.structs.replace(
            deployment,
            revision=deployment.revision or known.revision,
            commit=deployment.commit or known.commit,
            rollback_of=deployment.rollback_of or known.rollback_of,
        )
    document = encode(deployment)
    seq = chain.add(
        db,
        at=said_at,
        actor=actor,
        action=action,
        subject=deployment.id,
        detail=f"{deployment.release.version} on {deployment.target}, {deployment.phase}",
        document=document,
    )
    db.execute(
        "INSERT INTO phases (seq, deployment_id, document) VALUES (?, ?, ?)",
        (seq, deployment.id, document),
    )
    db.execute(_UPSERT, (seq, *columns(deployment)))
    reconsider(db, deployment.id)
    return True


def _refuse_contradiction(known: Deployment, new: Deployment) -> None:
    for what, was, is_said in (
        ("target", known.target, new.target),
        ("version", known.release.version, new.release.version),
        ("artifact", known.release.artifact, new.release.artifact),
        ("artifact digest", known.release.artifact_digest, new.release.artifact_digest),
        ("configuration", known.release.configuration_digest, new.release.configuration_digest),
    ):
        if was is None and _ORDER.index(new.phase) > _ORDER.index(known.phase):
            continue  # learnt since
        if was != is_said:
            raise _contradiction(known, what, str(was), str(is_said))
    if known.commit and new.commit and not _same_commit(known.commit, new.commit):
        raise _contradiction(known, "commit", known.commit, new.commit)


def _contradiction(known: Deployment, what: str, was: str, is_said: str) -> Contradiction:
    return Contradiction(
        f"deployment {known.id} is recorded with {what} {was}, not {is_said}",
        where=f"deployment {known.id}",
        remedy="give this deployment an id of its own",
    )


def _same_commit(one: str, other: str) -> bool:
    """Tell whether two names of commits can mean the same; one may be shortened."""
    short, long = sorted((one.lower(), other.lower()), key=len)
    return long.startswith(short)


def _refuse_tie(db: Transaction, known: Deployment) -> None:
    """Refuse to write a deployment anew where that would change which one is the newest."""
    target = known.target
    tied = db.execute(
        "SELECT id FROM deployments WHERE service = ? AND environment = ? AND at = ? AND id <> ?",
        (target.service, target.environment, micros(known.at), known.id),
    ).fetchone()
    if tied is not None:
        raise Contradiction(
            f"the commit of {known.id} was not recorded: {tied[0]} has the very same time, and "
            "what is written last counts as the newer one",
            where=f"deployment {known.id}",
            remedy="give --commit when a deployment is recorded first",
        )


def _find(db: Transaction, deployment_id: str) -> tuple[int, Deployment] | None:
    rows = _read(db, _BY_ID, (deployment_id,))
    return rows[0] if rows else None


def _read(
    db: Transaction, sql: str, parameters: Sequence[Any]
) -> tuple[tuple[int, Deployment], ...]:
    return tuple(
        (seq, decode(Deployment, document or "", what=f"the deployment of audit entry {seq}"))
        for seq, document in db.execute(sql, parameters)
    )


def find(db: Transaction, deployment_id: str) -> Deployment | None:
    """Look one up as it was recorded."""
    found = _find(db, deployment_id)
    return found[1] if found else None


def live_beside(db: Transaction, deployment: Deployment) -> Release | None:
    """Return the release that is live on the same Target while this deployment is under way."""
    target = deployment.target
    for _, each in _read(db, LIVE, (target.service, target.environment, 2)):
        if each.id != deployment.id:
            return each.release
    return None


def _position(db: Transaction, deployment: Deployment) -> tuple[int, int]:
    """Return where a deployment stands in its Target's order; an unrecorded one by its time."""
    found = _find(db, deployment.id)
    if found is None:
        return micros(deployment.at), 0
    seq, recorded = found
    return micros(recorded.at), seq


def _entries(db: Transaction, sql: str, *parameters: object) -> tuple[LedgerEntry, ...]:
    """Read deployments with what is known of each."""
    return tuple(_entry(db, seq, each) for seq, each in _read(db, sql, parameters))


def _entry(db: Transaction, seq: int, deployment: Deployment) -> LedgerEntry:
    target = deployment.target
    superseded = db.execute(
        SUPERSEDED, (target.service, target.environment, micros(deployment.at), seq)
    ).fetchone()
    return LedgerEntry(
        deployment=deployment,
        conclusive=verdicts.newest_conclusive(db, deployment.id),
        superseded_at=from_micros(superseded[0]) if superseded else None,
        hold=holds.in_force(db, target, deployment.release),
    )


class Deployments(Part):
    """The store's methods about deployments."""

    def record_deployment(self, deployment: Deployment, /, *, by: Person) -> bool:
        """Record it or its next phase; False if that is recorded. UsageError on a contradiction."""
        with self._ledger.write() as db:
            return record(db, deployment, actor=by.name)

    def deployment(self, deployment_id: str, /) -> LedgerEntry | None:
        """Look one up with what is known of it."""
        with self._ledger.read() as db:
            return _first(_entries(db, _BY_ID, deployment_id))

    def deployments(
        self, target: Target | None = None, /, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List the newest, newest first."""
        with self._ledger.read() as db:
            if target is None:
                return _entries(db, ALL, limit)
            return _entries(db, OF_TARGET, target.service, target.environment, limit)

    def live(self, target: Target, /) -> LedgerEntry | None:
        """Return the newest deployment that went live."""
        with self._ledger.read() as db:
            return _first(_entries(db, LIVE, target.service, target.environment, 1))

    def similar_ids(self, deployment_id: str, /, *, limit: int) -> tuple[str, ...]:
        """Name the recorded ids most like this one, best first; bounded work, however large."""
        with self._ledger.read() as db:
            return similar.similar_ids(db, deployment_id, limit=limit)

    def earlier(self, before: Deployment, /, *, limit: int) -> tuple[LedgerEntry, ...]:
        """List live deployments of the same Target before this one, newest first."""
        target = before.target
        with self._ledger.read() as db:
            position = _position(db, before)
            return _entries(db, EARLIER, target.service, target.environment, *position, limit)

    def earlier_healthy(
        self,
        before: Deployment,
        /,
        *,
        limit: int,
        older_than: Deployment | None = None,
    ) -> tuple[LedgerEntry, ...]:
        """Like ``earlier``, but only those whose newest conclusive verdict is a pass, not held.

        ``older_than`` continues a listing. One index answers, whatever is newer.
        """
        target = before.target
        with self._ledger.read() as db:
            position = _position(db, before)
            if older_than is not None:
                position = min(position, _position(db, older_than))
            return _entries(db, ELIGIBLE, target.service, target.environment, *position, limit)

    def earlier_of_version(self, before: Deployment, version: str, /) -> LedgerEntry | None:
        """Return the newest earlier live deployment of a version on the same Target."""
        target = before.target
        with self._ledger.read() as db:
            found = _entries(
                db,
                OF_VERSION,
                target.service,
                target.environment,
                version,
                *_position(db, before),
                1,
            )
            return _first(found)

    def since(self, targets: tuple[Target, ...], at: datetime, /) -> tuple[Deployment, ...]:
        """List what went live on these Targets after ``at``, oldest first, 100 at most."""
        with self._ledger.read() as db:
            found = [
                (micros(deployment.at), seq, deployment)
                for target in dict.fromkeys(targets)
                for seq, deployment in _read(
                    db, SINCE, (target.service, target.environment, micros(at), _SINCE_LIMIT)
                )
            ]
        found.sort(key=lambda item: item[:2])
        return tuple(deployment for _, _, deployment in found[:_SINCE_LIMIT])


def _first(entries: tuple[LedgerEntry, ...]) -> LedgerEntry | None:
    return entries[0] if entries else None
