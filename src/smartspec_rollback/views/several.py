"""Several rollbacks side by side, as one table: Markdown in a pipe, plain columns for people.

Called by ``cli.several`` and ``cli.ballot``, for the plans before the question and for what became
of them. ``width`` is the number of columns of a person's terminal; without it, Markdown is written.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.report import Ended, Report
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import clean, prose, text
from smartspec_rollback.views.plain import listing
from smartspec_rollback.views.tables import table

_PLANNED = ("Deployment", "Target", "From", "To", "Rollback", "Verdict")
_ENDED = ("Deployment", "Target", "From", "To", "Exit", "Rollback", "Result")
_NOTHING = "-"


def plans(reports: Sequence[Report], *, width: int | None) -> str:
    """List plans that are to be decided on: what each would do, and whether it is safe."""
    rows = [(*_versions(each), each.rollback.id, wording.first_line(each.plan)) for each in reports]
    return _written(_PLANNED, rows, width)


def results(ended: Sequence[Ended], *, width: int | None) -> str:
    """List what became of several rollbacks."""
    count = len(ended)
    head = f"{count} rollback{'' if count == 1 else 's'}"
    shown = f"# {head}" if width is None else head
    return f"{shown}\n\n{_written(_ENDED, [_row(each) for each in ended], width)}"


def _row(each: Ended) -> tuple[str, ...]:
    if each.report is None:
        said = f"{each.error}; {each.remedy}" if each.remedy else each.error
        unknown = (each.failed_deployment_id, str(each.target), _NOTHING, _NOTHING)
        return (*unknown, str(each.exit_code), _NOTHING, said)
    mark, sentence = wording.outcome(each.report)
    code, rollback = str(each.exit_code), each.report.rollback.id
    return (*_versions(each.report), code, rollback, f"{mark} {sentence}")


def _versions(report: Report) -> tuple[str, str, str, str]:
    rollback = report.rollback
    return (
        rollback.failed_deployment_id,
        str(rollback.target),
        rollback.from_version,
        rollback.to_version,
    )


def _written(headings: Sequence[str], rows: Sequence[tuple[str, ...]], width: int | None) -> str:
    if width is not None:
        plain = [[clean(cell).replace("`", "") for cell in row] for row in rows]
        return listing(headings, plain, width=width)
    marked = [(*map(text, row[:-1]), prose(row[-1])) for row in rows]
    return table(headings, marked) + "\n"
