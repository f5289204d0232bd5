"""Pieces that the terminal views share: sentences, headlines, lists, facts.

Text from outside becomes ``Text``, never console markup, after ``escape.clean``.
"""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from smartspec_rollback.domain.finding import Finding, Outcome
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import CODE_LIMIT, TEXT_LIMIT, clean

NAME = "bold cyan"
FAINT = "dim"
STRONG = "bold"
MARK_STYLES = {
    wording.PASSED: "green",
    wording.ATTENTION: "yellow",
    wording.BLOCKING: "red",
    wording.UNKNOWN: "magenta",
    wording.BEGUN: "cyan",
    wording.NOTED: FAINT,
}
_INDENT = 2
_ABOUT_INDENT = 7


def sentence(source: str, *, style: str = "", limit: int = TEXT_LIMIT) -> Text:
    """Write a sentence; names between single backticks are set off instead of quoted."""
    parts = clean(source, limit=limit).split("`")
    if len(parts) % 2 == 0:
        return Text("`".join(parts), style=style)
    written = Text(style=style)
    for odd, part in enumerate(parts):
        written.append(part, style=NAME if odd % 2 else None)
    return written


def name(source: str) -> Text:
    """Write a name or a value."""
    return Text(clean(source, limit=CODE_LIMIT), style=NAME)


def banner(mark: str, word: str, *sentences: str) -> RenderableType:
    """Write the one thing to read between two lines: mark and word first, then sentences.

    No box: terminals disagree about how wide marks are, and a broken frame helps nobody.
    """
    colour = MARK_STYLES[mark]
    head = Text.assemble((f"{mark} {clean(word).upper()}", f"bold {colour}"))
    body = (sentence(s, style=STRONG) for s in sentences if s)
    inside = Padding(Group(head, *body), (0, _INDENT))
    return Group(Rule(style=colour), inside, Rule(style=colour))


def heading(title: str) -> RenderableType:
    """Write a section's title, with an empty line before it."""
    return Group("", Text(title, style="bold underline"))


def facts(rows: Iterable[tuple[str, Text]]) -> RenderableType:
    """Write labelled values in two columns."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=FAINT, no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for label, value in rows:
        grid.add_row(label, value)
    return Padding(grid, (0, _INDENT))


def bullet(mark: str, said: Text) -> RenderableType:
    """Write one marked line, as in the Markdown: ``[✅] No …``."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row(Text(f"[{mark}]", style=MARK_STYLES[mark]), said)
    return Padding(grid, (0, 0, 0, _INDENT))


def inset(said: RenderableType) -> RenderableType:
    """Write something under a heading."""
    return Padding(said, (0, 0, 0, _INDENT))


def about(said: Text) -> RenderableType:
    """Write a line about the one above, indented."""
    return Padding(said, (0, 0, 0, _ABOUT_INDENT))


def labelled(label: str, source: str, *, style: str = "") -> Text:
    """Write ``label: sentence``."""
    return Text.assemble((f"{label}: ", style or FAINT), sentence(source, style=style))


def findings(found: tuple[Finding, ...]) -> Iterable[RenderableType]:
    """List findings: passed ones in a line, the others with evidence and what to do."""
    for finding in wording.ordered(found):
        yield bullet(wording.MARKS[finding.outcome], sentence(finding.summary))
        if finding.override is not None:
            override = finding.override
            yield about(labelled(f"overridden by {clean(override.by)}", override.reason))
        if finding.outcome is Outcome.PASSED:
            continue
        for evidence in finding.evidence:
            stated = f"{evidence.value} ({evidence.source})"
            yield about(labelled(clean(evidence.fact), stated, style=FAINT))
        if finding.remedy:
            yield about(labelled("to do", finding.remedy, style=STRONG))
