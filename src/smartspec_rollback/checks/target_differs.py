"""Check 3: going back would change something."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.still_live import rolling_out, traffic_of_failed
from smartspec_rollback.checks.wording import LEDGER, PLATFORM, fact
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.release import same_release

NAME = "target-differs"
NUMBER = 3
TITLE = "Is the target something else than what is live?"
LOOKS_AT = "Artifact and configuration digests of the chosen and the live release."
BLOCKS_WHEN = "The chosen release is live already, and no rollout of the failed one is to be ended."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Compare the chosen release with the live one by content."""
    live, chosen = facts.snapshot.live, facts.chosen.release
    if live is None:
        return _SAYS.unknown(
            f"Whether {chosen.version} differs from what is live could not be learnt: "
            "the platform names no live release.",
            remedy="look at the platform itself before you consent",
        )
    evidence = (
        fact("live", f"{live.release.version}, {live.release.identity}", PLATFORM),
        fact("target", f"{chosen.version}, {chosen.identity}", LEDGER),
    )
    same = same_release(live.release, chosen)
    if same is None:
        return _SAYS.unknown(
            f"Whether {chosen.version} differs from what is live cannot be told: "
            "not every digest was recorded.",
            *evidence,
            remedy="record deployments with their artifact (`smartspec deployment record "
            "--artifact REF`), or choose another version",
        )
    if not same:
        return _SAYS.passed(f"{chosen.version} is not what is live.", *evidence)
    if rolling_out(facts) or traffic_of_failed(facts):
        return _SAYS.attention(
            f"{chosen.version} is live already; the rollback only ends the rollout of "
            f"{facts.failed.release.version}.",
            *evidence,
            remedy=f"consent if the rollout of {facts.failed.release.version} should end",
        )
    return _SAYS.blocking(
        f"{chosen.version} is already live: there is nothing to do.",
        *evidence,
        remedy=f"if {chosen.version} is what fails, roll back its own deployment",
    )
