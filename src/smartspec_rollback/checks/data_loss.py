"""Check 13: no data written since the deployment is lost or unreadable after going back.

No database can be looked into yet: a declaration that there is none passes, everything else is
unknown.
"""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, fact
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "data-loss"
NUMBER = 13
TITLE = "Can data written since the deployment get lost?"
LOOKS_AT = "Whether the service declares `database: none`."
BLOCKS_WHEN = "Never: data is not looked at, and so is never said to be safe."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Pass only where the owners declared that there is no database."""
    service, database = facts.settings.target.service, facts.settings.database
    if database == "none":
        return _SAYS.passed("No data loss risk identified.", fact("database", "none", DECLARED))
    by_hand = (
        f"find out yourself whether {facts.chosen.release.version} can read what "
        f"{facts.failed.release.version} wrote"
    )
    if database is None:
        return _SAYS.unknown(
            f"Data loss not checked: no database configured for {service}.",
            remedy=f"declare `database: none` if {service} has none; otherwise {by_hand}",
        )
    return _SAYS.unknown(
        f"Data loss not checked: the checks for {database} are not available.",
        fact("database", database, DECLARED),
        remedy=by_hand,
    )
