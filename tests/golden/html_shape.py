"""Reads HTML as a browser's parser would, as far as tests of our own documents need it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Shape(HTMLParser):
    """What a document consists of: tags in order, attributes, addresses, and its text."""

    tags: list[str] = field(default_factory=list)
    attributes: Counter[str] = field(default_factory=Counter)
    addresses: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin as the parser does; text stays as it is written."""
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes[name] += 1
            if name in {"href", "src", "action", "formaction"}:
                self.addresses.append(value or "")
            if name == "id":
                self.names.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Note where an element ends."""
        self.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        """Note what our documents never hold."""
        self.strange.append(data)

    def handle_pi(self, data: str) -> None:
        """Note what our documents never hold."""
        self.strange.append(data)

    def unknown_decl(self, data: str) -> None:
        """Note what our documents never hold."""
        self.strange.append(data)

    @property
    def text(self) -> str:
        """All text of the document."""
        return "".join(self.words)

    def without(self, *names: str) -> Iterator[str]:
        """List the tags without some elements."""
        hidden = {*names, *(f"/{name}" for name in names)}
        return (tag for tag in self.tags if tag not in hidden)


def shape(document: str) -> Shape:
    """Read a document."""
    read = Shape()
    read.feed(document)
    read.close()
    return read
