"""Cut a migration's text in statements, bodies of triggers and procedures left whole.

Called by ``effects``. Knows the DELIMITER lines that MySQL's own client understands.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.providers.sql_text import Piece, statements

_DELIMITER = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_BODY = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:AGGREGATE\s+)?(?:DEFINER\s*=\s*\S+\s+)?"
    r"(?:TRIGGER|PROCEDURE|FUNCTION|EVENT)\b",
    re.IGNORECASE,
)
_BEGIN = re.compile(r"\bBEGIN\b", re.IGNORECASE)
_END = re.compile(r"\s*END\b(?!\s+(?:IF|LOOP|WHILE|REPEAT|CASE)\b)", re.IGNORECASE)


def pieces(text: str, *, line: int = 1) -> Iterator[Piece]:
    """Go through the statements of ``text``, which begins in ``line``."""
    delimiter, start = ";", 0
    for match in (*_DELIMITER.finditer(text), None):
        end = match.start() if match is not None else len(text)
        yield from _between(text[start:end], delimiter, line + text.count("\n", 0, start))
        if match is not None:
            delimiter, start = match[1], match.end()


def _between(text: str, delimiter: str, line: int) -> Iterator[Piece]:
    if delimiter == ";":
        yield from _joined(statements(text, line=line))
        return
    for part in text.split(delimiter):
        if part.strip():
            yield Piece(
                part.strip().rstrip(";"), line + part[: len(part) - len(part.lstrip())].count("\n")
            )
        line += part.count("\n")


def _joined(found: Iterator[Piece]) -> Iterator[Piece]:
    """Put together again what semicolons inside BEGIN … END cut."""
    held: list[Piece] = []
    depth = 0
    for piece in found:
        if not held and not (_BODY.match(piece.text) and _BEGIN.search(piece.text)):
            yield piece
            continue
        held.append(piece)
        depth += -1 if _END.match(piece.text) else len(_BEGIN.findall(piece.text))
        if depth <= 0:
            yield Piece(";\n".join(each.text for each in held), held[0].line)
            held, depth = [], 0
    if held:
        yield Piece(";\n".join(each.text for each in held), held[0].line)
