"""What reading statement files came to: the statements, and what is missing.

Made by every module of this package.
"""

from collections.abc import Iterable

import msgspec

from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import StatementText

LONGEST = 1024 * 1024
"""Characters of one statement; of a longer one only the beginning is kept, with a problem."""

_KEPT = 1000


class Collected(Value):
    """Statements, each text once, and ``gaps``: sentences that name a file and what is wrong."""

    texts: tuple[StatementText, ...] = ()
    gaps: tuple[str, ...] = ()


def statement(
    text: str,
    source: str,
    *,
    calls: int | None = None,
    parameters: tuple[str, ...] | None = None,
) -> StatementText:
    """Make one statement; a text that is no text, or far too long, gets a problem."""
    problem = None
    if len(text) > LONGEST:
        problem = f"it has {len(text):,} characters; above {LONGEST:,} no statement is read"
        text = text[:_KEPT]
    elif "\0" in text:
        problem = "it is binary, not text"
        text = text.replace("\0", "\ufffd")
    return StatementText(
        text=text, source=source, calls=calls, parameters=parameters, problem=problem
    )


def merged(parts: Iterable[Collected], *, most: int) -> Collected:
    """Put parts together: equal texts are one statement, and its calls are added up.

    At most ``most`` statements are kept, and a gap says so.
    """
    texts: dict[str, StatementText] = {}
    gaps: dict[str, None] = {}
    left_out = 0
    for part in parts:
        gaps.update(dict.fromkeys(part.gaps))
        for text in part.texts:
            if (known := texts.get(text.id)) is not None:
                texts[text.id] = _both(known, text)
            elif len(texts) < most:
                texts[text.id] = text
            else:
                left_out += 1
    if left_out:
        gaps[f"There are more than {most:,} statements; {left_out:,} of them were left out."] = None
    return Collected(texts=tuple(texts.values()), gaps=tuple(gaps))


def _both(known: StatementText, other: StatementText) -> StatementText:
    counted = [calls for calls in (known.calls, other.calls) if calls is not None]
    return msgspec.structs.replace(
        known,
        calls=sum(counted) if counted else None,
        parameters=known.parameters if known.parameters is not None else other.parameters,
    )
