"""Writes plans and reports with the views, for the engine, which knows only its port.

Made by ``wiring`` alone. The views format, the store keeps the files.
"""

from pathlib import Path

from smartspec_rollback.domain.report import Report
from smartspec_rollback.store.report_files import ReportFiles
from smartspec_rollback.views import asking, html, json, markdown


class WrittenReports:
    """Implements the engine's port ``Reports``: Markdown, JSON for scripts, HTML with charts."""

    def __init__(self, folder: Path) -> None:
        """Keep the files in ``folder``, made when the first report is written."""
        self._files = ReportFiles(
            folder,
            {
                ".md": lambda report, _: markdown.report(report),
                ".json": lambda report, paths: json.rollback_document(
                    report, report_paths=paths
                ).decode(),
                ".html": lambda report, _: html.report_file(report),
            },
        )

    def publish(self, report: Report, /) -> tuple[str, ...]:
        """Write the report's files and return their paths."""
        return self._files.publish(report)

    def plan_text(self, report: Report, /) -> str:
        """Write the plan as Markdown."""
        return markdown.plan(report.plan, unattended=asking.unattended(report))

    def report_text(self, report: Report, /) -> str:
        """Write the report as Markdown."""
        return markdown.report(report)
