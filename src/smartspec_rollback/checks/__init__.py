"""The safety checks: one per file, pure, facts in and one Finding out.

``wiring`` hands ``assess`` to the engine; the reference pages list ``ALL``. A check never guesses:
what could not be learnt is "unknown", and only positive evidence is "passed".
"""

from typing import Protocol

from msgspec.structs import replace

from smartspec_rollback.checks import (
    artifact_exists,
    capacity,
    change_freeze,
    configuration_restorable,
    data_loss,
    dependents,
    metrics_fresh,
    nothing_else_running,
    nothing_puts_it_back,
    plan_is_fresh,
    schema_compatible,
    secrets_exist,
    still_live,
    target_boots,
    target_differs,
    target_evidence,
    target_not_held,
    will_it_help,
)
from smartspec_rollback.checks.wording import LEDGER, PLATFORM
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding


class Check(Protocol):
    """What every module of a check offers.

    ``NAME`` is what ``--override`` takes and never changes; ``NUMBER`` is the row in the published
    list of rollback checks. ``LOOKS_AT`` and ``BLOCKS_WHEN`` are sentences for the reference.
    """

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant, seen through a protocol
        """Its stable name."""
        ...

    @property
    def NUMBER(self) -> int:  # noqa: N802 - a module's constant, seen through a protocol
        """Its row in the list."""
        ...

    @property
    def TITLE(self) -> str:  # noqa: N802 - a module's constant, seen through a protocol
        """The question it answers."""
        ...

    @property
    def LOOKS_AT(self) -> str:  # noqa: N802 - a module's constant, seen through a protocol
        """The evidence it decides on."""
        ...

    @property
    def BLOCKS_WHEN(self) -> str:  # noqa: N802 - a module's constant, seen through a protocol
        """When it refuses a rollback."""
        ...

    def check(self, facts: Facts, /) -> Finding:
        """Decide."""
        ...


ALL: tuple[Check, ...] = (
    target_evidence,
    still_live,
    target_differs,
    target_not_held,
    artifact_exists,
    configuration_restorable,
    secrets_exist,
    schema_compatible,
    data_loss,
    capacity,
    nothing_else_running,
    plan_is_fresh,
    will_it_help,
    metrics_fresh,
    change_freeze,
    dependents,
    target_boots,
    nothing_puts_it_back,
)
"""Every check, by number."""

_FIRST = (schema_compatible.NAME, data_loss.NAME)
_SHOWN = sorted(ALL, key=lambda each: (each.NAME not in _FIRST, each.NUMBER))


def assess(facts: Facts) -> tuple[Finding, ...]:
    """Run every check; schema and data come first, as in every plan, then the others by number."""
    findings = tuple(each.check(facts) for each in _SHOWN)
    return findings if facts.ledger_read else tuple(map(_not_from_the_ledger, findings))


def _not_from_the_ledger(finding: Finding) -> Finding:
    """Name the source right under break-glass: what the ledger would say, the platform said."""
    evidence = tuple(
        replace(item, source=PLATFORM) if item.source == LEDGER else item
        for item in finding.evidence
    )
    return replace(finding, evidence=evidence)
