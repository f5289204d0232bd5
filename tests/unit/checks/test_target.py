"""The checks on the target: 1 to 7, 17 and 25."""

from datetime import timedelta

import msgspec
import pytest
from tests.unit.checks.facts import (
    FAILED_REVISION,
    NOW,
    SAFE,
    but,
    decided,
    inspected,
    live,
    observed,
    operation,
)

from smartspec_rollback.checks import (
    artifact_exists,
    capacity,
    configuration_restorable,
    secrets_exist,
    still_live,
    target_boots,
    target_differs,
    target_evidence,
    target_not_held,
)
from smartspec_rollback.domain.facts import Boot
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.release import Release, same_release
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.domain.snapshot import Revision, Share
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    a_candidate,
    a_deployment,
    a_hold,
    a_release,
    a_rollback,
    a_verdict,
)

PASSED, ATTENTION = Outcome.PASSED, Outcome.ATTENTION
BLOCKING, UNKNOWN = Outcome.BLOCKING, Outcome.UNKNOWN
UNDIGESTED = Release(version=BAD, artifact="elsewhere")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (a_release(), a_release(), True),
        (a_release(), a_release(configuration="DEBUG=1"), False),
        (a_release(GOOD), a_release(BAD), False),
        (UNDIGESTED, a_release(BAD), None),
        (UNDIGESTED, a_release(GOOD), False),
        (a_release(), msgspec.structs.replace(a_release(), configuration_digest=None), None),
        (a_release(GOOD, artifact="x"), a_release(BAD, artifact="x"), True),
    ],
)
def test_releases_are_compared_by_content(
    one: Release, other: Release, *, expected: bool | None
) -> None:
    """Names alone must neither prove nor disprove that two releases are the same."""
    assert same_release(one, other) is expected
    assert same_release(other, one) is expected


def test_a_target_without_evidence_is_said_to_have_none() -> None:
    """The previous version is not a good one merely for being previous."""
    candidate = a_candidate(health=None, rejected=("no gate passed",))
    finding = target_evidence.check(but(chosen=candidate))
    assert finding.outcome is ATTENTION
    assert finding.summary == "There is no evidence that v1.2.0 was ever healthy."
    assert "no gate passed" in [e.value for e in finding.evidence]


def test_a_later_deployment_blocks_and_is_named() -> None:
    """Rolling back what is no longer live would undo somebody's fix."""
    finding = still_live.check(observed(live=live("v1.2.2", deployment_id="deploy-12346")))
    assert finding.outcome is BLOCKING
    assert "v1.2.2 (deploy-12346) is live, not deploy-12345" in finding.summary
    assert still_live.check(observed(live=live("v1.2.2"))).summary.startswith("v1.2.2 (rev-9)")


def test_a_fixed_deployment_under_the_same_platform_id_is_a_later_one() -> None:
    """Platforms that name revisions by version would otherwise hide a repaired configuration."""
    fixed = Revision(
        id=FAILED_REVISION,
        release=a_release(BAD, configuration="FIXED=1"),
        deployment_id="deploy-12346",
    )
    finding = still_live.check(observed(live=fixed))
    assert finding.outcome is BLOCKING
    assert "deploy-12346" in finding.summary


def test_the_live_release_is_recognised_by_content_under_another_id() -> None:
    """The same bad release under a new platform id is still the bad release."""
    assert still_live.check(observed(live=live(BAD))).outcome is PASSED


@pytest.mark.parametrize(
    "seen",
    [
        Revision(id="rev-9", release=UNDIGESTED, deployment_id="deploy-12345"),
        Revision(id=FAILED_REVISION, release=UNDIGESTED),
    ],
)
def test_without_digests_the_ids_decide(seen: Revision) -> None:
    """Services recorded without digests must still be able to roll back."""
    assert still_live.check(observed(live=seen)).outcome is PASSED


def test_the_same_version_without_digests_or_ids_is_unknown() -> None:
    """The same name may hide a fixed configuration."""
    assert still_live.check(observed(live=Revision(id="rev-9", release=UNDIGESTED))).outcome is (
        UNKNOWN
    )


def test_a_live_release_that_was_changed_in_place_asks_for_attention() -> None:
    """What the verdict was about no longer runs."""
    changed = Revision(id=FAILED_REVISION, release=a_release(BAD, configuration="DEBUG=1"))
    assert still_live.check(observed(live=changed)).outcome is ATTENTION


def test_configuration_that_people_tried_in_the_incident_bars_no_way_back() -> None:
    """Somebody changed a setting to mend it, and the failed release counts as gone."""
    changed = Revision(id="rev-9", release=a_release(BAD, configuration="DEBUG=1"))
    assert still_live.check(observed(live=changed)).outcome is ATTENTION
    deployed = msgspec.structs.replace(changed, deployment_id="deploy-12346")
    assert still_live.check(observed(live=deployed)).outcome is BLOCKING


