"""HTML and SVG built of elements, harmless by construction; nothing is ever parsed or patched.

Called by ``charts``, by the views in ``html`` and by the console. Every string that is no ``Html``
becomes text, whatever it holds: no tag, no attribute, no address, no control or bidirectional
character gets through. Names of elements and attributes are our own, and known here.
"""

import html
import re
from collections.abc import Iterable
from typing import TypeAlias

from smartspec_rollback.views.escape import CODE_LIMIT, TEXT_LIMIT, clean

ELEMENTS = frozenset(
    """
    a article b bdi body button caption code dd desc details div dl dt em fieldset figcaption
    figure footer form h1 h2 h3 head header html input label legend li link main meta nav ol p path
    noscript pre rect script section select option small span strong style summary svg table tbody
    td text textarea tfoot th thead time title tr tspan ul g line circle polyline
    """.split()  # noqa: SIM905 - a list of seventy quoted words is no easier to read
)
_VOID = frozenset({"input", "link", "meta"})
_ATTRIBUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_FORBIDDEN_ATTRIBUTE = re.compile(r"on.*|style|srcdoc|srcset", re.IGNORECASE)
_ADDRESSES = frozenset({"href", "action", "src", "formaction"})
_OWN_ADDRESS = re.compile(r"#[A-Za-z0-9_-]*|/(?![/\\])[A-Za-z0-9_~%./?&=+:@-]*")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Html(str):
    """Finished HTML. Made by ``tag`` and its kin only, never of text from outside."""

    __slots__ = ()


Node: TypeAlias = "Html | str | int | Iterable[Node] | None"
"""What an element may hold: finished HTML, text, nothing, or several of these."""

Attribute = str | int | float | bool | None
"""An attribute's value: True stands alone, False and None leave it out."""


def tag(element: str, /, *children: Node, **attributes: Attribute) -> Html:
    """Make an element; ``class_`` and ``for_`` lose their underscore, others get a hyphen for it.

    ValueError for an element or attribute that is none of ours, and for an address that leads
    anywhere but to this very server or page.
    """
    if element not in ELEMENTS:
        raise ValueError(f"{element!r} is no element of ours")
    opening = element + "".join(
        _attribute(name, value)
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if element in _VOID:
        return Html(f"<{opening}>")
    return Html(f"<{opening}>{joined(children)}</{element}>")


def joined(nodes: Node, *, between: str = "") -> Html:
    """Put nodes beside each other; strings are text."""
    if nodes is None:
        return Html("")
    if isinstance(nodes, Html):
        return nodes
    if isinstance(nodes, str | int):
        return text(str(nodes))
    return Html(html.escape(between).join(joined(node) for node in nodes))


def text(source: str, *, limit: int = TEXT_LIMIT) -> Html:
    """Write ``source`` as text on one line, of at most ``limit`` characters."""
    leading = " " if source[:1].isspace() else ""
    trailing = " " if source[-1:].isspace() and source.strip() else ""
    return Html(f"{leading}{html.escape(clean(source, limit=limit))}{trailing}")


def outside(source: str, *, limit: int = TEXT_LIMIT) -> Html:
    """Write text from outside so that its direction ends with it; ``(empty)`` where there is none.

    A name in Hebrew must not turn round the sentence it stands in.
    """
    return tag("bdi", Html(html.escape(clean(source, limit=limit) or "(empty)")))


def code(source: str, *, limit: int = CODE_LIMIT) -> Html:
    """Write a name or a value as code."""
    return tag("code", outside(source, limit=limit))


def block(source: str, *, limit: int = 20_000) -> Html:
    """Write text of several lines, such as SQL, as it stands."""
    lines = source[:limit].expandtabs(4).splitlines() or [""]
    shown = "\n".join(html.escape(_printable(line)) for line in lines)
    return tag("pre", tag("code", Html(shown + ("\n…" if len(source) > limit else ""))))


def prose(source: str, *, limit: int = TEXT_LIMIT) -> Html:
    """Write a sentence in which single backticks mark names, and nothing else is markup."""
    sentence = clean(source, limit=limit) or "(empty)"
    parts = sentence.split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return outside(sentence, limit=limit)
    return tag(
        "bdi",
        (code(part) if odd % 2 else Html(html.escape(part)) for odd, part in enumerate(parts)),
    )


def mark(sign: str, meaning: str) -> Html:
    """Write a sign of ours, with its meaning for who cannot see it where no word beside it says.

    Text from outside never shows one.
    """
    if not meaning:
        return Html(f'<span class="mark" aria-hidden="true">{html.escape(sign)}</span>')
    return Html(
        f'<span class="mark" role="img" aria-label="{text(meaning)}">{html.escape(sign)}</span>'
    )


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else _REPLACEMENT for c in line).replace(
        "\N{WHITE HEAVY CHECK MARK}", "(check mark)"
    )


def _attribute(name: str, value: Attribute) -> str:
    shown = name.rstrip("_").replace("_", "-")
    if not _ATTRIBUTE.fullmatch(shown) or _FORBIDDEN_ATTRIBUTE.fullmatch(shown):
        raise ValueError(f"{shown!r} is no attribute of ours")
    if value is True:
        return f" {shown}"
    written = str(value)
    if shown in _ADDRESSES and not _OWN_ADDRESS.fullmatch(written):
        raise ValueError(f"{shown} may not lead to {written[:80]!r}")
    return f' {shown}="{html.escape(clean(written, limit=4000))}"'
