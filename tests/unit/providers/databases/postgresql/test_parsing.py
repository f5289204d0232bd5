"""Texts become trees or a problem; placeholders of every style become ``$n``."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.databases.postgresql.parsing import DEEPEST, parse

PLACEHOLDERS = {
    # as it stands: PostgreSQL's own
    "SELECT $1": "SELECT $1",
    "SELECT a ? 'k', a ?| b, a @> c, a::text, b[1:2] FROM t": (
        "SELECT a ? 'k', a ?| b, a @> c, a::text, b[1:2] FROM t"
    ),
    # question marks
    "SELECT ? FROM t WHERE a = ? AND b IN (?, ?) LIMIT ?": (
        "SELECT $1 FROM t WHERE a = $2 AND b IN ($3, $4) LIMIT $5"
    ),
    "INSERT INTO t VALUES (?,?)": "INSERT INTO t VALUES ($1,$2)",
    "SELECT a ? 'k' FROM t WHERE b = ?": "SELECT a ? 'k' FROM t WHERE b = $1",
    "SELECT a ?? 'k' FROM t WHERE b >= ?": "SELECT a ? 'k' FROM t WHERE b >= $1",
    "SELECT '?', \"?\" /* ? */ FROM t WHERE a = ? -- ?": (
        "SELECT '?', \"?\" /* ? */ FROM t WHERE a = $1 -- ?"
    ),
    "SELECT $x$ ? $x$ FROM t WHERE a=?": "SELECT $x$ ? $x$ FROM t WHERE a=$1",
    # names
    "SELECT :a::int, b[1:2], ':x' FROM t WHERE a=:b AND c = :a": (
        "SELECT $1::int, b[1:2], ':x' FROM t WHERE a=$2 AND c = $1"
    ),
    "SELECT 1 FROM t WHERE a = @wanted AND b <@ c AND d = @wanted": (
        "SELECT 1 FROM t WHERE a = $1 AND b <@ c AND d = $1"
    ),
    "SELECT sqlc.arg(x), sqlc.narg('y'), SQLC.ARG(x)": "SELECT $1, $2, $1",
    "SELECT 1 FROM t WHERE a IN (sqlc.slice(ids))": "SELECT 1 FROM t WHERE a IN ($1)",
    # Python's
    "SELECT a %% 2 FROM t WHERE a = %s AND b = %s": "SELECT a % 2 FROM t WHERE a = $1 AND b = $2",
    "SELECT 1 FROM t WHERE a = %(a)s OR b = %(b)s OR c = %(a)s": (
        "SELECT 1 FROM t WHERE a = $1 OR b = $2 OR c = $1"
    ),
    "SELECT 1 FROM t WHERE a IN %s": "SELECT 1 FROM t WHERE a IN ($1)",
    "SELECT a % 2 FROM t": "SELECT a % 2 FROM t",
    # numbers that are taken stay taken
    "SELECT $2, ?": "SELECT $2, $3",
}

REMEMBERED = [
    "SELECT 1 FROM t WHERE at > now() - INTERVAL $1",
    "SELECT 1 FROM t LIMIT $1 OFFSET $2",
    "SELECT 1 FROM t WHERE a IN ($1 /*, ... */)",
    "SELECT $1::numeric($2), date $3, extract($4 FROM at) FROM t",
    "SET statement_timeout TO $1",
    "SET x = $1",
    "SAVEPOINT $1",
    "ROLLBACK TO SAVEPOINT $1",
    "FETCH $1 FROM c",
    "DEALLOCATE $1",
    "COMMIT PREPARED $1",
    "CALL f($1)",
]


@pytest.mark.parametrize(("text", "expected"), PLACEHOLDERS.items())
def test_placeholders_of_every_style_become_numbers(text: str, expected: str) -> None:
    """Statements of other libraries would all be called unparsable, or be misread."""
    parsed = parse(text)

    assert (parsed.text, parsed.problem) == (expected, None)
    assert len(parsed.trees) == 1


@pytest.mark.parametrize("text", REMEMBERED)
def test_what_the_server_remembers_is_read(text: str) -> None:
    """pg_stat_statements writes parameters where the grammar has none."""
    assert parse(text).problem is None


def test_a_utility_hides_nothing_behind_it() -> None:
    """A broken text that only begins with BEGIN would pass for transaction control."""
    assert parse("BEGIN; UPDATE t SET a = = 1").problem is not None


def test_a_problem_names_its_line_whatever_the_encoding() -> None:
    """Positions count bytes; after a letter with an accent the line would be wrong."""
    parsed = parse("SELECT 'é',\n'ü',\nFROM WHERE x y z")

    assert "(line 3)" in (parsed.problem or "")


def test_deep_texts_are_refused_in_a_small_thread_too() -> None:
    """The parser's C code would overflow the stack and end the whole process."""
    texts = [f"SELECT {'1+' * (DEEPEST // 2 - 10)}1", f"SELECT {'1+' * 500_000}1"]
    problems: list[str | None] = []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: problems.extend(parse(t).problem for t in texts))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()

    assert [problem is not None and "nested" in problem for problem in problems] == [True, True]


def test_a_long_list_is_not_deep() -> None:
    """An INSERT of many rows would be refused."""
    rows = ", ".join(["(1, 2, now() - $1)"] * 5000)

    assert parse(f"VALUES {rows}").problem is None


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    """A strange byte in somebody's query file would crash a rollback."""
    parsed = parse(text)

    assert parsed.problem is None or not parsed.trees


@given(
    st.lists(
        st.sampled_from(
            ["SELECT", "?", "%s", ":a", "@a", "'", '"', "$x$", "(", ")", ",", "/*", "$1"]
        )
    )
)
def test_pieces_of_sql_in_any_order_are_taken(words: list[str]) -> None:
    """Rewriting placeholders would fail on text it was not made for, or half of it be taken."""
    found = parse(" ".join(words))

    assert found.problem is None or not found.trees
    assert found.problem != ""
