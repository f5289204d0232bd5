"""Shows results: the view for the format, the terminal or the pipe. Decides nothing.

Called by the commands. Terminal views are imported only where there is a terminal.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from smartspec_rollback.cli.output import Output
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.views import asking, json, markdown

if TYPE_CHECKING:
    from rich.console import Console


def show_plan(output: Output, report: Report) -> None:
    """Show a rollback's plan: on a terminal what matters first, in a pipe the whole of it."""
    if output.rich:
        output.render(_drawn(report))
    else:
        write_plan(output, report)


def tell_plan(output: Output, report: Report) -> None:
    """Show a plan to people who decide on it, while the result goes elsewhere."""
    if output.rich_aside:
        output.render(_drawn(report), aside=True)
    else:
        output.note(_plan_text(report))


def _drawn(report: Report) -> "Callable[[Console], None]":
    from smartspec_rollback.views.terminal import render_plan

    question, unattended = _is_asked(report), asking.unattended(report)
    return partial(render_plan, report.plan, question=question, unattended=unattended)


def _plan_text(report: Report) -> str:
    question, unattended = _is_asked(report), asking.unattended(report)
    return markdown.plan(report.plan, question=question, unattended=unattended)


def write_plan(output: Output, report: Report) -> None:
    """Write a plan in full, the same bytes every time."""
    if output.as_json:
        output.document(json.plan_document(report.plan))
    else:
        output.result(_plan_text(report))


def show_report(output: Output, report: Report) -> None:
    """Show what a rollback came to, and where the report lies."""
    paths = report_paths(report)
    if output.as_json:
        output.document(json.rollback_document(report, report_paths=paths))
        return
    if output.rich:
        from smartspec_rollback.views.terminal import render_report

        output.render(lambda console: render_report(report, console))
    else:
        output.result(markdown.report(report))
    if paths:
        output.progress(f"Report: {paths[0]}")


def show_verdict(output: Output, verdict: Verdict, *, exit_code: int) -> None:
    """Show what the quality gate found."""
    if output.as_json:
        output.document(json.gate_document(verdict, exit_code))
    elif output.rich:
        from smartspec_rollback.views.terminal import render_verdict

        output.render(lambda console: render_verdict(verdict, console))
    else:
        output.result(markdown.verdict(verdict))


def _is_asked(report: Report) -> bool:
    """Tell whether the plan ends with a question: a dry run asks nobody."""
    return report.rollback.status is not Status.DRY_RUN


def report_paths(report: Report) -> tuple[str, ...]:
    """Say where the files of a report lie; empty before it was written."""
    written = [e for e in report.journal if e.kind is EntryKind.REPORTED]
    return tuple(item.value for item in written[-1].data) if written else ()
