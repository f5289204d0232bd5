"""Check 2: the failed deployment is still what production runs."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import LEDGER, PLATFORM, fact
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.release import same_release
from smartspec_rollback.domain.snapshot import Revision
from smartspec_rollback.domain.values import Evidence

NAME = "still-live"
NUMBER = 2
TITLE = "Is the failed deployment still the live one?"
LOOKS_AT = "What the platform says is live, compared by digest with what the ledger recorded."
BLOCKS_WHEN = "Something else is live, and the failed deployment gets no traffic."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Compare what is live with the failed deployment: by content, else by the platform's ids."""
    live = facts.snapshot.live
    if rolling_out(facts):
        where = f"{live.release.version} is live" if live else "nothing is known to be live"
        return _SAYS.attention(
            f"{facts.failed.id} has not finished its own rollout; {where}.",
            *_evidence(facts),
            remedy=f"the rollback ends the rollout of {facts.failed.release.version}; make sure "
            "that its pipeline does not start it again",
        )
    if live is None:
        return _SAYS.unknown(
            f"Whether {facts.failed.id} is still live could not be learnt: "
            "the platform names no live release.",
            *_evidence(facts),
            remedy="look at the platform itself before you consent",
        )
    return _compared(facts, live)


def rolling_out(facts: Facts) -> bool:
    """Tell whether the failed deployment's own rollout is what is changing the Target.

    By the deployment's id; where nobody told the platform one, by the release it brings: the same
    version, and nothing known of it that differs.
    """
    operation, failed = facts.snapshot.operation, facts.failed
    if operation is None or operation.id == failed.id:
        return operation is not None
    if operation.brings is None:
        return False
    same_name = operation.brings.version == failed.release.version
    return same_name and same_release(operation.brings, failed.release) is not False


def traffic_of_failed(facts: Facts) -> int:
    """Tell what share of the traffic, in per cent, the failed deployment has beside what is live.

    A platform may use a revision's id again for another release, so the live one never counts.
    """
    snapshot, failed = facts.snapshot, facts.failed
    revisions = {r.id for r in snapshot.history if r.deployment_id == failed.id}
    if failed.revision is not None:
        revisions.add(failed.revision)
    if snapshot.live is not None:
        revisions.discard(snapshot.live.id)
    return sum(s.percent for s in snapshot.traffic if s.revision in revisions)


def _named(facts: Facts, live: Revision) -> bool:
    """Tell whether the platform's ids say so; the deployment's own id outranks the revision's."""
    if live.deployment_id is not None:
        return live.deployment_id == facts.failed.id
    return live.id == facts.failed.revision


def _configured_since(facts: Facts, live: Revision) -> bool:
    """Tell whether the failed artifact is live with other configuration, deployed by nobody else.

    People who try to mend an incident change configuration first; that must not bar the way back.
    """
    known, failed = live.release.artifact_digest, facts.failed.release
    same = known is not None and known == failed.artifact_digest
    return same and live.release.version == failed.version and live.deployment_id is None


def _compared(facts: Facts, live: Revision) -> Finding:
    failed, evidence = facts.failed, _evidence(facts)
    same = same_release(live.release, failed.release)
    named = _named(facts, live)
    if same or (named and same is None):
        how = "by content" if same else "by its id; not every digest was recorded"
        return _SAYS.passed(
            f"{failed.release.version} ({failed.id}) is still live.",
            *evidence,
            fact("recognised", how, PLATFORM),
        )
    if named or _configured_since(facts, live):
        return _SAYS.attention(
            f"{failed.id} is live, but not as recorded: its artifact or configuration changed.",
            *evidence,
            remedy="find out who changed it; the verdict was about something else",
        )
    if same is None:
        return _SAYS.unknown(
            f"{live.release.version} is live by name, but without recorded digests nobody can "
            f"tell whether it is {failed.id}.",
            *evidence,
            remedy="record deployments with their artifact (`smartspec deployment record "
            "--artifact REF`)",
        )
    if share := traffic_of_failed(facts):
        return _SAYS.attention(
            f"{failed.release.version} ({failed.id}) gets {share}% of the traffic; "
            f"{live.release.version} is live.",
            *evidence,
            remedy="the rollback takes that share away; nothing else should change",
        )
    return _SAYS.blocking(
        f"{live.release.version} ({live.deployment_id or live.id}) is live, not {failed.id}.",
        *evidence,
        remedy="if what is live has failed too, roll back its own deployment instead",
    )


def _evidence(facts: Facts) -> tuple[Evidence, Evidence]:
    live, failed = facts.snapshot.live, facts.failed
    return (
        fact("live", f"{live.release.version} ({live.id})" if live else None, PLATFORM),
        fact("failed deployment", f"{failed.release.version} ({failed.id})", LEDGER),
    )
