"""Check 4: the target is not itself a bad release, and this is no rollback loop."""

from datetime import timedelta

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, LEDGER, clause, fact, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.release import same_release
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.domain.spans import span
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.verdict import VerdictOutcome

NAME = "target-not-held"
NUMBER = 4
TITLE = "Is the target free of holds, failures and rollback loops?"
LOOKS_AT = "Holds, the target's own verdicts, and the latest rollbacks of the service."
BLOCKS_WHEN = "The target is on hold, is the failed release itself, or was found to have failed."

_SAYS = Says(NAME, NUMBER)
_BACK_AND_FORTH = timedelta(hours=24)
_LOOP_SPAN = timedelta(hours=1)
_LOOP = 3
_APPLIED = frozenset(
    {
        Status.EXECUTING,
        Status.INTERRUPTED,
        Status.UNKNOWN,
        Status.VERIFYING,
        Status.UNSTABLE,
        Status.SUCCEEDED,
    }
)


def check(facts: Facts, /) -> Finding:
    """Refuse bad targets; ask for attention where rollbacks go back and forth."""
    return _bad(facts) or _indistinct(facts) or _loop(facts) or _unread(facts) or _passed(facts)


def _bad(facts: Facts) -> Finding | None:
    version, hold, verdict = facts.chosen.release.version, facts.target_hold, facts.chosen_verdict
    if hold is not None:
        return _SAYS.blocking(
            f"{version} is on hold: {clause(hold.reason)}.",
            fact("hold", f"{hold.id}, by {hold.placed_by}, {moment(hold.placed_at)}", LEDGER),
            remedy="choose another version, or lift the hold with "
            f"`smartspec hold release {hold.id}` if its reason is gone",
        )
    if same_release(facts.chosen.release, facts.failed.release):
        return _SAYS.blocking(
            f"{version} is the failed release itself.",
            fact("failed deployment", facts.failed.id, LEDGER),
            remedy="choose another version",
        )
    if verdict is not None and verdict.outcome is VerdictOutcome.FAIL:
        return _SAYS.blocking(
            f"{version} has failed itself: {clause(verdict.reason)}.",
            fact("verdict", f"fail by {verdict.by}, {moment(verdict.at)}", LEDGER),
            remedy="choose another version, or roll forward",
        )
    return None


def _indistinct(facts: Facts) -> Finding | None:
    version = facts.chosen.release.version
    if same_release(facts.chosen.release, facts.failed.release) is not None:
        return None
    return _SAYS.unknown(
        f"Whether {version} is the failed release itself cannot be told: "
        "not every digest was recorded.",
        fact("failed deployment", f"{facts.failed.release.version} ({facts.failed.id})", LEDGER),
        remedy="choose another version, or record deployments with their artifact "
        "(`smartspec deployment record --artifact REF`)",
    )


def _loop(facts: Facts) -> Finding | None:
    applied = [r for r in facts.recent if r.id != facts.rollback_id and r.status in _APPLIED]
    version = facts.chosen.release.version
    away = [
        r
        for r in applied
        if r.from_version == version and facts.now - r.updated_at <= _BACK_AND_FORTH
    ]
    if away:
        return _SAYS.attention(
            f"{version} was itself rolled back at {moment(away[0].updated_at)}: "
            f"{clause(away[0].reason)}.",
            *(_evidence(r) for r in away),
            remedy="find out what fails in both versions before going back and forth",
        )
    lately = [r for r in applied if facts.now - r.updated_at <= _LOOP_SPAN]
    if len(lately) >= _LOOP:
        return _SAYS.attention(
            f"Rollback loop: {len(lately)} rollbacks of {facts.settings.target} "
            f"within {span(_LOOP_SPAN)}.",
            *(_evidence(r) for r in lately),
            remedy="stop the deployments that keep failing before rolling back once more",
        )
    return None


def _unread(facts: Facts) -> Finding | None:
    if facts.ledger_read:
        return None
    return _SAYS.unknown(
        f"Whether {facts.chosen.release.version} is on hold or has failed before was not checked: "
        f"the ledger {facts.ledger_gap}.",
        fact("ledger", facts.ledger_gap, DECLARED),
        remedy="ask whoever knows the last releases whether this one is good",
    )


def _passed(facts: Facts) -> Finding:
    version = facts.chosen.release.version
    return _SAYS.passed(
        f"{version} is not on hold and has no failing verdict, and this is no rollback loop.",
        fact("hold", "none", LEDGER),
        fact("rollbacks looked at", len(facts.recent), LEDGER),
    )


def _evidence(rollback: Rollback) -> Evidence:
    return fact(
        f"rollback {rollback.id}",
        f"{rollback.from_version} to {rollback.to_version}, {rollback.status}, "
        f"{moment(rollback.updated_at)}",
        LEDGER,
    )
