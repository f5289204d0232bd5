"""Plain text for people at a terminal, without rich: what has to be there at once.

Called by ``cli``. Nothing here is Markdown; lines fit the width they are given.
"""

from collections.abc import Iterator, Sequence

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.views import asking
from smartspec_rollback.views.escape import clean
from smartspec_rollback.views.tables import HISTORY_HEADINGS, NO_HISTORY, width_of
from smartspec_rollback.views.units import moment

_GAP = "  "


def history(rollbacks: Sequence[Rollback], *, width: int) -> str:
    """List rollbacks in aligned columns, or where those don't fit, each as a block."""
    rows = [
        (
            clean(rollback.id),
            clean(rollback.failed_deployment_id),
            clean(str(rollback.target)),
            clean(rollback.from_version),
            clean(rollback.to_version),
            str(rollback.status),
            moment(rollback.requested_at),
            clean(rollback.requested_by.name),
        )
        for rollback in rollbacks
    ]
    return listing(HISTORY_HEADINGS, rows, width=width) if rows else f"{NO_HISTORY}\n"


def gist(plan: Plan, *, width: int) -> str:
    """Write what consent is asked for: on one line, or where that is too long, on two."""
    parts = [clean(part).replace("`", "") for part in asking.gist(plan)]
    line = " · ".join(parts)
    return line if width_of(line) < width else "\n".join(_cut(part, width) for part in parts)


def _cut(shown: str, width: int) -> str:
    if width_of(shown) < width:
        return shown
    return f"{next(_pieces(shown, max(width - 2, 1))).rstrip()}…"


def listing(headings: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> str:
    """List rows in aligned columns, or where those don't fit, each as a block."""
    widths = [max(map(width_of, column)) for column in zip(headings, *rows, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        return "\n".join(_block(headings, row, width=width) for row in rows)
    return "".join(f"{_line(row, widths)}\n" for row in (headings, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (_padded(shown, column) for shown, column in zip(row, widths, strict=True))
    return _GAP.join(padded).rstrip()


def _block(headings: Sequence[str], row: Sequence[str], *, width: int) -> str:
    label = max(map(width_of, headings))
    room = max(width - label - len(_GAP), 1)
    lines = [
        f"{_padded(name, label)}{_GAP}{piece}\n"
        for heading, shown in zip(headings, row, strict=True)
        for name, piece in zip(_first(heading), _pieces(shown, room), strict=False)
    ]
    return "".join(lines)


def _first(heading: str) -> Iterator[str]:
    """Name a value on its first line alone."""
    yield heading
    while True:
        yield ""


def _pieces(shown: str, room: int) -> Iterator[str]:
    """Cut what is too long for one line."""
    piece = ""
    for character in shown:
        if piece and width_of(piece + character) > room:
            yield piece
            piece = ""
        piece += character
    yield piece


def _padded(shown: str, width: int) -> str:
    return shown + " " * (width - width_of(shown))
