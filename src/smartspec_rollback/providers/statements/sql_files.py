"""Read ``.sql`` files: plain ones, and those with a ``-- name:`` line before every query.

sqlc, aiosql and others write such lines; their queries may lack the semicolon. Called by
``reading``.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.providers.sql_text import Piece, statements
from smartspec_rollback.providers.statements.collected import Collected, statement

_NAME = re.compile(r"^[ \t]*(?:--|#)[ \t]*name[ \t]*:", re.IGNORECASE | re.MULTILINE)
_CLIENT_COMMANDS = re.compile(r"(?:\\[^\n]*(?:\n\s*|$))+")


def read(text: str, source: str) -> Collected:
    """Cut ``text`` in statements; the source of each is ``source`` and its line."""
    return Collected(
        texts=tuple(
            statement(piece.text, f"{source}:{piece.line}")
            for section in _sections(text)
            for piece in map(_without_client_commands, statements(section.text, line=section.line))
            if piece.text
        )
    )


def _sections(text: str) -> Iterator[Piece]:
    begins = 0
    for match in _NAME.finditer(text):
        yield Piece(text[begins : match.start()], text.count("\n", 0, begins) + 1)
        begins = match.start()
    yield Piece(text[begins:], text.count("\n", 0, begins) + 1)


def _without_client_commands(piece: Piece) -> Piece:
    """Leave out psql's own commands, which begin with a backslash and end with the line."""
    if (match := _CLIENT_COMMANDS.match(piece.text)) is None:
        return piece
    return Piece(piece.text[match.end() :], piece.line + match.group().count("\n"))
