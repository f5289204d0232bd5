"""Collects everything wrong with a file, and shows hostile text harmlessly.

Used by all of ``config``. Problems are gathered rather than raised, so that one run names all.
"""

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.errors import ConfigurationError, Problem

KeyPath = tuple[str | int, ...]
_SHOWN = 60
_MESSAGE = 400
_MOST = 100


def quoted(text: str) -> str:
    """Show text from outside: quoted, control characters escaped, shortened."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def harmless(message: str) -> str:
    """Escape and shorten a message that may hold text from outside."""
    escaped = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    return escaped if len(escaped) <= _MESSAGE else escaped[: _MESSAGE - 3] + "..."


def dotted(path: KeyPath) -> str:
    """Write a key path for people: ``services.checkout.production.freeze[0].from``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + quoted(part)[1:-1]
    return text


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """Say which known names come nearest to ``name``, or list them all."""
    close = nearest(name[:_SHOWN], known)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(known)}" if known else ""


class Problems:
    """The faults found so far in one file. It keeps the first hundred and counts the rest."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Problem] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def enough(self) -> bool:
        """Whether more faults would help nobody."""
        return self._count >= _MOST

    def add(self, line: int, path: KeyPath, what: str, remedy: str = "") -> None:
        """Note a fault at ``line`` (from 1; 0 for the file as a whole)."""
        self._count += 1
        if self._count <= _MOST:
            self._found.append(Problem(line, dotted(path), what, remedy))

    def raise_if_any(self) -> None:
        """Raise a ConfigurationError that holds every fault, in the order of the lines."""
        if not self._found:
            return
        found = sorted(self._found, key=lambda problem: problem.line)
        if self._count > _MOST:
            found.append(Problem(0, "", f"and {self._count - _MOST} more problems"))
        raise ConfigurationError(self.file, found)
