"""What a person at a terminal sees of commands whose piped output is Markdown."""

from collections.abc import Sequence

import pytest
from tests.acceptance.commands import Typed, seed
from tests.acceptance.terminal import at_terminal

RECORD = ("deployment", "record", "--service", "checkout", "--environment", "production")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("history",), "rb-waiting"),
        (("deployment", "list"), "d1"),
        (("deployment", "show", "d1"), "the page is blank"),
        (("local", "status"), "Nothing is live."),
        (("doctor",), "can be read and written"),
    ],
    ids=str,
)
def test_no_markdown_at_a_terminal(typed: Typed, words: Sequence[str], shown: str) -> None:
    """If this failed, people in an incident would read the markup of a table, not the table."""
    seed(typed.ledger)
    typed(*RECORD, "--id", "d1", "--version", "v1")
    typed("deployment", "mark", "d1", "failed", "--reason", "the page is blank")
    done = at_terminal("smartspec", *words, folder=typed.folder)
    assert shown in " ".join(done.out.split())
    assert not set("`|") & set(done.out)
    assert not any(line.startswith(("#", "- ")) for line in done.out.splitlines())
