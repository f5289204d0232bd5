"""Where a deployment stands: its newest conclusive verdict, and whether it may be gone back to.

Called by ``deployments``, ``verdicts`` and ``holds`` in the transaction that changes either, so
that the last known good release is found by one index however large the ledger is. Order is
the order of writing, so a clock that jumps changes nothing.
"""

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.store.transactions import Transaction

STANDING = """
(SELECT v.outcome FROM verdicts v
 WHERE v.deployment_id = deployments.id AND v.outcome <> 'inconclusive'
 ORDER BY v.seq DESC LIMIT 1)
"""
"""The outcome of the newest conclusive verdict, over one row of ``deployments``."""

BASELINE = """
(SELECT MAX(v.seq) FROM verdicts v
 WHERE v.deployment_id = deployments.id AND v.outcome = 'pass' AND v.measured = 1)
"""
"""The newest passed verdict that was measured, over one row of ``deployments``."""

ELIGIBLE = """
CASE WHEN phase = 'live' AND standing = 'pass' AND NOT EXISTS (
    SELECT 1 FROM holds h
    WHERE h.service = deployments.service AND h.environment = deployments.environment
      AND h.release = deployments.release AND h.in_force = 1)
THEN 1 ELSE 0 END
"""
"""Whether it may be gone back to; the proof of the audit log asks all three again."""

_STANDING = f"UPDATE deployments SET standing = {STANDING}, baseline = {BASELINE} WHERE id = ?"  # noqa: S608 - ours
_ELIGIBLE_ONE = f"UPDATE deployments SET eligible = {ELIGIBLE} WHERE id = ?"  # noqa: S608 - ours

_ELIGIBLE_OF_RELEASE = f"""
UPDATE deployments SET eligible = {ELIGIBLE}
WHERE service = ? AND environment = ? AND release = ? AND standing = 'pass'
"""  # noqa: S608 - a constant of ours


def reconsider(db: Transaction, deployment_id: str) -> None:
    """Work out anew where one deployment stands; does nothing if it is not recorded."""
    db.execute(_STANDING, (deployment_id,))
    db.execute(_ELIGIBLE_ONE, (deployment_id,))


def reconsider_release(db: Transaction, target: Target, release: Release) -> None:
    """Work out anew where the deployments of a release stand, after a hold on it changed."""
    db.execute(_ELIGIBLE_OF_RELEASE, (target.service, target.environment, release.identity))
