"""The HTML report: one file, harmless whatever is in it, and telling what the others tell."""

import base64
import hashlib
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from tests.golden import cases, charted
from tests.golden.html_shape import Shape, shape
from tests.unit.views.hostile import hostile_text, plan_full_of, report_full_of

from smartspec_rollback.domain.report import Report
from smartspec_rollback.views import html, markdown
from smartspec_rollback.views.html import parts
from smartspec_rollback.views.html import plan as plan_view
from smartspec_rollback.views.html.file import style
from smartspec_rollback.views.markup import ELEMENTS

INLINE = ("bdi", "code", "pre")


def _harmless(read: Shape) -> None:
    assert set(read.without()) <= ELEMENTS | {f"/{element}" for element in ELEMENTS}
    assert "script" not in read.tags
    assert not [name for name in read.attributes if name.startswith("on") or name == "style"]
    assert read.addresses == []
    assert read.strange == []
    assert all(c.isprintable() or c == "\n" for c in read.text)


@settings(max_examples=60)
@given(hostile_text())
def test_hostile_text_changes_no_report(source: str) -> None:
    """A reason forges an approval, a link or a script in the report people trust."""
    plain, hostile = (shape(html.report_file(report_full_of(text))) for text in ("plain", source))
    _harmless(hostile)
    assert list(hostile.without(*INLINE)) == list(plain.without(*INLINE))
    assert hostile.attributes == plain.attributes


@settings(max_examples=60)
@given(hostile_text())
def test_hostile_text_changes_no_plan(source: str) -> None:
    """A version's name forges a check that passed, where people approve."""

    def written(text: str) -> str:
        plan = plan_full_of(text)
        views = (plan_view.headline, plan_view.summary, plan_view.steps)
        more = (plan_view.passed_over, plan_view.consent)
        return "".join(view(plan) for view in (*views, *more)) + parts.findings(plan.findings)

    plain, hostile = shape(written("plain")), shape(written(source))
    _harmless(hostile)
    assert list(hostile.without(*INLINE)) == list(plain.without(*INLINE))


@pytest.mark.parametrize("told", [cases.succeeded(), cases.interrupted(), charted.succeeded()])
def test_the_file_needs_nothing_and_runs_nothing(told: Report) -> None:
    """The report in a postmortem is empty next year, or runs something."""
    document = html.report_file(told)
    read = shape(document)
    _harmless(read)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', document)
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    assert policy[1] == (
        f"default-src &#x27;none&#x27;; style-src &#x27;sha256-{digest}&#x27;; "
        "base-uri &#x27;none&#x27;; form-action &#x27;none&#x27;"
    )
    assert "</style" not in style()
    assert "url(" not in style()
    assert "@import" not in style()
    assert document.startswith("<!doctype html>\n<html")
    assert len(set(read.names)) == len(read.names)


def test_the_report_tells_what_the_markdown_tells() -> None:
    """Two reports of one rollback contradict each other."""
    told = cases.succeeded()
    text = " ".join(shape(html.report_file(told)).text.split())
    for wanted in (
        "deploy-12345",
        told.digest,
        "was verified stable",
        "Failed-deployment recovery",
    ):
        assert wanted in text
        assert wanted in markdown.report(told)
    for entry in told.journal:
        assert entry.text.replace("`", "") in text


def test_a_report_is_written_without_any_template_engine() -> None:
    """Without the extra of the server, a rollback ends without its report."""
    program = (
        "import smartspec_rollback.reporting, sys; "
        "print([m for m in ('jinja2', 'starlette', 'rich') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "[]"
