"""Plans, reports, verdicts and lists as HTML, for the report file and for the console.

Called by ``reporting`` and by the server. All of it is made of ``views.markup``, so text from
outside is text wherever it comes in. Rendered from values alone.
"""

from smartspec_rollback.views.html.file import report_file

__all__ = ["report_file"]
