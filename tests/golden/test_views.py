"""Plans and reports, byte for byte, as they were last agreed on.

``SMARTSPEC_UPDATE_GOLDEN=1`` writes the files anew; then read the difference before committing.
"""

import os
import re
from collections.abc import Callable
from json import dumps, loads
from pathlib import Path

import pytest
from tests.golden import cases, charted

from smartspec_rollback.ports.messenger import Content
from smartspec_rollback.views import chat_blocks, html, json, markdown
from smartspec_rollback.views.html.file import style


def _unstyled(document: str) -> str:
    """Leave the style sheet out, and its digest: how it looks is not what it says."""
    return re.sub(r"sha256-[^&]*", "sha256-", document.replace(style(), ""))


def _indented(post: Content) -> str:
    return f"{dumps(loads(post.document), indent=2, ensure_ascii=False)}\n"


_FILES = Path(__file__).parent / "views"
_LINK = "https://rollback.example.org/rollbacks/rb-1"
_RENDERED: dict[str, Callable[[], str]] = {
    "plan-safe.md": lambda: markdown.plan(cases.safe()),
    "plan-uncertain.md": lambda: markdown.plan(cases.uncertain()),
    "plan-refused.md": lambda: markdown.plan(cases.refused()),
    "plan-breaking-schema.md": lambda: markdown.plan(cases.breaking()),
    "plan-breaking-schema.json": lambda: json.plan_document(cases.breaking()).decode(),
    "plan-overridden.md": lambda: markdown.plan(cases.overridden()),
    "plan-dry-run.md": lambda: markdown.plan(cases.safe(), question=False),
    "plan-uncertain.json": lambda: json.plan_document(cases.uncertain()).decode(),
    "plan-safe-blocks.json": lambda: _indented(chat_blocks.plan(cases.asked(), link=_LINK)),
    "plan-uncertain-blocks.json": lambda: _indented(
        chat_blocks.plan(cases.asked(cases.uncertain()))
    ),
    "progress-blocks.json": lambda: _indented(chat_blocks.progress(cases.interrupted())),
    "report-blocks.json": lambda: _indented(chat_blocks.report(cases.succeeded(), link=_LINK)),
    "plan-suspending.md": lambda: markdown.plan(cases.suspending()),
    "report-suspended.md": lambda: markdown.report(cases.succeeded(cases.suspending())),
    "report-succeeded.md": lambda: markdown.report(cases.succeeded()),
    "report-charted.html": lambda: _unstyled(html.report_file(charted.succeeded())),
    "report-interrupted.md": lambda: markdown.report(cases.interrupted()),
    "report-succeeded.json": lambda: json.rollback_document(
        cases.succeeded(), report_paths=("reports/rb-1.md", "reports/rb-1.json")
    ).decode(),
}


@pytest.mark.parametrize("name", sorted(_RENDERED))
def test_view_is_what_was_agreed(name: str) -> None:
    """If it fails, people or scripts would meet another document than the one they know."""
    rendered = _RENDERED[name]()
    file = _FILES / name
    if os.environ.get("SMARTSPEC_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(rendered, encoding="utf-8")
    assert rendered == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    """If it fails, a file is kept that nothing is compared with."""
    assert {file.name for file in _FILES.iterdir()} == set(_RENDERED)
