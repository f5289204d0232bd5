"""Rewrite the placeholders of query libraries to ``?``, which MySQL and SQLite both compile.

Called by ``parsing``. Works outside strings, names and comments only; may not judge whether the
result is valid.
"""

import re
from collections.abc import Mapping

_COMMENT = r"/\*.*?(?:\*/|\Z)"
_PARAMETER = (
    r"\?\d*"  # ?, and SQLite's ?7
    r"|(?<![:\w]):[A-Za-z_]\w*"
    r"|%\([^)\s]+\)s"
    r"|(?<![\w)\]`\"'%])%s\b"  # after an operand it is the remainder of a division by s
)
_TEXTS: Mapping[str, re.Pattern[str]] = {
    "mysql": re.compile(
        r"(?P<kept>'(?:[^'\\]|\\.|'')*+'?|\"(?:[^\"\\]|\\.|\"\")*+\"?|`[^`]*+`?"
        rf"|--(?=\s|\Z)[^\n]*|\#[^\n]*|{_COMMENT})|(?P<parameter>{_PARAMETER})",
        re.DOTALL,
    ),
    "sqlite": re.compile(
        r"(?P<kept>'(?:[^']|'')*+'?|\"(?:[^\"]|\"\")*+\"?|`[^`]*+`?|\[[^\]]*+\]?"
        rf"|--[^\n]*|{_COMMENT})|(?P<parameter>{_PARAMETER}|(?<![\w@$])[@$][A-Za-z_]\w*)",
        re.DOTALL,
    ),
}
_DOUBLED = re.compile(r"%%")


def rewritten(text: str, dialect: str) -> str:
    """Return ``text`` with ``?`` for every placeholder; one that is named twice becomes two."""
    formatted = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal formatted
        if match["kept"] is not None:
            return match["kept"]
        formatted = formatted or match["parameter"].startswith("%")
        return "?"

    found = _TEXTS[dialect].sub(replaced, text)
    return _DOUBLED.sub("%", found) if formatted else found


def count(text: str, dialect: str) -> int:
    """Count the placeholders of a text."""
    return sum(m["parameter"] is not None for m in _TEXTS[dialect].finditer(text))


def outside(text: str, dialect: str) -> str:
    """Return what of ``text`` is neither string, quoted name nor comment, a blank for each."""
    return _TEXTS[dialect].sub(lambda m: " " if m["kept"] is not None else m[0], text)
