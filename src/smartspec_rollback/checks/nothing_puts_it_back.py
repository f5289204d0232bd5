"""Check 26: no automation will put the bad version back."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import PLATFORM, fact, listed
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.snapshot import Owner
from smartspec_rollback.domain.values import Evidence

NAME = "nothing-puts-it-back"
NUMBER = 26
TITLE = "Will nothing put the bad version back?"
LOOKS_AT = (
    "The automation (GitOps controllers, pipelines) that the platform says owns the service, "
    "what the plan suspends of it, and what stands above it."
)
BLOCKS_WHEN = "Never; automation that will not stay suspended is named."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Pass only where every owner is suspended, or will be first, and nothing wakes it again."""
    owners, version = facts.snapshot.owners, facts.failed.release.version
    if owners is None:
        return _SAYS.unknown(
            f"Whether something will put {version} back could not be learnt.",
            fact("owners", None, PLATFORM),
            remedy="suspend pipelines and GitOps controllers that deploy this service",
        )
    evidence = tuple(_told(owner) for owner in owners) or (fact("owners", "none", PLATFORM),)
    if awake := [o for o in owners if o.suspended is False and not o.suspended_by_plan]:
        named = listed(owner.name for owner in awake)
        return _SAYS.attention(
            " ".join((f"{named} will probably put {version} back.", *_doubts(owners))),
            *evidence,
            remedy=_remedy(awake, "suspend it first, or revert what it deploys from"),
        )
    if unread := [owner for owner in owners if owner.suspended is None]:
        named = listed(owner.name for owner in unread)
        return _SAYS.unknown(
            " ".join(
                (f"Whether {named} will put {version} back could not be learnt.", *_doubts(owners))
            ),
            *evidence,
            remedy=_remedy(unread, "suspend it yourself"),
        )
    if doubted := [owner for owner in owners if owner.doubt]:
        return _SAYS.attention(
            " ".join(_doubts(owners)),
            *evidence,
            remedy=_remedy(doubted, "suspend what stands above it"),
        )
    return _SAYS.passed(_suspended(facts, owners, version), *evidence)


def _suspended(facts: Facts, owners: tuple[Owner, ...], version: str) -> str:
    if not owners:
        return f"No automation owns {facts.settings.target} that would put {version} back."
    coming = [owner for owner in owners if owner.suspended_by_plan]
    asleep = [owner.name for owner in owners if not owner.suspended_by_plan]
    parts = [
        f"{owner.name} will be suspended first (step {number})"
        for number, owner in enumerate(coming, start=1)
    ]
    if asleep:
        parts.append(f"suspended: {listed(asleep)}")
    return f"Nothing will put {version} back; {'; '.join(parts)}."


def _told(owner: Owner) -> Evidence:
    if owner.suspended is None:
        return fact(owner.name, None, PLATFORM)
    return fact(owner.name, "suspended" if owner.suspended else "not suspended", PLATFORM)


def _doubts(owners: tuple[Owner, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(owner.doubt for owner in owners if owner.doubt))


def _remedy(owners: list[Owner], otherwise: str) -> str:
    return "; ".join(dict.fromkeys(owner.remedy or otherwise for owner in owners))
