"""What stands in a Matrix room: the words of ``chat_text`` as HTML, and how to answer there.

Called by ``operations`` through its choice of forms. Elements are only those that we write; all
else is escaped. An event holds 65,536 bytes; text and HTML together stay well below that.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.plan import short_digest
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.ports.messenger import Content
from smartspec_rollback.views import chat_text
from smartspec_rollback.views.chat_markdown import fitted, html, plain

LIMIT = 36_000
"""Bytes of the HTML of one post."""


def plan(told: Report, *, link: str = "") -> Content:
    """Write the plan, how its question stands, and how to answer it in the room."""
    written = chat_text.plan_markdown(told, ways=_ways(told), link=link)
    return _content(written, whole=chat_text.whole(told, link), headline=chat_text.asked(told))


def progress(told: Report) -> Content:
    """Write how far the rollback is."""
    return _content(chat_text.progress_markdown(told), headline=chat_text.headline(told))


def report(told: Report, *, link: str = "") -> Content:
    """Write the report."""
    written = chat_text.report_markdown(told, link=link)
    return _content(written, whole=chat_text.whole(told, link), headline=chat_text.headline(told))


def verdict(judged: Verdict) -> Content:
    """Write what a gate found."""
    return _content(chat_text.verdict_markdown(judged))


def choices(offered: Sequence[LedgerEntry], *, command: str, flag: str) -> Content:
    """List deployments to choose from, with what to type for each."""
    return _content(chat_text.choices_markdown(offered, command=f"{command} {flag}"))


def said(*lines: str) -> Content:
    """Write sentences in which backticks mark names, a paragraph each."""
    return _content(chat_text.said_markdown(*lines))


def _ways(told: Report) -> tuple[str, ...]:
    named = short_digest(told.digest)
    if chat_text.needs_digest(told):
        return (
            (
                f"The risk is high: reply `approve {named}` to approve; a reaction does not "
                "count. Reply `deny` and why, or react with ❌, to deny."
            ),
        )
    return (
        (
            "React with 👍 or reply `approve` to approve; react with ❌ or reply `deny` and why "
            "to deny."
        ),
    )


def _content(written: str, *, whole: str = "", headline: str = "") -> Content:
    limit = chat_text.LIMIT
    while True:
        cut = fitted(written, limit=limit, whole=whole)
        laid_out = html(cut)
        if len(laid_out.encode()) <= LIMIT or limit <= chat_text.LIMIT // 8:
            return Content(text=plain(cut), document=laid_out, headline=headline)
        limit //= 2
