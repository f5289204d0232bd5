"""Our own Markdown, made to fit chats: cut to a length, as plain text, as HTML.

Called by ``chat_text`` and ``chat_html``. Reads only what the Markdown views write: headings,
paragraphs, lists with one level below, tables, bold, code spans, backslashes. Whatever it does
not know is shown as text, and every character of it is escaped.
"""

import re
from collections.abc import Iterator
from html import escape

_HEADING = re.compile(r"(#{1,6}) (.*)")
_ITEM = re.compile(r"( {4})?(?:- |(\d{1,9})\. {1,2})(.*)")
_ROW = re.compile(r"\|(.*)\|")
_RULE = re.compile(r"\|(?: *:?-+:? *\|)+")
_TOKEN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<fence>`+)(?P<code>.*?[^`])(?P=fence)(?!`)|(?P<bold>\*\*)",
    re.DOTALL,
)
_CELL = re.compile(r"(?<!\\)\|")


def fitted(markdown: str, *, limit: int, whole: str) -> str:
    """Cut Markdown to ``limit`` bytes: details first, then the middle; ``whole`` says where it is.

    The beginning and the end stay, where the verdict and the question are.
    """
    if _size(markdown) <= limit:
        return markdown
    lines = markdown.split("\n")
    note = f"*Shortened.* The whole: {whole}" if whole else "*Shortened.*"
    note = note.replace("*", "")
    kept = [line for line in lines if not line.startswith("    ") and not _ROW.fullmatch(line)]
    brief = "\n".join((*kept, note, ""))
    if _size(brief) <= limit:
        return brief
    half = (limit - _size(note) - 8) // 2
    head, tail = _within(kept, half), _within(kept[::-1], half)[::-1]
    return "\n".join((*head, "", "…", "", *tail, note, ""))


def plain(markdown: str) -> str:
    """Write Markdown as text without marks."""
    return "\n".join(
        _plain(line) for line in markdown.rstrip("\n").split("\n") if not _is_rule(line)
    )


def html(markdown: str) -> str:
    """Write Markdown as HTML of the few elements that every Matrix client shows."""
    return "".join(_blocks(markdown.rstrip("\n").split("\n")))


def _size(markdown: str) -> int:
    return len(markdown.encode())


def _within(lines: list[str], limit: int) -> list[str]:
    """Take lines from the beginning while they fit; a line that alone is too long is cut."""
    taken: list[str] = []
    for line in lines:
        limit -= _size(line) + 1
        if limit < 0:
            break
        taken.append(line)
    return taken


def _plain(line: str) -> str:
    if heading := _HEADING.fullmatch(line):
        return _words(heading[2])
    return _words(line)


def _words(line: str) -> str:
    """Take the marks out of a line."""

    def shown(found: re.Match[str]) -> str:
        return found["escaped"] or (_code(found["code"]) if found["code"] else "")

    return _TOKEN.sub(shown, line)


def _is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None


def _code(inner: str) -> str:
    """Take off the spaces that keep a backtick from the fence."""
    return inner[1:-1] if inner[:1] == inner[-1:] == " " and inner.strip() else inner


def _inline(line: str) -> str:
    """Write a line's marks as elements; bold that is not closed is text."""
    parts: list[str] = []
    at, open_bold = 0, False
    for found in _TOKEN.finditer(line):
        parts.append(escape(line[at : found.start()]))
        at = found.end()
        if found["escaped"]:
            parts.append(escape(found["escaped"]))
        elif found["code"]:
            parts.append(f"<code>{escape(_code(found['code']))}</code>")
        else:
            parts.append("</strong>" if open_bold else "<strong>")
            open_bold = not open_bold
    parts.append(escape(line[at:]))
    if open_bold:
        parts.append("</strong>")
    return "".join(parts)


def _blocks(lines: list[str]) -> Iterator[str]:
    """Write block by block; each begins where another kind of line does."""
    at = 0
    while at < len(lines):
        line, start = lines[at], at
        if heading := _HEADING.fullmatch(line):
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
            at += 1
        elif _ITEM.fullmatch(line):
            while at < len(lines) and _ITEM.fullmatch(lines[at]):
                at += 1
            yield _list(lines[start:at])
        elif _ROW.fullmatch(line):
            while at < len(lines) and _ROW.fullmatch(lines[at]):
                at += 1
            yield _table(lines[start:at])
        elif line.strip():
            while at < len(lines) and _is_text(lines[at]):
                at += 1
            yield f"<p>{'<br>'.join(_inline(each) for each in lines[start:at])}</p>"
        else:
            at += 1


def _is_text(line: str) -> bool:
    special = (_HEADING, _ITEM, _ROW)
    return bool(line.strip()) and not any(each.fullmatch(line) for each in special)


def _list(lines: list[str]) -> str:
    """Write a list; indented items belong to the item above them."""
    items: list[tuple[str, list[str]]] = []
    ordered = False
    for line in lines:
        found = _ITEM.fullmatch(line)
        if found is None:
            continue
        if found[1] and items:
            items[-1][1].append(_inline(found[3]))
        else:
            ordered = ordered or found[2] is not None
            items.append((_inline(found[3]), []))
    name = "ol" if ordered else "ul"
    written = "".join(f"<li>{head}{_below(below)}</li>" for head, below in items)
    return f"<{name}>{written}</{name}>"


def _below(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def _table(lines: list[str]) -> str:
    rows = [
        [_inline(cell.strip()) for cell in _CELL.split(line[1:-1])]
        for line in lines
        if not _is_rule(line)
    ]
    head, *body = rows or [[]]
    top = "".join(f"<th>{cell}</th>" for cell in head)
    rest = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{rest}</tbody></table>"
