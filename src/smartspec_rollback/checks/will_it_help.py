"""Check 20: the trouble began with this deployment, and the target did not have it."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import LEDGER, fact, moment
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.release import same_release
from smartspec_rollback.domain.spans import span
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome

NAME = "will-it-help"
NUMBER = 20
TITLE = "Will a rollback help?"
LOOKS_AT = (
    "When trouble was first seen, and the verdicts on the target and on what was live before."
)
BLOCKS_WHEN = "Never; where a rollback will probably not help, the risk is high."

_SAYS = Says(NAME, NUMBER)
_NOT = "a rollback will probably not fix this"
_ROLL_FORWARD = "look for another cause (a dependency, the load, data), or roll forward"


def check(facts: Facts, /) -> Finding:
    """Compare the onset of trouble with the deployment, and with who else had it."""
    verdict = facts.failed_verdict
    if verdict is None or verdict.outcome is VerdictOutcome.INCONCLUSIVE:
        return _nobody_knows(facts, verdict)
    if verdict.outcome is VerdictOutcome.PASS:
        return _SAYS.attention(
            f"The newest verdict on {facts.failed.id} is a pass ({verdict.reason}): {_NOT}.",
            _said(verdict),
            remedy=f"record what is wrong with `smartspec deployment mark {facts.failed.id} failed`"
            " if you know better",
        )
    onset = facts.onset or verdict
    return _began_earlier(facts, onset) or _others_had_it(facts, onset) or _correlates(facts, onset)


def _nobody_knows(facts: Facts, verdict: Verdict | None) -> Finding:
    why = (
        f"no verdict says that {facts.failed.id} failed"
        if verdict is None
        else f"the verdict on {facts.failed.id} is inconclusive ({verdict.reason})"
    )
    return _SAYS.unknown(
        f"Whether a rollback will help cannot be told: {why}.",
        *((_said(verdict),) if verdict else ()),
        remedy=f"run `smartspec_quality_gate --deployment-id {facts.failed.id}`, "
        f"or record it with `smartspec deployment mark {facts.failed.id} failed`"
        if facts.ledger_read
        else "ask whoever saw the trouble begin",
    )


def _began_earlier(facts: Facts, onset: Verdict) -> Finding | None:
    if onset.at >= facts.failed.at:
        return None
    return _SAYS.attention(
        f"The trouble was seen {span(facts.failed.at - onset.at)} before {facts.failed.id} "
        f"went live: {_NOT}.",
        *_times(facts, onset),
        remedy=_ROLL_FORWARD,
    )


def _others_had_it(facts: Facts, onset: Verdict) -> Finding | None:
    chosen, own, before = facts.chosen, facts.chosen_verdict, facts.before
    version = chosen.release.version
    if own is not None and own.outcome is VerdictOutcome.FAIL:
        return _SAYS.attention(
            f"{version} had failed too ({own.reason}): {_NOT}.", _said(own), remedy=_ROLL_FORWARD
        )
    if before is not None and before.conclusive and _failed(before):
        return _before_failed(facts, before, before.conclusive)
    if chosen.health is None or before is None:
        what = f"whether {version}" if chosen.health is None else "whether what was live before it"
        return _SAYS.unknown(
            f"The trouble was seen after {facts.failed.id} went live, but {what} "
            "had it too is not known.",
            *_times(facts, onset),
            remedy=f"look at how production behaved before {moment(facts.failed.at)}",
        )
    return None


def _before_failed(facts: Facts, before: LedgerEntry, verdict: Verdict) -> Finding:
    release, chosen = before.deployment.release, facts.chosen
    past_both = (
        same_release(release, chosen.release) is False
        and chosen.health is not None
        and chosen.deployed_at is not None
        and chosen.deployed_at < before.deployment.at
    )
    unless = (
        f" unless it goes back past both, as this one to {chosen.release.version} does"
        if past_both
        else ""
    )
    return _SAYS.attention(
        f"The trouble did not begin with {facts.failed.id}: {release.version}, live just before "
        f"it, had failed too ({verdict.reason}); {_NOT}{unless}.",
        _said(verdict),
        remedy=f"find out what {facts.failed.release.version} and {release.version} have in common",
    )


def _correlates(facts: Facts, onset: Verdict) -> Finding:
    return _SAYS.passed(
        f"The trouble was first seen {span(onset.at - facts.failed.at)} after {facts.failed.id} "
        f"went live ({onset.reason}), and {facts.chosen.release.version} did not have it.",
        *_times(facts, onset),
        fact("health of the target", facts.chosen.health, LEDGER),
    )


def _failed(entry: LedgerEntry) -> bool:
    return entry.conclusive is not None and entry.conclusive.outcome is VerdictOutcome.FAIL


def _times(facts: Facts, onset: Verdict) -> tuple[Evidence, Evidence]:
    return (
        fact("went live", f"{facts.failed.id}, {moment(facts.failed.at)}", LEDGER),
        fact("trouble first seen", f"{moment(onset.at)} ({onset.source}: {onset.reason})", LEDGER),
    )


def _said(verdict: Verdict) -> Evidence:
    return fact(
        f"verdict on {verdict.deployment_id}",
        f"{verdict.outcome} by {verdict.by}, {moment(verdict.at)}: {verdict.reason}",
        LEDGER,
    )
