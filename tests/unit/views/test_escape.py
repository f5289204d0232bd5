import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.unit.views.hostile import HARMLESS_INLINE, hostile_text

from smartspec_rollback.views.escape import clean, code, prose, text

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(hostile_text())
def test_text_reads_as_itself(source: str) -> None:
    """If it fails, somebody's reason could become a heading, a list, a link or emphasis."""
    blocks = _PARSER.parse(text(source))
    assert [b.type for b in blocks] == ["paragraph_open", "inline", "paragraph_close"]
    assert {c.type for c in blocks[1].children or ()} <= {"text", "text_special", "code_inline"}


@given(hostile_text())
def test_prose_allows_code_spans_and_nothing_else(source: str) -> None:
    """If it fails, a step's title could carry a link or a heading."""
    blocks = _PARSER.parse(prose(source))
    assert [b.type for b in blocks] == ["paragraph_open", "inline", "paragraph_close"]
    assert {c.type for c in blocks[1].children or ()} <= HARMLESS_INLINE


@given(hostile_text())
def test_code_is_exactly_one_code_span(source: str) -> None:
    """If it fails, a version with backticks in it could leave its code span."""
    blocks = _PARSER.parse(code(source))
    assert [c.type for c in blocks[1].children or ()] == ["code_inline"]


@given(st.text(), st.integers(10, 50))
def test_clean_is_short_printable_and_never_vouches_for_anything(source: str, limit: int) -> None:
    """If it fails, terminal sequences, hidden text or a forged check mark get through."""
    cleaned = clean(f"{source}✅\x1b[2J\u202e{source}", limit=limit)
    assert len(cleaned) <= limit
    assert cleaned.isprintable()
    assert "✅" not in cleaned


@pytest.mark.parametrize(
    "untouched",
    [
        "Quality gate failed (p99 latency > 200ms)",
        "p99 latency <= 200ms; error rate > 1%",
        "max_connections is 3, not 2",
        "checkout/production at 2026-03-02 12:00:05 UTC",
    ],
)
def test_ordinary_text_stays_as_it_is(untouched: str) -> None:
    """If it fails, the lines of the contract are no longer verbatim."""
    assert text(untouched) == untouched


@pytest.mark.parametrize(
    "summons", ["<!channel>", "<@U012AB3CD>", "<https://example.org|here>", "</b>"]
)
def test_chat_markup_is_broken_up_everywhere(summons: str) -> None:
    """If it fails, a reason could call a whole chat channel or hide a link."""
    for written in (text(summons), code(summons), prose(f"see {summons}")):
        assert summons not in written
        assert "<" not in written


@pytest.mark.parametrize(
    "word", ["@here", "https://example.org/a", "www.example.org", "a@example.org", ":tada:"]
)
def test_words_that_would_come_alive_become_code(word: str) -> None:
    """If it fails, a mention, address or emoji name in a reason is acted on by chat programs."""
    assert text(f"see {word} now") == f"see `{word}` now"


def test_a_longer_fence_holds_backticks() -> None:
    """If it fails, a name with backticks is shown cut up."""
    assert code("a``b") == "```a``b```"
    assert code("`a") == "`` `a ``"


def test_nothing_is_said_to_be_empty() -> None:
    """If it fails, an empty name leaves a hole, or a broken code span."""
    assert text(" ") == "(empty)"
    assert code("") == "`(empty)`"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    """If it fails, one endless reason pushes the safety checks off the screen."""
    assert text("a" * 10_000) == "a" * 599 + "…"
