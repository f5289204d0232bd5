"""Text from outside as Slack's mrkdwn, made harmless: it reads as itself, whatever it holds.

Called by the views of chat posts in blocks. mrkdwn has no escape sign: ``&``, ``<`` and ``>`` are
written as entities, which ends mentions and links, and signs that would mark up are replaced by
their likes. Pure.
"""

import re

from smartspec_rollback.views.escape import clean

_EMPTY = "(empty)"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_BACKTICK = "\N{MODIFIER LETTER GRAVE ACCENT}"
_LIKES = str.maketrans({"*": "\N{ASTERISK OPERATOR}", "~": "\N{TILDE OPERATOR}", "`": _BACKTICK})
_QUOTE = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_LOW_LINE = "\N{MODIFIER LETTER LOW MACRON}"
_EDGE_LOW_LINE = re.compile(r"(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")
_RISKY_WORD = re.compile(
    r"://|\bwww\.|\bmailto:"  # a web address
    r"|\S@\S+\.\S"  # a mail address
    r"|(?<![A-Za-z0-9])[@#]\w"  # a mention of somebody, or of a channel
    r"|:(?:[a-z0-9_+'-]*[a-z+_-][a-z0-9_+'-]*|100|1234):",  # an emoji's short name
    re.IGNORECASE,
)
_CUT_ENTITY = re.compile(r"&[a-z]{0,3}$")
_CUT = "…"


def units(text: str) -> int:
    """Count characters as Slack's limits do at the most: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text(source: str, *, limit: int) -> str:
    """Write ``source`` on one line, at most ``limit`` characters of it."""
    return _words(clean(source, limit=limit) or _EMPTY)


def code(source: str, *, limit: int) -> str:
    """Write ``source`` as a code span."""
    inner = (clean(source, limit=limit) or _EMPTY).replace("`", _BACKTICK)
    return f"`{inner.translate(_ENTITIES)}`"


def prose(source: str, *, limit: int) -> str:
    """Write a sentence in which single backticks mark names, and nothing else is markup."""
    sentence = clean(source, limit=limit) or _EMPTY
    parts = sentence.split("`")
    if len(parts) % 2 == 0 or not all(map(_stands_alone, parts[:-2:2], parts[1::2], parts[2::2])):
        return text(sentence, limit=limit)
    return "".join(
        code(part, limit=limit) if odd % 2 else _words(part) for odd, part in enumerate(parts)
    )


def plain(source: str, *, limit: int) -> str:
    """Write ``source`` for a text object without markup: at most ``limit`` UTF-16 code units."""
    shown = clean(source, limit=limit) or _EMPTY
    shown = shown.replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
    return _shortened(shown.replace(">", _QUOTE), limit)


def cut(line: str, limit: int) -> str:
    """Cut a finished line where no entity, code span or word is torn apart."""
    if units(line) <= limit:
        return line
    head = _shortened(line, limit - 2).removesuffix(_CUT)
    head = head.rpartition(" ")[0] or _CUT_ENTITY.sub("", head)
    closing = "`" if head.count("`") % 2 else ""
    return f"{head}{closing}{_CUT}"


def _shortened(shown: str, limit: int) -> str:
    if units(shown) <= limit:
        return shown
    head = shown[: limit - 1]
    while units(head) > limit - 1:
        head = head[:-1]
    return head + _CUT


def _stands_alone(before: str, name: str, after: str) -> bool:
    """Tell whether a code span would be read as one: it has a boundary at both ends."""
    return bool(
        name.strip()
        and not (before and before[-1].isalnum())
        and not (after and after[0].isalnum())
    )


def _words(sentence: str) -> str:
    if sentence.startswith(">"):  # at the beginning of a line it would be a quotation
        sentence = _QUOTE + sentence[1:]
    return " ".join(
        code(word, limit=max(len(word), 1)) if _RISKY_WORD.search(word) else _escaped(word)
        for word in sentence.split(" ")
    )


def _escaped(word: str) -> str:
    harmless = word.translate(_LIKES)
    harmless = _EDGE_LOW_LINE.sub(lambda found: _LOW_LINE * len(found[0]), harmless)
    return harmless.translate(_ENTITIES)
