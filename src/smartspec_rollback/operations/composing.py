"""Which view writes what a Messenger posts. Called by ``place`` and ``desk``."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.ports.messenger import Content, Form
from smartspec_rollback.views import chat_blocks, chat_html, chat_text, json


class Part(StrEnum):
    """What is posted of a rollback."""

    PLAN = "plan"
    PROGRESS = "progress"
    REPORT = "report"


class ChatView(Protocol):
    """What every chat view can write."""

    def plan(self, told: Report, *, link: str = "") -> Content:
        """Write the plan, and how its question stands."""
        ...

    def progress(self, told: Report) -> Content:
        """Write how far the rollback is."""
        ...

    def report(self, told: Report, *, link: str = "") -> Content:
        """Write the report."""
        ...

    def verdict(self, judged: Verdict) -> Content:
        """Write what a gate found."""
        ...

    def choices(self, offered: Sequence[LedgerEntry], *, command: str, flag: str) -> Content:
        """List deployments to choose from; ``command`` and an id choose one."""
        ...

    def said(self, *lines: str) -> Content:
        """Write sentences in which backticks mark names."""
        ...


def view_of(form: Form) -> ChatView:
    """Choose the view that writes for people in this form."""
    match form:
        case Form.BLOCKS:
            return chat_blocks
        case Form.HTML:
            return chat_html
        case _:
            return chat_text


def compose(form: Form, part: Part, told: Report, *, link: str) -> Content:
    """Write one part of what is told of a rollback."""
    if form is Form.FACTS:
        document = json.rollback_document(told, report_paths=()).decode()
        headline = chat_text.headline(told)
        return Content(text=headline, document=document, headline=headline, link=link)
    view = view_of(form)
    match part:
        case Part.PLAN:
            return view.plan(told, link=link)
        case Part.PROGRESS:
            return view.progress(told)
        case Part.REPORT:
            return view.report(told, link=link)
