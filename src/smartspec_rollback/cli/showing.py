"""Shows results: the view for the format, the terminal or the pipe. Decides nothing.

Called by the commands. Terminal views are imported only where there is a terminal.
"""

from smartspec_rollback.cli.output import Output
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.views import json, markdown


def show_plan(output: Output, report: Report) -> None:
    """Show a rollback's plan: on a terminal what matters first, in a pipe the whole of it."""
    if not output.rich:
        write_plan(output, report)
        return
    from smartspec_rollback.views.terminal import render_plan

    question = _is_asked(report)
    output.render(lambda console: render_plan(report.plan, console, question=question))


def write_plan(output: Output, report: Report) -> None:
    """Write a plan in full, the same bytes every time."""
    if output.as_json:
        output.document(json.plan_document(report.plan))
    else:
        output.result(markdown.plan(report.plan, question=_is_asked(report)))


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
