"""The checks on everything around the target: 18 to 21, 23, 24 and 26."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.checks.facts import NOW, SAFE, but, decided, observed, operation

from smartspec_rollback.checks import (
    change_freeze,
    dependents,
    metrics_fresh,
    nothing_else_running,
    nothing_puts_it_back,
    plan_is_fresh,
    will_it_help,
)
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.facts import Reading
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.settings import Freeze
from smartspec_rollback.domain.snapshot import Owner
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    NOON,
    a_candidate,
    a_deployment,
    a_digest,
    a_release,
    a_rollback,
    a_verdict,
    later,
)

PASSED, ATTENTION = Outcome.PASSED, Outcome.ATTENTION
BLOCKING, UNKNOWN = Outcome.BLOCKING, Outcome.UNKNOWN
NOT = "a rollback will probably not fix this"


def test_another_rollback_blocks_but_not_this_one() -> None:
    """Two rollbacks at once reverted each other's reverts in a published incident."""
    other = a_rollback("rb-2", status=Status.EXECUTING)
    finding = nothing_else_running.check(but(active=other))
    assert finding.outcome is BLOCKING
    assert "rb-2 (executing)" in finding.summary
    assert nothing_else_running.check(but(active=a_rollback("rb-1"))).outcome is PASSED


@pytest.mark.parametrize(
    ("of", "expected"),
    [("deploy-12345", PASSED), ("rb-1", PASSED), ("deploy-12346", BLOCKING), (None, BLOCKING)],
)
def test_an_operation_blocks_unless_it_is_known_to_be_ours(
    of: str | None, expected: Outcome
) -> None:
    """An operation without an id could be anybody's."""
    finding = nothing_else_running.check(observed(operation=operation(of)))
    assert finding.outcome is expected
    if expected is BLOCKING:
        assert finding.summary == "pipeline 99 is changing checkout/production right now."


@pytest.mark.parametrize(
    ("brings", "expected"),
    [
        (a_release(BAD), PASSED),
        (a_release(GOOD), BLOCKING),
        (replace(a_release(BAD), artifact_digest=None), PASSED),
        (replace(a_release(BAD), artifact_digest=a_digest("another artifact")), BLOCKING),
        (replace(a_release(BAD), version="v9"), BLOCKING),
    ],
)
def test_a_rollout_without_an_id_is_known_by_what_it_brings(
    brings: Release, expected: Outcome
) -> None:
    """A stuck deployment whose pipeline told no id can't be undone, or another one's is."""
    running = replace(operation("checkout-86bd49f7"), brings=brings)
    assert nothing_else_running.check(observed(operation=running)).outcome is expected


def test_an_id_outranks_what_it_brings() -> None:
    """Another deployment of the same version, which somebody told by its id, is undone."""
    finding = nothing_else_running.check(observed(operation=operation("deploy-12346")))
    assert finding.outcome is BLOCKING


@pytest.mark.parametrize("of", ["deploy-12345", "rb-1"])
def test_our_own_operation_says_nothing_of_a_ledger_that_was_not_read(of: str) -> None:
    """Under break-glass another rollback may wait for approval in the ledger nobody can read."""
    facts = msgspec.structs.replace(
        observed(operation=operation(of)), ledger_gap="is not read under break-glass"
    )
    assert nothing_else_running.check(facts).outcome is UNKNOWN


def test_an_old_observation_asks_for_attention() -> None:
    """A plan made for what production was a while ago invites people to consent to the past.

    A clock that is wrong hides how long ago that was.
    """
    assert plan_is_fresh.check(observed(at=NOW - timedelta(minutes=5))).outcome is ATTENTION
    assert plan_is_fresh.check(observed(at=NOW + timedelta(minutes=5))).outcome is ATTENTION
    fresh = plan_is_fresh.check(SAFE)
    assert SAFE.snapshot.fingerprint.startswith(fresh.evidence[0].value)


def judged(
    outcome: VerdictOutcome, *, at: datetime, source: VerdictSource = VerdictSource.GATE
) -> Verdict:
    """Make a verdict on the failed deployment."""
    return a_verdict(outcome=outcome, at=at, source=source)


@pytest.mark.parametrize("source", [VerdictSource.GATE, VerdictSource.PERSON])
def test_trouble_that_began_with_the_deployment_will_be_helped(source: VerdictSource) -> None:
    """The one case in which people may be told that a rollback helps."""
    verdict = judged(VerdictOutcome.FAIL, at=later(60), source=source)
    finding = will_it_help.check(but(failed_verdict=verdict, onset=None))
    assert finding.outcome is PASSED
    assert "first seen 1m after deploy-12345 went live" in finding.summary


