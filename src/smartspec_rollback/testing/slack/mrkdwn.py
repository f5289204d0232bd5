"""What people see of mrkdwn: its words without markup, and whom it notifies.

Called by the server to show messages, and by tests that look whether hostile text got through. It
reads what Slack documents: entities, ``<...>`` for links and mentions, code, bold, italics, strike
and short names of emoji.
"""

import html
import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"```(?P<block>.*?)```"
    r"|(?<![A-Za-z0-9`])`(?P<code>[^`\n]+)`(?![A-Za-z0-9`])"
    r"|<(?P<angle>[^<>\n]+)>"
    r"|(?<![A-Za-z0-9*])\*(?=\S)(?P<bold>[^*\n]*\S)\*(?![A-Za-z0-9*])"
    r"|(?<![A-Za-z0-9_])_(?=\S)(?P<italic>[^_\n]*\S)_(?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9~])~(?=\S)(?P<strike>[^~\n]*\S)~(?![A-Za-z0-9~])"
    r"|(?P<emoji>:[a-z0-9_+'-]+:)",
    re.DOTALL,
)
_EMOJI = re.compile(r":(?:[a-z0-9_+'-]*[a-z+_-][a-z0-9_+'-]*|100|1234):")


@dataclass
class Read:
    """What a text comes to."""

    words: str = ""
    calls: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    """What is bold, in italics or struck."""
    codes: list[str] = field(default_factory=list)
    emoji: list[str] = field(default_factory=list)


def read(text: str, *, markup: bool = True) -> Read:
    """Read a text; without ``markup`` only entities and ``<...>`` mean something."""
    found = Read()
    found.words = _read(text, found, markup=markup)
    return found


def _read(text: str, found: Read, *, markup: bool) -> str:
    out, at = [], 0
    for token in _TOKEN.finditer(text):
        kind = str(token.lastgroup)
        if not markup and kind != "angle":
            continue
        out.append(html.unescape(text[at : token.start()]))
        out.append(_token(kind, token[kind], token[0], found, markup=markup))
        at = token.end()
    out.append(html.unescape(text[at:]))
    return "".join(out)


def _token(kind: str, inner: str, whole: str, found: Read, *, markup: bool) -> str:
    match kind:
        case "angle":
            return _angle(inner, found)
        case "code" | "block":
            for angle in re.findall(r"<([^<>\n]+)>", inner):
                _angle(angle, found)
            found.codes.append(html.unescape(inner))
            return html.unescape(inner)
        case "emoji":
            if _EMOJI.fullmatch(inner):
                found.emoji.append(inner)
            return whole
        case _:
            words = _read(inner, found, markup=markup)
            found.marked.append(words)
            return words


def _angle(inner: str, found: Read) -> str:
    target, _, label = inner.partition("|")
    if target[:1] in {"!", "@", "#"}:
        found.calls.append(target)
    else:
        found.links.append(html.unescape(target))
    return html.unescape(label or target)
