"""Posts for Slack as Block Kit: the plan, its progress, the report, and what commands are told.

Called by ``operations`` for Messengers whose form is blocks. Each function makes one post, whatever
its length and content: its document keeps every limit of Slack, and what had to be left out is said
with the place where it stands; its text is what ``chat_text`` writes. ``link`` is the address of
the rollback's page, empty where there is none. These views format, and decide nothing.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.ports.buttons import Choice, Press, written
from smartspec_rollback.ports.messenger import Content
from smartspec_rollback.views import chat_text, wording
from smartspec_rollback.views.chat_blocks_plan import plan_blocks
from smartspec_rollback.views.chat_blocks_report import (
    progress_blocks,
    report_blocks,
    verdict_lines,
)
from smartspec_rollback.views.chat_layout import (
    Block,
    Detail,
    Layout,
    actions,
    button,
    fitted,
    header,
    listed,
    sections,
)
from smartspec_rollback.views.chat_mrkdwn import code, prose, text
from smartspec_rollback.views.units import moment

CHOICES = 10
"""Deployments to choose from in one post; the newest are what an incident is about."""


def plan(told: Report, *, link: str = "") -> Content:
    """Write the plan: the question with its buttons, or what became of it."""
    return _content(chat_text.plan(told, link=link), lambda detail: plan_blocks(told, link, detail))


def progress(told: Report, *, link: str = "") -> Content:
    """Write where a rollback stands: its steps, and what happened last."""
    return _content(chat_text.progress(told), lambda detail: progress_blocks(told, link, detail))


def report(told: Report, *, link: str = "") -> Content:
    """Write the report: outcome and advice first."""
    return _content(
        chat_text.report(told, link=link), lambda detail: report_blocks(told, link, detail)
    )


def verdict(judged: Verdict) -> Content:
    """Write what a gate found."""

    def layout(detail: Detail) -> list[Block]:
        title = header(f"Verdict: {judged.deployment_id}")
        return [title, *sections(verdict_lines(judged, detail))]

    return _content(chat_text.verdict(judged), layout)


def said(*lines: str) -> Content:
    """Write sentences in which backticks mark names, a paragraph each."""

    def layout(detail: Detail) -> list[Block]:
        told = [prose(line, limit=4 * detail.text) for line in lines if line.strip()]
        return sections(listed(told, detail)) or sections(["Nothing to say."])

    return _content(chat_text.said(*lines), layout)


def choices(offered: Sequence[LedgerEntry], *, command: str, flag: str) -> Content:
    """Write deployments to choose from, newest first, each with a button.

    Choosing one is as if ``command`` with ``flag`` and the deployment's id had been typed.
    """
    typed, _, others = command.lstrip("/!").partition(" ")

    def layout(detail: Detail) -> list[Block]:
        blocks = sections(["*Which deployment?* The newest are:"])
        for number, entry in enumerate(offered[:CHOICES]):
            chosen = Choice(
                command=typed, arguments=f"{others} {flag} {entry.deployment.id}".strip()
            )
            blocks += _candidate(entry, f"candidate-{number}", chosen, detail)
        more = len(offered) - CHOICES
        return [*blocks, *sections([f"… and {more} older ones."])] if more > 0 else blocks

    none = said("No deployment is known that could be taken back.")
    return (
        _content(chat_text.choices(offered, command=command, flag=flag), layout)
        if offered
        else none
    )


def _content(plain: Content, layout: Layout) -> Content:
    return Content(text=plain.text, document=fitted(layout), headline=plain.headline)


def _candidate(entry: LedgerEntry, block_id: str, chosen: Choice, detail: Detail) -> list[Block]:
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
    label = f"Choose {deployed.id}"
    return [*lines, actions(block_id, [button(Press.CHOOSE, label, written(chosen), hint=label)])]
