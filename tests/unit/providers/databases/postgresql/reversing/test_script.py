"""Cutting scripts as psql would read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.databases.postgresql.reversing.script import cut


def _texts(script: str) -> list[str]:
    return [command.text for command in cut(script, "up.sql")]


def test_statements_are_cut_where_they_end() -> None:
    """Half a function is executed, or two statements as one."""
    assert _texts(
        "SELECT ';'; -- a;b\n\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;\r\n"
        "DO $x$ BEGIN; END $x$"
    ) == [
        "SELECT ';'",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
        "DO $x$ BEGIN; END $x$",
    ]


def test_what_dumps_say_to_psql_is_passed_over() -> None:
    """A dump cannot be loaded, or a statement after such a line is lost."""
    script = "\\connect shop\n\\restrict x\n\nSELECT 1;\n\\unrestrict x\n"
    assert _texts(script) == ["SELECT 1"]
    assert cut(script, "up.sql")[0].source == "up.sql:4"


@pytest.mark.parametrize("command", ["\\i a.sql", "\\copy t from x", "\\gexec", "  \\! ls"])
def test_other_commands_of_psql_are_refused(command: str) -> None:
    """What a script does by psql is left out without a word."""
    with pytest.raises(UsageError, match="cannot be run here"):
        cut(f"SELECT 1;\n{command}\n", "up.sql")


@given(st.text(alphabet="\\.abc;'\"$-/*\n \t()", max_size=80))
def test_no_text_breaks_the_cutter(text: str) -> None:
    """A strange file ends in a traceback."""
    try:
        commands = cut(text, "up.sql")
    except UsageError:
        return
    assert all(command.text.strip() for command in commands)


@given(st.lists(st.sampled_from(["SELECT 1", "SELECT 'a;''b'", 'SELECT 1 AS ";"']), max_size=9))
def test_every_statement_is_found_again(statements: list[str]) -> None:
    """Statements are lost or run twice."""
    assert _texts(";\n".join(statements)) == statements
