"""Check 23: no change freeze is in force, or somebody says why it is broken."""

from smartspec_rollback.checks.says import Says
from smartspec_rollback.checks.wording import DECLARED, clause, counted, fact, moment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding

NAME = "change-freeze"
NUMBER = 23
TITLE = "Is no change freeze in force?"
LOOKS_AT = "The freeze windows of the service, and the time."
BLOCKS_WHEN = "Never; unattended use in a freeze needs `--reason TEXT`."

_SAYS = Says(NAME, NUMBER)


def check(facts: Facts, /) -> Finding:
    """Ask for attention, and a reason, inside a window; its end is exclusive."""
    windows = facts.settings.freeze
    frozen = [w for w in windows if w.start <= facts.now < w.end]
    if frozen:
        return _SAYS.attention(
            f"A change freeze is in force until {moment(max(w.end for w in frozen))}: "
            f"{'; '.join(clause(w.reason) for w in frozen)}.",
            *(
                fact("freeze", f"{moment(w.start)} to {moment(w.end)}: {w.reason}", DECLARED)
                for w in frozen
            ),
            remedy="consent if this cannot wait"
            if facts.reason_given
            else "say why this cannot wait with --reason TEXT",
            reason_needed=True,
        )
    return _SAYS.passed(
        "No change freeze is in force.",
        fact("freeze windows", counted(len(windows), "window"), DECLARED),
    )
