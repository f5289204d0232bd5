"""Check 24: no dependent service was deployed since that may need the new version."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, LEDGER, fact, listed, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "dependents"
NUMBER = 24
TITLE = "Was nothing that depends on this service deployed since?"
LOOKS_AT = "Who declares `depends_on` this service, and their deployments since the failed one."
BLOCKS_WHEN = "Never; deployments since are listed in the order to look at."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """List what was deployed since, newest first: that is the order to roll back in."""
    service, version = facts.settings.target.service, facts.failed.release.version
    newest_first = sorted(facts.dependents_since, key=lambda d: d.at, reverse=True)
    if newest_first:
        named = listed(f"{d.target.service} {d.release.version} ({d.id})" for d in newest_first)
        return _SAYS.attention(
            f"Deployed since {facts.failed.id}, and depending on {service}: {named}.",
            *(
                fact(
                    f"deployment of {d.target}",
                    f"{d.release.version} ({d.id}), {moment(d.at)}",
                    LEDGER,
                )
                for d in newest_first
            ),
            remedy=f"find out whether they need {version}; if so, roll them back first, "
            "in this order",
        )
    if not facts.settings.dependents:
        return _SAYS.passed(
            f"No service is declared to depend on {service}.", fact("dependents", "none", DECLARED)
        )
    if not facts.ledger_read:
        return _SAYS.unknown(
            f"Whether services that depend on {service} were deployed since was not checked: "
            f"the ledger {facts.ledger_gap}.",
            fact("dependents", listed(facts.settings.dependents), DECLARED),
            remedy=f"ask their owners whether they need {version}",
        )
    return _SAYS.passed(
        f"No service that depends on {service} was deployed since {facts.failed.id}.",
        fact("dependents", listed(facts.settings.dependents), DECLARED),
        fact("their deployments since", "none", LEDGER),
    )
