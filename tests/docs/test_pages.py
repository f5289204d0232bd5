"""What people read in README and docs is true: links lead somewhere, commands can be typed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.docs.pages import PAGES, ROOT, WRITTEN, blocks, inline_code, name, prose

from smartspec_rollback.cli.gate import gate
from smartspec_rollback.cli.rollback import rollback
from smartspec_rollback.cli.umbrella import umbrella

PROGRAMS: dict[str, click.Command] = {
    "smartspec": umbrella,
    "smartspec_rollback": rollback,
    "smartspec_quality_gate": gate,
}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_LEAD_IN = ("if", "!", "then", "do", "else", "1)", "0)")
_SHELLS = ("sh", "bash", "console")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """A reader in an incident follows a link to nothing."""
    for link in _LINK.findall(re.sub(r"`[^`\n]+`", "", prose(page))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), link
        if anchor and to.suffix == ".md":
            assert anchor in anchors(to), link


def anchors(page: Path) -> set[str]:
    """List the anchors of a page's headings, made the way GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_commands_in_blocks_can_be_typed(page: Path) -> None:
    """A command that somebody copies from the page is refused: an option is gone or misspelt."""
    for words in shown_commands(page):
        program, *arguments = words
        command = PROGRAMS[program]
        command.make_context(program, arguments.copy(), resilient_parsing=False).close()
        leaf, rest = leaf_of(command, arguments, program)
        leaf.make_context(program, rest, resilient_parsing=False).close()


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_commands_in_sentences_exist(page: Path) -> None:
    """A sentence names a command or an option that does not exist."""
    for text in inline_code(page):
        program, *arguments = text.replace("[", " ").replace("]", " ").split() or [""]
        if program not in PROGRAMS or not arguments:
            continue
        leaf, rest = leaf_of(PROGRAMS[program], arguments, program)
        known = {name for each in leaf.params for name in (*each.opts, *each.secondary_opts)}
        for word in rest:
            assert not word.startswith("--") or word.partition("=")[0] in {*known, "--help"}, text


def shown_commands(page: Path) -> Iterator[list[str]]:
    """List the commands of ours in the blocks that show what to type."""
    for block in blocks(page):
        if block.language in _SHELLS:
            for line in block.text.replace("\\\n", " ").split("\n"):
                typed = line.removeprefix("$ ")
                if block.language == "console" and typed == line:
                    continue  # what the command said
                yield from _in_line(typed)


def _in_line(line: str) -> Iterator[list[str]]:
    """Split a line of shell into commands, those in `$(...)` too, and keep ours."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|<>&)")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in (*lexer, ";"):
        for inner in re.findall(r"\$\(([^)]*)\)", word):
            yield from _in_line(inner)
        if not set(word) <= set(";|<>&)"):
            words.append(word)
            continue
        while words and words[0] in _LEAD_IN:
            words.pop(0)
        if words and words[0] in PROGRAMS:
            yield words
        words = []


def leaf_of(
    command: click.Command, words: list[str], program: str
) -> tuple[click.Command, list[str]]:
    """Follow subcommands as far as there are any; an unknown one fails."""
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        context = click.Context(command, info_name=program)
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]} in {program} {' '.join(words)}"
        command, rest = found, rest[1:]
    return command, rest


def test_readme_names_real_targets() -> None:
    """The first thing that somebody types after cloning fails."""
    readme = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in readme
    for page in WRITTEN:
        for target in re.findall(r"`make ([a-z]+)`", page.read_text("utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{name(page)}: {target}"


def test_nothing_names_the_machine_it_was_captured_on() -> None:
    """A page shows a path that exists on one machine only."""
    for page in PAGES:
        found = re.findall(r"/(?:work|tmp|root)/[\w./-]*", page.read_text("utf-8"))
        assert not found, f"{name(page)}: {found}"


def test_index_names_every_page() -> None:
    """A page that no index leads to is never read."""
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    linked = {
        (ROOT / "docs" / link).resolve() for link in _LINK.findall(index) if "://" not in link
    }
    for page in (ROOT / "docs").rglob("*.md"):
        assert page in linked or page.name == "README.md", name(page)
