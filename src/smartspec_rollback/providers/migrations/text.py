"""Turns the bytes of a migration file into text, or says why that cannot be done.

Called by ``reading``. Never guesses in silence: whatever is not plain UTF-8 is remarked upon.
"""

import codecs
from typing import NamedTuple

MAX_BYTES = 16 * 1024 * 1024
_SAMPLE = 4096


class Decoded(NamedTuple):
    """A text, or None and the ``fault``; ``remark`` is what a person should know of it."""

    text: str | None
    fault: str = ""
    remark: str = ""


def too_large(size: int) -> str:
    """Say why a file of ``size`` bytes is not read; empty if it is."""
    if size <= MAX_BYTES:
        return ""
    return f"it is {size:,} bytes large, and above {MAX_BYTES:,} bytes nothing is read"


def decode(data: bytes) -> Decoded:
    """Decode a file; line ends become single line feeds."""
    if fault := too_large(len(data)):
        return Decoded(None, fault)
    if encoding := _utf16(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            return Decoded(None, "it looks like UTF-16, and is not")
        return Decoded(
            _lines(text.removeprefix("\ufeff")),
            remark="it is UTF-16; the tool may not be able to read it",
        )
    if b"\0" in data:
        return Decoded(None, "it is binary, not text")
    try:
        return Decoded(_lines(data.removeprefix(codecs.BOM_UTF8).decode()))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Decoded(
            _lines(data.decode("latin-1")),
            remark=f"line {line} is not UTF-8; read as Latin-1, which may be wrong",
        )


def _utf16(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    # SQL is mostly ASCII, so in UTF-16 nearly every second byte is zero, and no other one.
    if half > 1 and sample[1::2].count(0) > half * 0.9 and 0 not in sample[::2]:
        return "utf-16-le"
    if half > 1 and sample[::2].count(0) > half * 0.9 and 0 not in sample[1::2]:
        return "utf-16-be"
    return None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
