"""Check 19: the plan was made for production as it is now."""

from datetime import timedelta

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import PLATFORM, fact, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding
from smartspec_rollback.domain.spans import span

NAME = "plan-is-fresh"
NUMBER = 19
TITLE = "Was the plan made for production as it is now?"
LOOKS_AT = "When the platform was observed, and the fingerprint of what was seen."
BLOCKS_WHEN = "Never while planning; a changed fingerprint refuses the plan before every step."

_SAYS = Says(NAME, NUMBER)
_OLD = timedelta(minutes=2)
_SKEW = timedelta(seconds=30)
_SHORT = len("sha256:") + 12


def check(facts: Facts, /) -> Finding:
    """Pass where the observation is recent; every step compares the fingerprint again."""
    seen = facts.snapshot
    age = facts.now - seen.at
    evidence = (
        fact("fingerprint", seen.fingerprint[:_SHORT], PLATFORM),
        fact("observed", moment(seen.at), PLATFORM),
    )
    if age > _OLD:
        return _SAYS.attention(
            f"Production was observed {span(age)} before this plan was made.",
            *evidence,
            remedy="plan again; whatever changed since is noticed before the first step",
        )
    if age < -_SKEW:
        return _SAYS.attention(
            f"Production was observed {span(-age)} in the future, so how old that is cannot be "
            "told.",
            *evidence,
            remedy="compare the platform's clock with this machine's, and plan again",
        )
    return _SAYS.passed(
        "The plan rests on production as just observed, which is compared again before every step.",
        *evidence,
    )