def test_trouble_that_was_there_before_will_not_be_helped() -> None:
    """A rollback for somebody else's outage costs time and changes nothing."""
    finding = will_it_help.check(but(onset=judged(VerdictOutcome.FAIL, at=later(-90))))
    assert finding.outcome is ATTENTION
    assert NOT in finding.summary
    assert "1m 30s before" in finding.summary


def test_trouble_that_the_target_had_too_will_not_be_helped() -> None:
    """Going back to the same trouble is no recovery."""
    own = a_verdict("deploy-12344", VerdictOutcome.FAIL)
    finding = will_it_help.check(but(chosen_verdict=own))
    assert (finding.outcome, NOT in finding.summary) == (ATTENTION, True)


def entry(version: str, *, days_ago: int, outcome: VerdictOutcome | None) -> LedgerEntry:
    """Make what was live before."""
    at = NOON - timedelta(days=days_ago)
    return LedgerEntry(
        deployment=a_deployment("deploy-1", version, at=at),
        conclusive=None if outcome is None else a_verdict("deploy-1", outcome, at=at),
    )


def test_trouble_that_began_with_the_deployment_before_says_so() -> None:
    """Two bad releases in a row: only going back past both may help, and that is said."""
    before = entry(GOOD, days_ago=1, outcome=VerdictOutcome.FAIL)
    finding = will_it_help.check(but(before=before))
    assert finding.outcome is ATTENTION
    assert finding.summary.endswith(f"{NOT}.")
    hotfix = entry("v1.2.0-fix", days_ago=0, outcome=VerdictOutcome.FAIL)
    finding = will_it_help.check(but(before=hotfix))
    assert finding.outcome is ATTENTION
    assert f"{NOT} unless it goes back past both, as this one to v1.2.0 does." in finding.summary


@pytest.mark.parametrize(
    "facts",
    [
        but(failed_verdict=None, onset=None),
        but(failed_verdict=judged(VerdictOutcome.INCONCLUSIVE, at=later(300))),
        but(chosen=a_candidate(health=None)),
        but(before=None),
    ],
)
def test_without_a_verdict_or_a_history_nobody_knows(facts: object) -> None:
    """An inconclusive gate or a missing history is no evidence that it will help."""
    assert isinstance(facts, type(SAFE))
    assert will_it_help.check(facts).outcome is UNKNOWN


def test_a_deployment_that_passed_since_is_probably_not_the_trouble() -> None:
    """The newest verdict counts, also where an older one was a fail."""
    finding = will_it_help.check(but(failed_verdict=judged(VerdictOutcome.PASS, at=later(300))))
    assert (finding.outcome, NOT in finding.summary) == (ATTENTION, True)


def test_what_was_live_before_needs_no_verdict_of_its_own() -> None:
    """Only a fail speaks against it; most deployments of a new user were never judged."""
    assert will_it_help.check(but(before=entry(GOOD, days_ago=1, outcome=None))).outcome is PASSED


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(source="probe", newest=NOW, problem="connection refused"), UNKNOWN),
        (Reading(source="probe", newest=None), UNKNOWN),
        (Reading(source="probe", newest=NOW - timedelta(minutes=3)), ATTENTION),
        (Reading(source="probe", newest=NOW + timedelta(minutes=3)), ATTENTION),
        (Reading(source="probe", newest=NOW - timedelta(minutes=1), failing="slow"), PASSED),
    ],
)
def test_only_fresh_metrics_pass(reading: Reading, expected: Outcome) -> None:
    """Old, missing or future samples would verify a rollback by something else."""
    assert metrics_fresh.check(but(reading=reading)).outcome is expected


def test_without_objectives_there_is_nothing_to_verify_by() -> None:
    """The verification would end inconclusive, and people should know before."""
    finding = metrics_fresh.check(decided(objectives=()))
    assert finding.outcome is ATTENTION
    assert "nothing to verify by" in finding.summary


@pytest.mark.parametrize(
    ("start", "end", "frozen"),
    [(-1, 1, True), (0, 1, True), (-1, 0, False), (1, 2, False), (-2, -1, False)],
)
def test_a_freeze_begins_at_its_start_and_is_over_at_its_end(
    start: int, end: int, *, frozen: bool
) -> None:
    """One hour off would let an unattended rollback into a freeze."""
    window = Freeze(
        start=NOW + timedelta(hours=start),
        end=(NOW + timedelta(hours=end)).astimezone(timezone(timedelta(hours=5))),
        reason="holidays",
    )
    finding = change_freeze.check(decided(freeze=(window,)))
    assert (finding.outcome is ATTENTION) == frozen
    assert finding.reason_needed == frozen


