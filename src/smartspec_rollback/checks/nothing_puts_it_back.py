"""Check 26: no automation will put the bad version back."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import PLATFORM, fact, listed
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "nothing-puts-it-back"
NUMBER = 26
TITLE = "Will nothing put the bad version back?"
LOOKS_AT = "The automation (GitOps controllers, pipelines) that the platform says owns the service."
BLOCKS_WHEN = "Never; automation that is not suspended is named."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Name every owner that is not suspended."""
    owners, version = facts.snapshot.owners, facts.failed.release.version
    target = facts.settings.target
    if owners is None:
        return _SAYS.unknown(
            f"Whether something will put {version} back could not be learnt.",
            fact("owners", None, PLATFORM),
            remedy="suspend pipelines and GitOps controllers that deploy this service",
        )
    if awake := tuple(o.name for o in owners if not o.suspended):
        return _SAYS.attention(
            f"{listed(awake)} will probably put {version} back.",
            fact("owners not suspended", ", ".join(awake), PLATFORM),
            remedy="suspend it first, or revert what it deploys from",
        )
    if owners:
        names = listed(o.name for o in owners)
        return _SAYS.passed(
            f"Nothing will put {version} back; suspended: {names}.",
            fact("owners suspended", names, PLATFORM),
        )
    return _SAYS.passed(
        f"No automation owns {target} that would put {version} back.",
        fact("owners", "none", PLATFORM),
    )
