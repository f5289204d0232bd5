"""Read exports: pg_stat_statements as CSV or JSON, and JSON lists of statements.

Called by ``reading``. Of an export only the columns ``query`` and ``calls`` are looked at.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.providers.statements.collected import LONGEST, Collected, statement

_DELIMITERS = (",", ";", "\t")
_KEPT = 1024
"""Bytes, or a multiple of them, that servers keep of a text, its final zero byte included."""
_ELLIPSES = ("...", "…")
_CUT = "its text seems to have been cut off where it was kept"


def read_csv(text: str, source: str) -> Collected:
    """Read a CSV with a header that names ``query``; the delimiter is found in it."""
    header = text.partition("\n")[0].lower()
    delimiter = next((d for d in _DELIMITERS if "query" in _names(header, d)), None)
    if delimiter is None:
        return Collected(gaps=(f"{source} has no column called query in its first line.",))
    # The limit is the interpreter's own, and far too low for a query with many values.
    before = csv.field_size_limit(LONGEST * 2)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    texts: list[StatementText] = []
    gaps: list[str] = []
    try:
        names = _names(",".join(next(rows)).lower(), ",")
        for row in rows:
            texts += _row(dict(zip(names, row, strict=False)), source)
    except csv.Error as error:
        gaps.append(f"{source} cannot be read from line {rows.line_num} on: {error}.")
    finally:
        csv.field_size_limit(before)
    return Collected(texts=tuple(texts), gaps=tuple(gaps))


def read_list(document: Sequence[object], source: str) -> Collected:
    """Read a JSON list, of texts or of objects with ``query``."""
    texts: list[StatementText] = []
    strange = 0
    for each in document:
        if isinstance(each, str):
            texts += _row({"query": each}, source)
        elif isinstance(each, dict) and isinstance(each.get("query"), str):
            texts += _row(each, source)
        else:
            strange += 1
    gaps = (f"{source} holds {strange:,} entries that are no statements.",) if strange else ()
    return Collected(texts=tuple(texts), gaps=gaps)


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip().strip('"').strip() for name in header.split(delimiter)]


def _row(row: Mapping[str, object], source: str) -> Iterable[StatementText]:
    query = row.get("query")
    if isinstance(query, str) and query.strip():
        found = statement(query.strip(), source, calls=_count(row.get("calls")))
        yield replace(found, problem=_CUT) if found.problem is None and _cut(query) else found


def _cut(query: str) -> bool:
    """Tell whether whoever kept a text kept its beginning only, as far as its length shows."""
    length = len(query.encode(errors="replace")) + 1
    return length % _KEPT == 0 or query.rstrip().endswith(_ELLIPSES)


def _count(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value) if len(value) < 20 else None  # noqa: PLR2004 - the server counts in 64 bits
    return value if isinstance(value, int) and value >= 0 else None
