"""Posts for Slack as Block Kit: the plan, its progress, the report, and what commands are told.

Called by ``operations`` for Messengers whose form is blocks. Each function makes the JSON document
of one post, whatever its length and content was: it keeps every limit, and what had to be left out
is said with the place where it stands. ``link`` is the address of the rollback's page, empty where
there is none. These views format, and decide nothing.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.ports.buttons import Choice, Press, written
from smartspec_rollback.views import wording
from smartspec_rollback.views.chat_blocks_plan import plan
from smartspec_rollback.views.chat_blocks_report import progress, report
from smartspec_rollback.views.chat_layout import (
    Block,
    Detail,
    actions,
    button,
    fitted,
    listed,
    sections,
)
from smartspec_rollback.views.chat_mrkdwn import code, prose, text
from smartspec_rollback.views.units import moment

__all__ = ["answer", "candidates", "plan", "progress", "report"]

CHOICES = 10
"""Deployments to choose from in one post; the newest are what an incident is about."""


def answer(lines: Sequence[str]) -> str:
    """Write what somebody is told: sentences in which single backticks mark names."""

    def layout(detail: Detail) -> list[Block]:
        told = [prose(line, limit=4 * detail.text) for line in lines if line.strip()]
        return sections(listed(told, detail)) or sections(["Nothing to say."])

    return fitted(layout)


def candidates(entries: Sequence[LedgerEntry], *, command: str, flag: str) -> str:
    """Write deployments to choose from, newest first, each with a button that commands.

    Choosing one is as if ``command`` with ``flag`` and the deployment's id had been typed.
    """

    def layout(detail: Detail) -> list[Block]:
        blocks = sections([f"*Which deployment?* Choose one, or add `{flag}` and its id."])
        for number, entry in enumerate(entries[:CHOICES]):
            blocks += _candidate(entry, number, command, flag, detail)
        more = len(entries) - CHOICES
        return [*blocks, *sections([f"… and {more} older ones."])] if more > 0 else blocks

    return fitted(layout) if entries else answer(["There is no deployment to choose from."])


def _candidate(
    entry: LedgerEntry, number: int, command: str, flag: str, detail: Detail
) -> list[Block]:
    deployed = entry.deployment
    named, version = (
        code(name, limit=detail.name) for name in (deployed.id, deployed.release.version)
    )
    place = text(str(deployed.target), limit=detail.name)
    lines = sections(
        [
            f"{named}: {version} on {place}, {moment(deployed.at)}",
            f"• {text(wording.health(entry), limit=detail.text)}",
        ]
    )
    chosen = written(Choice(command=command, arguments=f"{flag} {deployed.id}"))
    hint = f"Choose {deployed.id}"
    press = button(Press.CHOOSE, f"Choose {deployed.id}", chosen, hint=hint)
    return [*lines, actions(f"candidate-{number}", [press])]
