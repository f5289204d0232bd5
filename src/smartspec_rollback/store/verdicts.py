"""Verdicts: append-only; what a deployment's newest ones say, and what a healthy one measured.

A verdict on a deployment that nobody recorded is kept too: platforms know ids of their own.
"""

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.store import chain
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.standing import reconsider
from smartspec_rollback.store.transactions import Part, Row, Transaction

_NEWEST = "SELECT document FROM verdicts WHERE deployment_id = ? ORDER BY seq DESC LIMIT 1"

_MEASURED = """
SELECT document FROM verdicts WHERE deployment_id = ? AND measured = 1 ORDER BY seq DESC LIMIT 1
"""

_CONCLUSIVE = """
SELECT document FROM verdicts
WHERE deployment_id = ? AND outcome <> 'inconclusive' ORDER BY seq DESC LIMIT 1
"""

_FIRST_FAILURE = """
SELECT document FROM verdicts
WHERE deployment_id = ? AND outcome = 'fail' AND seq > COALESCE(
    (SELECT MAX(seq) FROM verdicts WHERE deployment_id = ? AND outcome = 'pass'), 0)
ORDER BY seq LIMIT 1
"""

_BASELINE = """
SELECT document FROM verdicts WHERE seq = (
    SELECT baseline FROM deployments
    WHERE service = ? AND environment = ? AND release = ? AND baseline IS NOT NULL
    ORDER BY baseline DESC LIMIT 1)
"""


def columns(verdict: Verdict) -> Row:
    """Return what a verdict is found by: deployment, outcome, whether it was measured."""
    return (verdict.deployment_id, str(verdict.outcome), int(verdict.measured is not None))


def record(db: Transaction, verdict: Verdict, *, actor: str) -> None:
    """Add a verdict."""
    document = encode(verdict)
    seq = chain.add(
        db,
        at=verdict.at,
        actor=actor,
        action=f"verdict.{verdict.outcome}",
        subject=verdict.deployment_id,
        detail=f"{verdict.source}: {verdict.reason}",
        document=document,
    )
    db.execute(
        "INSERT INTO verdicts (seq, deployment_id, outcome, measured, document) "
        "VALUES (?, ?, ?, ?, ?)",
        (seq, *columns(verdict), document),
    )
    reconsider(db, verdict.deployment_id)


def is_recorded(db: Transaction, verdict: Verdict) -> bool:
    """Tell whether this very verdict was recorded already."""
    row = db.execute(
        "SELECT 1 FROM verdicts WHERE deployment_id = ? AND document = ?",
        (verdict.deployment_id, encode(verdict)),
    )
    return row.fetchone() is not None


def newest(db: Transaction, deployment_id: str) -> Verdict | None:
    """Return the newest verdict of any outcome."""
    return _read(db, _NEWEST, deployment_id)


def newest_conclusive(db: Transaction, deployment_id: str) -> Verdict | None:
    """Return the newest verdict that is a pass or a fail."""
    return _read(db, _CONCLUSIVE, deployment_id)


def _read(db: Transaction, sql: str, *parameters: str) -> Verdict | None:
    row = db.execute(sql, parameters).fetchone()
    return decode(Verdict, row[0], what=f"a verdict on {parameters[0]}") if row else None


class Verdicts(Part):
    """The store's methods about verdicts."""

    def record_verdict(self, verdict: Verdict, /) -> None:
        """Add a verdict; ``verdict.by`` is who the audit log names."""
        with self._ledger.write() as db:
            record(db, verdict, actor=verdict.by)

    def newest_verdict(self, deployment_id: str, /) -> Verdict | None:
        """Return the newest verdict of any outcome and source."""
        with self._ledger.read() as db:
            return newest(db, deployment_id)

    def newest_measured(self, deployment_id: str, /) -> Verdict | None:
        """Return the newest verdict that rests on measurements, whatever was said since."""
        with self._ledger.read() as db:
            return _read(db, _MEASURED, deployment_id)

    def first_failure(self, deployment_id: str, /) -> Verdict | None:
        """Return the first of the newest unbroken run of fails; inconclusive ones don't break it.

        None when the newest conclusive verdict is a pass.
        """
        with self._ledger.read() as db:
            return _read(db, _FIRST_FAILURE, deployment_id, deployment_id)

    def baseline(self, target: Target, release: Release, /) -> Summary | None:
        """Return what the newest passed verdict of this very release measured."""
        with self._ledger.read() as db:
            found = _read(db, _BASELINE, target.service, target.environment, release.identity)
            return found.measured if found else None
