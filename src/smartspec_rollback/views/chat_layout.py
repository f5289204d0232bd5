"""Blocks of Block Kit, and how much of a post fits into one message.

Called by the views of chat posts in blocks. A post is laid out in the fullest detail that keeps
every limit; whatever had to go is said, with the place where the whole stands. Pure.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.ports.buttons import VALUE_LIMIT, Bound, Press, written
from smartspec_rollback.views.chat_mrkdwn import code, cut, plain, text, units

Block = dict[str, Any]
"""One block, as JSON has it."""

BLOCKS_LIMIT = 50
SECTION_LIMIT = 3000
HEADER_LIMIT = 150
BUTTON_LIMIT = 75
WHOLE_LIMIT = 11_000
"""Bytes of all blocks as JSON. What is said of Slack's limit is 'about 13,000 characters', and
messages of fewer were refused; this leaves room."""


@dataclass(frozen=True)
class Detail:
    """How much is told: characters of a text and of a name, lines of a list, and what of each."""

    text: int
    name: int
    lines: int
    evidence: bool
    extras: bool


FULL = Detail(text=450, name=150, lines=1000, evidence=True, extras=True)
DETAILS = (
    FULL,
    Detail(text=300, name=100, lines=40, evidence=False, extras=True),
    Detail(text=200, name=80, lines=24, evidence=False, extras=False),
    Detail(text=100, name=50, lines=10, evidence=False, extras=False),
    Detail(text=30, name=30, lines=5, evidence=False, extras=False),
)

Layout = Callable[[Detail], Sequence[Block]]
"""Lays a post out in some detail."""


def fitted(layout: Layout) -> str:
    """Lay out in the fullest detail that fits, as the JSON document of a post."""
    for detail in DETAILS:
        blocks = list(layout(detail))
        if _fits(blocks):
            break
    return document(blocks)


def document(blocks: Sequence[Block]) -> str:
    """Write finished blocks as the JSON document of a post."""
    return json.dumps({"blocks": blocks}, ensure_ascii=False, separators=(",", ":"))


def _fits(blocks: list[Block]) -> bool:
    return len(blocks) <= BLOCKS_LIMIT and len(document(blocks).encode()) <= WHOLE_LIMIT


def header(title: str) -> Block:
    """Write a heading; it knows no markup."""
    shown = plain(title, limit=HEADER_LIMIT)
    return {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def sections(lines: Iterable[str]) -> list[Block]:
    """Put finished lines into as few sections as hold them."""
    blocks: list[Block] = []
    held = ""
    for line in lines:
        piece = cut(line, SECTION_LIMIT)
        joined = f"{held}\n{piece}" if held else piece
        if units(joined) > SECTION_LIMIT:
            blocks.append(_section(held))
            joined = piece
        held = joined
    return [*blocks, _section(held)] if held.strip() else blocks


def titled(title: str, lines: Sequence[str]) -> list[Block]:
    """Put lines under a bold title of ours; nothing where there are none."""
    return sections([f"*{title}*", *lines]) if lines else []


def context(line: str) -> Block:
    """Write a finished line small, below the rest."""
    return {"type": "context", "elements": [_mrkdwn(cut(line, SECTION_LIMIT))]}


def listed(lines: Sequence[str], detail: Detail, rest: str = "") -> list[str]:
    """Keep as many lines as the detail allows, and say how many more there are."""
    if len(lines) <= detail.lines:
        return list(lines)
    more = len(lines) - detail.lines
    return [*lines[: detail.lines], f"… and {more} more{rest}"]


def button(
    press: Press, label: str, value: str, *, style: str | None = None, hint: str = ""
) -> Block:
    """Write a button; ``style`` is ``primary`` or ``danger``, ``hint`` is for screen readers."""
    shown = plain(label, limit=BUTTON_LIMIT)
    made: Block = {
        "type": "button",
        "action_id": press.value,
        "text": {"type": "plain_text", "text": shown, "emoji": False},
        "value": value,
    }
    if style:
        made["style"] = style
    if hint:
        made["accessibility_label"] = plain(hint, limit=BUTTON_LIMIT)
    return made


def actions(block_id: str, buttons: Sequence[Block]) -> Block:
    """Write a row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def binding(bound: Bound) -> str | None:
    """Write what an answer is bound to; None where that does not fit a button."""
    whole = written(bound)
    if units(whole) > VALUE_LIMIT:
        whole = written(Bound(rollback_id=bound.rollback_id, digest=bound.digest))
    return whole if units(whole) <= VALUE_LIMIT else None


def place(rollback_id: str, link: str, detail: Detail) -> str:
    """Say where the whole stands: on a page, or by a command."""
    command = code(f"smartspec show {rollback_id}", limit=max(detail.name, 60))
    if not link:
        return command
    return f"<{_address(link)}|{text('the page of this rollback', limit=60)}> or {command}"


def cut_note(rollback_id: str, link: str, detail: Detail) -> list[str]:
    """Say that something was left out, and where it stands; nothing in full detail."""
    if detail is FULL:
        return []
    return [f"*Shortened to fit here.* All of it: {place(rollback_id, link, detail)}"]


def _address(link: str) -> str:
    whole = "".join(link.split())
    for sign, encoded in (("&", "&amp;"), ("<", "%3C"), (">", "%3E"), ("|", "%7C")):
        whole = whole.replace(sign, encoded)
    return whole[:1000]


def _section(words: str) -> Block:
    return {"type": "section", "text": _mrkdwn(words)}


def _mrkdwn(words: str) -> Block:
    # verbatim: nothing but what we marked up becomes a link or a mention.
    return {"type": "mrkdwn", "text": words, "verbatim": True}
