"""Checks 8 to 12: the target can work with the database schema as it is now.

No database can be looked into yet: a declaration that there is none passes, everything else is
unknown.
"""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, fact
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "schema-compatible"
NUMBER = 8
TITLE = "Can the target work with the database schema as it is now?"
LOOKS_AT = "Whether the service declares `database: none`."
BLOCKS_WHEN = "Never: a schema is not compared, and so is never said to be compatible."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Pass only where the owners declared that there is no database."""
    service, database = facts.settings.target.service, facts.settings.database
    if database == "none":
        return _SAYS.passed(
            "No breaking database schema changes detected.", fact("database", "none", DECLARED)
        )
    by_hand = (
        f"compare the schema changes between {facts.chosen.release.version} and "
        f"{facts.failed.release.version} yourself"
    )
    if database is None:
        return _SAYS.unknown(
            f"Schema not checked: no database configured for {service}.",
            remedy=f"declare `database: none` if {service} has none; otherwise {by_hand}",
        )
    return _SAYS.unknown(
        f"Schema not checked: the checks for {database} are not available.",
        fact("database", database, DECLARED),
        remedy=by_hand,
    )
