"""Text from outside, made harmless: reasons, versions, ids, evidence, names.

Every view sends everything it did not write itself through here, so that nobody can forge a line
of a plan, a heading, a link, a mention of a whole chat channel, or a terminal sequence. Pure.
"""

import re

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CHECK_MARK = "\N{WHITE HEAVY CHECK MARK}"
_ANGLE = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_EMPTY = "(empty)"
TEXT_LIMIT = 600
"""Characters of free text that are shown; documents in JSON hold all of it."""
CODE_LIMIT = 200
"""Characters of a name or a value that are shown."""

_TAG = re.compile(r"<(?=[A-Za-z/!?@#])")
_RISKY_WORD = re.compile(
    r"://"  # a web address
    r"|\bwww\.|\bmailto:"
    r"|\S@\S+\.\S"  # a mail address
    r"|(?<![A-Za-z0-9])@\w"  # a mention
    r"|:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:",  # an emoji's short name, such as a check mark's
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"[\\`*\[\]~|]|&(?=#?\w+;)|(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])")
_BAR = re.compile(r"(\\*)\|")
_LEADING_NUMBER = re.compile(r"^(\d{1,9})([.)])(?= |$)")


def clean(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Put ``text`` on one line of printable characters, at most ``limit`` of them.

    White space is folded; control, bidirectional and other invisible characters become U+FFFD.
    A check mark is spelt out: only our own findings show one. This is enough for a terminal.
    """
    folded = " ".join(text[: 4 * limit].split())
    if not folded.isprintable():
        folded = "".join(c if c.isprintable() else _REPLACEMENT for c in folded)
    folded = folded.replace(_CHECK_MARK, "(check mark)")
    shortened = len(folded) > limit or len(text) > 4 * limit
    return folded[: limit - 1].rstrip() + "…" if shortened else folded


def text(source: str, *, limit: int = TEXT_LIMIT) -> str:
    """Write ``source`` as Markdown that reads as itself, on one line, whatever it holds."""
    return _guarded(_words(clean(source, limit=limit) or _EMPTY))


def code(source: str, *, limit: int = CODE_LIMIT) -> str:
    """Write ``source`` as a Markdown code span, with a fence longer than any inside it."""
    inner = _TAG.sub(_ANGLE, clean(source, limit=limit)) or _EMPTY
    fence = "`" * (max((len(run) for run in re.findall(r"`+", inner)), default=0) + 1)
    padding = " " if inner.startswith("`") or inner.endswith("`") else ""
    return f"{fence}{padding}{inner}{padding}{fence}"


def prose(source: str, *, limit: int = TEXT_LIMIT) -> str:
    """Write a sentence in which single backticks mark names, and nothing else is Markdown.

    Titles of steps and summaries of findings are such sentences.
    """
    sentence = clean(source, limit=limit) or _EMPTY
    parts = sentence.split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return text(sentence, limit=limit)
    return _guarded(
        "".join(code(part) if odd % 2 else _words(part) for odd, part in enumerate(parts))
    )


def cell(markdown: str) -> str:
    """Fit finished Markdown into a table's cell, where even code spans end at a bar."""
    return _BAR.sub(lambda found: found[0] if len(found[1]) % 2 else f"{found[1]}\\|", markdown)


def _words(sentence: str) -> str:
    return " ".join(
        code(word, limit=len(word)) if _RISKY_WORD.search(word) else _escaped(word)
        for word in sentence.split(" ")
    )


def _escaped(word: str) -> str:
    tagless = _TAG.sub(_ANGLE, word)
    return _SPECIAL.sub(lambda found: "".join(f"\\{c}" for c in found[0]), tagless)


def _guarded(line: str) -> str:
    """Keep a line's beginning from being read as a heading, quotation or list."""
    if line[:1] in "#>+-=":
        return f"\\{line}"
    return _LEADING_NUMBER.sub(r"\1\\\2", line)