STUCK = observed(live=live(GOOD), operation=operation("deploy-12345"), traffic=())
CANARY = observed(live=live(GOOD), traffic=(Share(revision=FAILED_REVISION, percent=10),))


def test_the_failed_deployments_own_stuck_rollout_never_blocks() -> None:
    """It is the commonest failure; refusing it would leave people without the tool."""
    for facts in (STUCK, CANARY):
        assert still_live.check(facts).outcome is ATTENTION
        assert target_differs.check(facts).outcome is ATTENTION
    assert "has not finished its own rollout; v1.2.0 is live" in still_live.check(STUCK).summary
    assert "gets 10% of the traffic" in still_live.check(CANARY).summary


def test_a_canary_is_found_by_the_platforms_history_too() -> None:
    """A deployment recorded without a revision would otherwise look like one without traffic."""
    revision = Revision(id="rev-8", release=a_release(BAD), deployment_id="deploy-12345")
    facts = msgspec.structs.replace(
        observed(
            live=live(GOOD), history=(revision,), traffic=(Share(revision="rev-8", percent=5),)
        ),
        failed=a_deployment(revision=None),
    )
    assert still_live.check(facts).outcome is ATTENTION


def test_a_target_that_is_live_already_blocks() -> None:
    """There would be nothing to do, and people would think that something was done."""
    finding = target_differs.check(observed(live=live(GOOD)))
    assert finding.outcome is BLOCKING
    assert "v1.2.0 is already live" in finding.summary


def test_the_same_version_with_another_configuration_may_be_gone_back_to() -> None:
    """Bad configuration is a reason to roll back as well."""
    candidate = a_candidate(release=a_release(BAD, configuration="before"))
    assert target_differs.check(but(chosen=candidate)).outcome is PASSED


def test_whether_it_differs_is_unknown_without_digests() -> None:
    """Same name, no digest: neither a tick nor a refusal is earned."""
    assert target_differs.check(but(chosen=a_candidate(release=UNDIGESTED))).outcome is UNKNOWN


def test_a_held_target_blocks_with_the_holds_reason() -> None:
    """A hold that a rollback ignores is no hold."""
    finding = target_not_held.check(but(target_hold=a_hold(reason="It leaks.")))
    assert finding.outcome is BLOCKING
    assert finding.summary == "v1.2.0 is on hold: It leaks."
    assert "smartspec hold release hold-1" in finding.remedy


def test_a_target_that_failed_itself_blocks() -> None:
    """Chosen by hand or not: going to a release known to be bad needs an override."""
    failed = a_verdict("deploy-12344", VerdictOutcome.FAIL, reason="error rate > 1%")
    finding = target_not_held.check(but(chosen_verdict=failed))
    assert finding.outcome is BLOCKING
    assert "error rate > 1%" in finding.summary
    assert target_not_held.check(but(chosen=a_candidate(BAD))).outcome is BLOCKING


def test_a_target_that_may_be_the_failed_release_is_unknown() -> None:
    """Without digests the same version may be the very release that failed."""
    finding = target_not_held.check(but(chosen=a_candidate(release=UNDIGESTED)))
    assert finding.outcome is UNKNOWN
    assert "failed release itself" in finding.summary


def rolled_back(
    rollback_id: str, *, ago: float, from_version: str = BAD, status: Status = Status.SUCCEEDED
) -> Rollback:
    """Make an earlier rollback that ended some seconds ago."""
    return msgspec.structs.replace(
        a_rollback(rollback_id, status=status),
        from_version=from_version,
        updated_at=NOW - timedelta(seconds=ago),
    )


def test_going_back_and_forth_asks_for_attention() -> None:
    """Two bad versions rolled back to each other would go on all night."""
    away = rolled_back("rb-0", ago=3600, from_version=GOOD)
    finding = target_not_held.check(but(recent=(away,)))
    assert finding.outcome is ATTENTION
    assert "was itself rolled back" in finding.summary
    old = rolled_back("rb-0", ago=25 * 3600, from_version=GOOD)
    denied = rolled_back("rb-0", ago=3600, from_version=GOOD, status=Status.DENIED)
    assert target_not_held.check(but(recent=(old, denied))).outcome is PASSED


def test_the_third_rollback_within_an_hour_is_called_a_loop() -> None:
    """A pipeline that redeploys what was rolled back is not stopped by rolling back again."""
    recent = tuple(rolled_back(f"rb-0{i}", ago=i * 600) for i in range(4))
    assert "Rollback loop" in target_not_held.check(but(recent=recent[:3])).summary
    assert target_not_held.check(but(recent=recent[:2])).outcome is PASSED
    own = rolled_back(SAFE.rollback_id, ago=0)
    assert target_not_held.check(but(recent=(own, *recent[:2]))).outcome is PASSED


