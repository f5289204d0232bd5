"""Cutting SQL: nothing is lost, and semicolons count only where they end a statement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.sql_text import Piece, depth, statements, tokens

SQL = st.lists(
    st.sampled_from(
        [
            *"'\"$;()-/*\\ \n`eE",
            "$$",
            "$a$",
            "/*",
            "*/",
            "--",
            "BEGIN ATOMIC",
            "END",
            "select",
            "$1",
        ]
    )
).map("".join)


@given(st.one_of(st.text(), SQL))
def test_tokens_are_the_whole_text(text: str) -> None:
    """A character that falls between two tokens would vanish from a statement."""
    assert "".join(text[t.start : t.end] for t in tokens(text)) == text


@given(st.one_of(st.text(), SQL))
def test_pieces_stand_where_they_say(text: str) -> None:
    """Findings would point at the wrong line of a file."""
    for piece in statements(text):
        assert piece.text in "\n".join(text.split("\n")[piece.line - 1 :])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ; ;; -- nothing\n /* at ; all */", []),
        ("a; b", [("a", 1), ("b", 1)]),
        ("-- one;\n\nselect 1 -- two;\n;\nselect 2", [("select 1", 3), ("select 2", 5)]),
        ("select ';', E'\\';', \";\", $$;$$, $x$ $$; $x$", None),
        ("select '\\'; b", [("select '\\'", 1), ("b", 1)]),
        ("select /* /* ; */ ; */ 1", None),
        ("select 'it''s; fine'", None),
        (
            "insert into t values ('a\n;\nb');\nx",
            [("insert into t values ('a\n;\nb')", 1), ("x", 4)],
        ),
        ("create rule r as on insert to t do (delete from u; delete from v)", None),
        (
            "create function f() begin atomic select case when a then b end; c; end; x",
            [
                (
                    "create function f() begin atomic select case when a then b end; c; end",
                    1,
                ),
                ("x", 1),
            ],
        ),
        ("create function f() returns int as $$ begin; end; $$ language plpgsql", None),
        ("select 'not ended; x", None),
        ("select $1; select $2", [("select $1", 1), ("select $2", 1)]),
        ("begin; end; x", [("begin", 1), ("end", 1), ("x", 1)]),
        ("select `a;b`", None),
    ],
)
def test_semicolons_count_where_they_end_a_statement(
    text: str, expected: list[tuple[str, int]] | None
) -> None:
    """A statement would be read as two broken ones, or two as one. None: it is one, whole."""
    wanted = [Piece(t, n) for t, n in ([(text, 1)] if expected is None else expected)]

    assert list(statements(text)) == wanted


def test_lines_begin_where_the_text_begins() -> None:
    """A section of a file would be told with the lines of the section."""
    assert [p.line for p in statements("a;\nb", line=7)] == [7, 8]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("a + b + c", 5), ("a, b, c", 2), ("f(g(a))", 5), ("(a), (b), (c) /* x y */", 3)],
)
def test_depth_bounds_what_lies_inside_each_other(text: str, expected: int) -> None:
    """The parser's stack would overflow, or a long list would be refused."""
    assert depth(text) == expected
