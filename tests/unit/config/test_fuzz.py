"""Whatever the file holds, loading gives a Configuration or a ConfigurationError."""

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.config.fakes import FULL, load_text

from smartspec_rollback.config.model import Configuration
from smartspec_rollback.errors import ConfigurationError

_PIECES = st.sampled_from(
    [
        "services",
        "checkout",
        "production",
        "people",
        "platform",
        "kind",
        "local",
        ":",
        ": ",
        "- ",
        "\n",
        "  ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "null",
        "~",
        "yes",
        "1.10",
        "'",
        '"',
        "|",
        ">",
        "? ",
        "<<: ",
        "# ",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "\\x1b",
        "\\uD800",
        "\\U00110000",
        "\x00",
        "\t",
        "\u2028",
        "\ufeff",
        "p99 latency <= 1ms",
        "2026-12-24",
        "10s",
    ]
)


def load_or_refuse(content: bytes) -> None:
    """Load bytes; anything but the two allowed outcomes fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        outcome: Configuration | ConfigurationError
        try:
            outcome = load_text(content, Path(folder))
        except ConfigurationError as refusal:
            outcome = refusal
    if isinstance(outcome, ConfigurationError):
        assert outcome.problems
        assert str(outcome).replace("\n", "").isprintable()


@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    """A corrupted file must end in an error that can be read, not in a traceback."""
    load_or_refuse(content)


@given(st.lists(_PIECES, max_size=40).map("".join))
@settings(max_examples=100)
def test_any_yaml_like_text(text: str) -> None:
    """Text that is nearly YAML reaches further into the loader."""
    with contextlib.suppress(UnicodeEncodeError):
        load_or_refuse(text.encode())


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_damage_to_a_right_file(data: st.DataObject) -> None:
    """A right file with one place replaced reaches every section's rules."""
    start = data.draw(st.integers(0, len(FULL)))
    end = data.draw(st.integers(start, min(len(FULL), start + 30)))
    piece = data.draw(st.one_of(_PIECES, st.text(st.characters(codec="utf-8"), max_size=8)))
    load_or_refuse((FULL[:start] + piece + FULL[end:]).encode())