def test_a_missing_or_changed_artifact_blocks() -> None:
    """The plan would stop half way, or start something nobody ever tested."""
    gone = artifact_exists.check(inspected(artifact_present=False))
    changed = artifact_exists.check(inspected(artifact_unchanged=False))
    assert (gone.outcome, changed.outcome) == (BLOCKING, BLOCKING)
    assert "is gone" in gone.summary
    assert "content differs" in changed.summary
    assert SAFE.chosen.release.artifact_digest in [e.value for e in changed.evidence]


@pytest.mark.parametrize(
    ("unchanged", "expected"), [(True, PASSED), (False, BLOCKING), (None, UNKNOWN)]
)
def test_configuration_that_changed_since_is_no_configuration_restored(
    unchanged: bool | None,  # noqa: FBT001 - pytest hands it over by name
    expected: Outcome,
) -> None:
    """A plan is ticked all through, approved, and then refused by the platform's fence."""
    facts = inspected(configuration_unchanged=unchanged)
    assert configuration_restorable.check(facts).outcome is expected


def test_configuration_that_is_put_back_passes_and_says_so() -> None:
    """The plan repairs what the check blocks for: a safe rollback is refused."""
    back = inspected(restores=("ConfigMap checkout (keys A, B)",))
    found = configuration_restorable.check(back)
    assert found.outcome is PASSED
    assert "will be put back as it ran with it: ConfigMap checkout (keys A, B)" in found.summary
    differs = inspected(configuration_unchanged=False, differing=("Secret api (key TOKEN)",))
    blocked = configuration_restorable.check(differs)
    assert blocked.outcome is BLOCKING
    assert "Secret api (key TOKEN)" in blocked.summary


def test_missing_configuration_and_secrets_block_by_name() -> None:
    """People can only put back what is named; values must not appear anywhere."""
    names = tuple(f"KEY_{i}" for i in range(12))
    configuration = configuration_restorable.check(inspected(missing_configuration=names))
    secrets = secrets_exist.check(inspected(missing_secrets=("db-password",)))
    assert (configuration.outcome, secrets.outcome) == (BLOCKING, BLOCKING)
    assert "KEY_9 and 2 more" in configuration.summary
    assert "KEY_11" in configuration.evidence[0].value
    assert "db-password" in secrets.summary


def test_nothing_is_said_about_the_contents_of_an_artifact_that_is_gone() -> None:
    """An empty list of missing names means nothing where there was nothing to look into."""
    facts = inspected(artifact_present=False)
    assert configuration_restorable.check(facts).outcome is UNKNOWN
    assert secrets_exist.check(facts).outcome is UNKNOWN


@pytest.mark.parametrize(
    ("startable", "wanted", "expected"),
    [(3, 3, PASSED), (4, 3, PASSED), (2, 3, BLOCKING), (0, 1, BLOCKING), (0, 0, UNKNOWN)],
)
def test_capacity_compares_numbers(startable: int, wanted: int, expected: Outcome) -> None:
    """Moving traffic to too few instances turns one incident into another."""
    finding = capacity.check(inspected(startable=startable, wanted=wanted))
    assert finding.outcome is expected
    assert {str(startable), str(wanted)} == {e.value for e in finding.evidence}


def test_a_target_that_does_not_boot_blocks_with_what_it_said() -> None:
    """The reason it does not boot is what people need next."""
    finding = target_boots.check(but(boot=Boot(ready=False, detail="exited with status 3")))
    assert finding.outcome is BLOCKING
    assert finding.summary == "v1.2.0 does not boot: exited with status 3."


@pytest.mark.parametrize("boot", [None, Boot(ready=None, detail="starting")])
def test_an_untried_boot_is_unknown_in_words_that_fit(boot: Boot | None) -> None:
    """Whether anything is being started must be clear before people consent."""
    on = but(boot=boot)
    off = msgspec.structs.replace(decided(prewarm=False), boot=boot)
    unable = but(boot=boot, prewarm_obstacle="the platform toy cannot prewarm")
    dry = but(boot=boot, dry_run=True)
    assert target_boots.check(on).summary == (
        "v1.2.0 has not been booted yet: it is started beside the live version while you read, "
        "and nothing is switched unless it passes."
    )
    assert "(prewarm is off)" in target_boots.check(off).summary
    assert "the platform toy cannot prewarm." in target_boots.check(unable).summary
    assert {target_boots.check(f).outcome for f in (on, off, unable, dry)} == {UNKNOWN}
    assert "a dry run starts nothing" in target_boots.check(dry).summary
