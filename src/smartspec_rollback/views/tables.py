"""Lists as Markdown tables: deployments, holds, history; what is printed into a pipe.

Called by ``cli``, and by the Markdown views for tables inside documents.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.credentials import Token
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import cell, code, text
from smartspec_rollback.views.units import moment

DEPLOYMENT_HEADINGS = ("Deployment", "Target", "Version", "Phase", "At", "Health")
HOLD_HEADINGS = ("Hold", "Target", "Version", "Since", "By", "Reason")
HISTORY_HEADINGS = ("Rollback", "Deployment", "Target", "From", "To", "Status", "At", "By")
TOKEN_HEADINGS = ("Token", "Name", "Allows", "Where", "Counts until", "Used", "By")
NO_DEPLOYMENTS = "No deployments are recorded."
NO_HOLDS = "No release is on hold."
NO_HISTORY = "No rollbacks are recorded."
NO_TOKENS = "There are no tokens."
_WIDE = frozenset("WF")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table whose columns also line up as plain text.

    Cells are finished Markdown; bars in them are escaped here. No newline at the end.
    """
    lines = [[cell(c) for c in row] for row in (headings, *rows)]
    widths = [
        max(3, *(width_of(line[column]) for line in lines)) for column in range(len(headings))
    ]
    head, *body = (_line(line, widths) for line in lines)
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([head, rule, *body])


def deployments(entries: Sequence[LedgerEntry]) -> str:
    """List deployments with what is known of their health."""
    rows = [
        (
            text(entry.deployment.id),
            text(str(entry.deployment.target)),
            code(entry.deployment.release.version),
            str(entry.deployment.phase),
            moment(entry.deployment.at),
            text(wording.health(entry)),
        )
        for entry in entries
    ]
    return _listing(DEPLOYMENT_HEADINGS, rows, nothing=NO_DEPLOYMENTS)


def holds(in_force: Sequence[Hold]) -> str:
    """List the holds in force, and say how one is lifted."""
    rows = [
        (
            text(hold.id),
            text(str(hold.target)),
            code(hold.release.version),
            moment(hold.placed_at),
            text(hold.placed_by),
            text(hold.reason),
        )
        for hold in in_force
    ]
    lift = f"\nLift one with {code('smartspec hold release ID')}.\n" if rows else ""
    return _listing(HOLD_HEADINGS, rows, nothing=NO_HOLDS) + lift


def history(rollbacks: Sequence[Rollback]) -> str:
    """List rollbacks and what they came to."""
    rows = [
        (
            text(rollback.id),
            text(rollback.failed_deployment_id),
            text(str(rollback.target)),
            code(rollback.from_version),
            code(rollback.to_version),
            str(rollback.status),
            moment(rollback.requested_at),
            text(rollback.requested_by.name),
        )
        for rollback in rollbacks
    ]
    return _listing(HISTORY_HEADINGS, rows, nothing=NO_HISTORY)


def tokens(listed: Sequence[Token], *, now: datetime) -> str:
    """List tokens: what each allows, and whether it still counts."""
    rows = [
        (
            text(token.id),
            text(token.name),
            text(f"all of {token.person}" if token.person else ", ".join(token.scopes or ())),
            text(", ".join((*token.reach.services, *token.reach.environments)) or "everywhere"),
            _until(token, now),
            moment(token.used_at) if token.used_at else "never",
            text(token.created_by),
        )
        for token in listed
    ]
    return _listing(TOKEN_HEADINGS, rows, nothing=NO_TOKENS)


def _until(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {moment(token.revoked_at)}"
    return moment(token.expires_at) if token.counts(at=now) else "expired"


def _listing(headings: Sequence[str], rows: Sequence[Sequence[str]], *, nothing: str) -> str:
    return f"{table(headings, rows) if rows else nothing}\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (c + " " * (width - width_of(c)) for c, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def width_of(shown: str) -> int:
    """Count terminal columns: wide characters, and emoji asked for by a selector, take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in _WIDE else 1
        for c in shown
    )
