"""Elements are harmless by construction: what is text stays text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.golden.html_shape import shape
from tests.unit.views.hostile import hostile_text

from smartspec_rollback.views.markup import (
    ELEMENTS,
    Html,
    block,
    code,
    joined,
    mark,
    outside,
    prose,
    tag,
    text,
)


@given(hostile_text(), st.sampled_from([text, outside, code, prose, block]))
def test_text_is_text_whatever_it_holds(source: str, write: object) -> None:
    """A reason brings a script into the page where rollbacks are approved."""
    assert callable(write)
    read = shape(f"<p>{write(source)}</p>")
    assert set(read.without("bdi", "code", "pre", "p")) == set()
    assert read.attributes == {}
    assert read.strange == []
    assert all(c.isprintable() or c == "\n" for c in read.text)
    assert "\N{WHITE HEAVY CHECK MARK}" not in read.text


@given(hostile_text())
def test_attributes_hold_any_text(source: str) -> None:
    """A name ends its attribute and begins another, such as one that runs a script."""
    read = shape(tag("input", value=source, aria_label=source, required=True))
    assert read.tags == ["input"]
    assert set(read.attributes) == {"value", "aria-label", "required"}


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "https://example.org", "//example.org", "/\\example.org", ""),
        *("data:text/html,x", "/a b", "/\x00", " /a", "mailto:a@example.org", "/a\n/b"),
    ],
)
def test_addresses_lead_to_ourselves_alone(address: str) -> None:
    """A name of a deployment becomes a link that somebody follows with their rights."""
    with pytest.raises(ValueError, match="may not lead"):
        tag("a", "x", href=address)


def test_own_addresses_and_fragments_are_links() -> None:
    """Pages cannot be reached."""
    assert tag("a", "x", href="/rollbacks/rb-1?page=2") == '<a href="/rollbacks/rb-1?page=2">x</a>'
    assert tag("a", "x", href="#main") == '<a href="#main">x</a>'


@pytest.mark.parametrize("name", ["onclick", "OnLoad", "style", "srcdoc", 'x"y', "a b", ""])
def test_attributes_that_run_or_style_are_refused(name: str) -> None:
    """Our own page breaks its own policy."""
    with pytest.raises(ValueError, match="no attribute"):
        tag("p", **{name: "x"})


def test_elements_are_known() -> None:
    """An element slips in whose content is not text."""
    for element in ("iframe", "object", "base", "p><script"):
        assert element not in ELEMENTS
        with pytest.raises(ValueError, match="no element"):
            tag(element)


def test_nodes_are_put_together() -> None:
    """Spaces between words disappear, or numbers do."""
    made = tag(
        "p", "a ", tag("b", 1), None, [" and ", ("<c>", Html("<br>"))], class_="x", hidden=False
    )
    assert made == '<p class="x">a <b>1</b> and &lt;c&gt;<br></p>'
    assert joined(["a", "b"], between=", ") == "a, b"
    assert mark("x", "") == '<span class="mark" aria-hidden="true">x</span>'
    assert 'aria-label="passed"' in mark("x", "passed")
    assert (
        block("a\n  b\tc\x1b[2J") == "<pre><code>a\n  b c\N{REPLACEMENT CHARACTER}[2J</code></pre>"
    )
    assert block("x" * 9, limit=3).endswith("xxx\n…</code></pre>")
