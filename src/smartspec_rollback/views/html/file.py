"""The report as one file that needs nothing else: for the postmortem, for mail, for the archive.

Called by ``reporting`` and by the server. Its policy lets a browser load nothing and run
nothing, whatever is in it.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from smartspec_rollback.domain.report import Report
from smartspec_rollback.views.html import report
from smartspec_rollback.views.markup import Html, tag


def report_file(told: Report) -> str:
    """Write the report as a whole HTML document with its style inside."""
    rollback = told.rollback
    title = f"Rollback report: {rollback.failed_deployment_id} on {rollback.target}"
    return "<!doctype html>\n" + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy()),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("title", title),
            tag("style", Html(style())),
        ),
        tag("body", tag("main", report.body(told))),
        lang="en",
    )


@cache
def style() -> str:
    """Return the style sheet that reports and the console share."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Return the policy under which a browser shows the file."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
