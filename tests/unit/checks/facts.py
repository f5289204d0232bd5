"""Facts for the checks' tests: a rollback with nothing against it, and changes to it."""

from datetime import timedelta
from typing import Any

import msgspec

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.facts import Boot, Facts, Reading
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.snapshot import Inspection, Operation, Revision, Share, Snapshot
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    NOON,
    TARGET,
    a_candidate,
    a_deployment,
    a_release,
    a_verdict,
    an_objective,
    later,
)

FAILED_REVISION = "rev-7"
NOW = later(600)

SETTINGS = TargetSettings(
    target=TARGET, database="none", objectives=(an_objective(),), prewarm=True
)

SNAPSHOT = Snapshot(
    target=TARGET,
    at=NOW,
    uid="uid-1",
    live=Revision(
        id=FAILED_REVISION,
        release=a_release(BAD),
        deployed_at=NOON,
        deployment_id="deploy-12345",
    ),
    traffic=(Share(revision=FAILED_REVISION, percent=100),),
    workloads=(),
    history=(),
    operation=None,
    owners=(),
    template="template",
    configuration="configuration",
    resource_version="1",
)

INSPECTION = Inspection(
    artifact=f"releases/{GOOD}",
    artifact_present=True,
    artifact_unchanged=True,
    missing_configuration=(),
    missing_secrets=(),
    startable=3,
    wanted=3,
    configuration_unchanged=True,
)

SAFE = Facts(
    now=NOW,
    settings=SETTINGS,
    rollback_id="rb-1",
    failed=a_deployment(revision=FAILED_REVISION),
    failed_verdict=a_verdict(at=later(300)),
    onset=a_verdict(at=later(120)),
    before=LedgerEntry(
        deployment=a_deployment("deploy-12344", GOOD, at=NOON - timedelta(days=1)),
        conclusive=a_verdict("deploy-12344", VerdictOutcome.PASS, at=NOON - timedelta(hours=23)),
    ),
    snapshot=SNAPSHOT,
    chosen=a_candidate(),
    chosen_verdict=a_verdict("deploy-12344", VerdictOutcome.PASS, at=NOON - timedelta(hours=23)),
    target_hold=None,
    inspection=INSPECTION,
    prewarm_obstacle=None,
    boot=Boot(ready=True, detail="3 of 3 instances ready, 2 smoke tests passed", at=NOW),
    active=None,
    recent=(),
    reading=Reading(source="probe", newest=NOW),
    dependents_since=(),
    reason_given=False,
)
"""Everything known, and nothing against going back from v1.2.1 to v1.2.0."""


def but(**changed: Any) -> Facts:
    """Take the safe facts with some of them changed."""
    return msgspec.structs.replace(SAFE, **changed)


def observed(**changed: Any) -> Facts:
    """Take the safe facts with something else in the snapshot; traffic follows what is live."""
    snapshot = msgspec.structs.replace(SNAPSHOT, **changed)
    if "traffic" not in changed and snapshot.live is not None:
        share = Share(revision=snapshot.live.id, percent=100)
        snapshot = msgspec.structs.replace(snapshot, traffic=(share,))
    return but(snapshot=snapshot)


def inspected(**changed: Any) -> Facts:
    """Take the safe facts with something else found about the target's release."""
    return but(inspection=msgspec.structs.replace(INSPECTION, **changed))


def decided(**changed: Any) -> Facts:
    """Take the safe facts with other settings."""
    return but(settings=msgspec.structs.replace(SETTINGS, **changed))


def live(version: str, *, deployment_id: str | None = None, revision: str = "rev-9") -> Revision:
    """Make a live revision."""
    return Revision(id=revision, release=a_release(version), deployment_id=deployment_id)


def operation(of: str | None, holder: str = "pipeline 99") -> Operation:
    """Make a running operation with the id of a deployment or rollback."""
    return Operation(holder=holder, id=of, since=NOON)
