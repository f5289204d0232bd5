"""What a name from outside may look like.

Ids, versions and service names come from pipelines, chat and files, and end up in file names,
process names, Markdown and terminals: so the alphabet is small, and checked at every entrance.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from smartspec_rollback.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@-]{0,127}", re.ASCII)
_MAX_TEXT = 2000


def checked_name(kind: str, text: str) -> str:
    """Return ``text`` if it can be a ``kind`` (service, version, id); else UsageError."""
    if not _NAME.fullmatch(text) or ".." in text:
        raise UsageError(
            f"{text[:80]!r} cannot be a {kind}",
            remedy="use 1 to 128 of the letters A-Z a-z 0-9 . _ + : @ -, "
            "starting with a letter or digit, without '..'",
        )
    return text


def checked_text(kind: str, text: str) -> str:
    """Return free text (a reason) with white space folded; control characters are a UsageError."""
    folded = " ".join(text.split())
    if not folded or len(folded) > _MAX_TEXT or not folded.isprintable():
        raise UsageError(
            f"the {kind} is empty, longer than {_MAX_TEXT} characters, or has control characters",
            remedy=f"write the {kind} as plain text",
        )
    return folded


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Name the known names most like ``name``, best first."""
    return tuple(get_close_matches(name, list(known), n=limit, cutoff=0.5))
