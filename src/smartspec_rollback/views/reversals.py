"""What reversing a migration would lose, as Markdown and as JSON. Called by ``cli``."""

from smartspec_rollback.domain.reversal import Loss, Reversal, ReversalVerdict
from smartspec_rollback.views.escape import code, prose
from smartspec_rollback.views.json import written
from smartspec_rollback.views.json_documents import ReversalDocument
from smartspec_rollback.views.wording import ATTENTION, BLOCKING, PASSED

MARKS = {
    ReversalVerdict.LOSSLESS: PASSED,
    ReversalVerdict.LOSES: ATTENTION,
    ReversalVerdict.FAILS: BLOCKING,
}
EXIT_CODES = {
    ReversalVerdict.LOSSLESS: 0,
    ReversalVerdict.LOSES: 1,
    ReversalVerdict.FAILS: 3,
}
"""What ``smartspec schema reversal`` exits with."""


def reversal(found: Reversal) -> str:
    """Write a reversal as a Markdown document: verdict, losses, what was not restored."""
    lines = [
        f"# Reversal: {found.verdict}",
        "",
        f"{MARKS[found.verdict]} **{found.verdict}:** {prose(found.reason)}",
        "",
        f"- Written before reversing: {_rows(found.written)}, {found.writes}",
        f"- Executed on: {prose(found.server)}",
    ]
    if found.failed_statement is not None:
        lines.append(f"- Failed: {code(found.failed_statement)}: {prose(found.failed_message)}")
    if found.losses:
        lines += ["", "## Lost", "", *(_loss(each) for each in found.losses)]
    if found.schema_differences:
        lines += ["", "## Not restored", ""]
        lines += [f"- {code(each)}" for each in found.schema_differences]
    if found.notes:
        lines += ["", "## Left out", "", *(f"- {prose(note)}" for note in found.notes)]
    return "\n".join(lines) + "\n"


def reversal_document(found: Reversal) -> bytes:
    """Write a reversal as ``smartspec.schema-reversal/1``."""
    return written(
        ReversalDocument(
            verdict=found.verdict,
            exit_code=EXIT_CODES[found.verdict],
            reason=found.reason,
            losses=found.losses,
            schema_differences=found.schema_differences,
            failed_statement=found.failed_statement,
            failed_message=found.failed_message,
            writes=found.writes,
            written=found.written,
            server=found.server,
            notes=found.notes,
        )
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _loss(loss: Loss) -> str:
    place = loss.relation if loss.column is None else f"{loss.relation}.{loss.column}"
    counted = "" if loss.rows is None else f" ({_rows(loss.rows)})"
    by = f", by {code(loss.statement)}" if loss.statement else ""
    return f"- {code(place) if place else 'anywhere'}{counted}: {prose(loss.what)}{by}"