def test_a_freeze_asks_for_a_reason_only_while_none_was_given() -> None:
    """Who gave a reason must not be asked for one again."""
    window = Freeze(start=NOON, end=NOON + timedelta(days=1), reason="holidays")
    asked = change_freeze.check(decided(freeze=(window,)))
    given = change_freeze.check(
        msgspec.structs.replace(decided(freeze=(window,)), reason_given=True)
    )
    assert "--reason" in asked.remedy
    assert "--reason" not in given.remedy
    assert "holidays" in asked.summary
    assert "2026-03-03 12:00:00 UTC" in asked.summary


def test_dependents_deployed_since_are_listed_newest_first() -> None:
    """What was deployed last has to be looked at, and rolled back, first."""
    since = tuple(
        a_deployment(
            f"deploy-2{i}",
            "v5",
            target=Target(service=service, environment="production"),
            at=later(60 * i),
        )
        for i, service in enumerate(("web", "mobile"))
    )
    finding = dependents.check(but(dependents_since=since))
    assert finding.outcome is ATTENTION
    assert "mobile v5 (deploy-21), web v5 (deploy-20)" in finding.summary
    assert BAD in finding.remedy


def test_no_declared_dependents_is_a_declaration() -> None:
    """The tick must say that it rests on what the owners wrote, and on nothing else."""
    finding = dependents.check(SAFE)
    assert finding.summary == "No service is declared to depend on checkout."
    assert [e.source for e in finding.evidence] == ["declared"]
    assert dependents.check(decided(dependents=("web",))).outcome is PASSED


def test_automation_that_is_awake_is_named() -> None:
    """Argo CD would put the bad version back within minutes."""
    awake = Owner(name="Argo CD application checkout", suspended=False)
    asleep = Owner(name="Flux", suspended=True)
    finding = nothing_puts_it_back.check(observed(owners=(asleep, awake)))
    assert finding.outcome is ATTENTION
    assert finding.summary == "Argo CD application checkout will probably put v1.2.1 back."
    assert nothing_puts_it_back.check(observed(owners=(asleep,))).outcome is PASSED
    assert nothing_puts_it_back.check(observed(owners=())).outcome is PASSED
    assert nothing_puts_it_back.check(observed(owners=None)).outcome is UNKNOWN


def test_what_the_plan_suspends_counts_as_suspended() -> None:
    """People are warned of what the plan takes care of, or not told at which step."""
    first = Owner(name="HelmRelease shop/checkout", suspended=False, suspended_by_plan=True)
    second = Owner(name="Kustomization apps", suspended=False, suspended_by_plan=True)
    finding = nothing_puts_it_back.check(observed(owners=(first, second)))
    assert finding.outcome is PASSED
    assert finding.summary == (
        "Nothing will put v1.2.1 back; HelmRelease shop/checkout will be suspended first "
        "(step 1); Kustomization apps will be suspended first (step 2)."
    )


def test_what_wakes_an_owner_again_is_named() -> None:
    """An ApplicationSet wakes its Application seconds after it was suspended, and nobody knew."""
    doubted = Owner(
        name="Application argocd/checkout",
        suspended=False,
        suspended_by_plan=True,
        doubt="ApplicationSet argocd/shops writes it anew.",
        remedy="set `ignoreApplicationDifferences` first",
    )
    finding = nothing_puts_it_back.check(observed(owners=(doubted,)))
    assert finding.outcome is ATTENTION
    assert "ApplicationSet argocd/shops writes it anew." in finding.summary
    assert finding.remedy == "set `ignoreApplicationDifferences` first"


def test_an_owner_nobody_can_read_is_not_taken_for_asleep() -> None:
    """An Application we may not read counts as suspended."""
    unread = Owner(name="Application argocd/checkout", suspended=None, remedy="allow get")
    finding = nothing_puts_it_back.check(observed(owners=(unread,)))
    assert finding.outcome is UNKNOWN
    assert "Application argocd/checkout" in finding.summary
    assert finding.remedy == "allow get"


def test_times_are_written_in_utc() -> None:
    """People in several time zones read the same plan."""
    verdict = judged(
        VerdictOutcome.FAIL, at=datetime(2026, 3, 2, 15, 1, tzinfo=timezone(timedelta(hours=3)))
    )
    finding = will_it_help.check(but(failed_verdict=verdict, onset=verdict))
    assert verdict.at.astimezone(UTC) == later(60)
    assert any("2026-03-02 12:01:00 UTC" in e.value for e in finding.evidence)
