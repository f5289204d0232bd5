"""Statement files: every form is read, every bad file is a gap that names it, nothing crashes."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.statements import Collected, files, read, reading
from smartspec_rollback.providers.statements.collected import LONGEST

SQLX = {
    "db_name": "PostgreSQL",
    "query": "SELECT a FROM t WHERE b = $1 AND c = ANY($2) AND d = $3",
    "describe": {
        "columns": [{"ordinal": 0, "name": "a", "type_info": "Int8"}],
        "parameters": {"Left": ["Int8", "TextArray", {"Custom": {"name": "mood", "kind": {}}}]},
        "nullable": [False],
    },
    "hash": "0a",
}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Make a file, and the folders it lies in."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(found: Collected) -> list[str]:
    """Take the bare texts."""
    return [each.text for each in found.texts]


def gap(path: Path) -> str:
    """Read one file that is wrong; the gap says which."""
    found = read([path])
    assert found.texts == ()
    (only,) = found.gaps
    assert str(path) in only
    return only


def test_plain_sql_is_cut_in_statements_with_their_lines(tmp_path: Path) -> None:
    """A finding would not say where the statement stands."""
    path = write(
        tmp_path, "queries.sql", "-- all\nSELECT 1;\n\nSELECT ';'\n  FROM t;\n\\set x 1\nSELECT 3"
    )

    found = read([path])

    assert [(t.text, t.source) for t in found.texts] == [
        ("SELECT 1", f"{path}:2"),
        ("SELECT ';'\n  FROM t", f"{path}:4"),
        ("SELECT 3", f"{path}:7"),
    ]
    assert found.gaps == ()


def test_named_sections_need_no_semicolons(tmp_path: Path) -> None:
    """Two queries of sqlc or aiosql would run together into one that cannot be parsed."""
    path = write(
        tmp_path,
        "authors.sql",
        "-- name: GetAuthor :one\nSELECT * FROM authors WHERE id = sqlc.arg(id)\n\n"
        "-- name: ListAuthors :many\nSELECT * FROM authors;\n",
    )

    assert [(t.text, t.source) for t in read([path]).texts] == [
        ("SELECT * FROM authors WHERE id = sqlc.arg(id)", f"{path}:2"),
        ("SELECT * FROM authors", f"{path}:5"),
    ]


def test_sqlx_files_give_types_as_the_server_spells_them(tmp_path: Path) -> None:
    """The types could not be compared with those of the new schema."""
    path = write(tmp_path, ".sqlx/query-0a.json", json.dumps(SQLX))

    (text,) = read([path]).texts

    assert text == StatementText(
        text=str(SQLX["query"]), source=str(path), parameters=("bigint", "text[]", "mood")
    )


@pytest.mark.parametrize(
    "parameters", [None, {"Right": 2}, {"Left": ["Strange"]}, {"Left": [1]}, [], {"Left": {}}]
)
def test_types_that_are_not_known_are_not_claimed(tmp_path: Path, parameters: object) -> None:
    """A wrong type would make a statement fail on the new schema, a false alarm."""
    document = {"query": "SELECT 1", "describe": {"parameters": parameters}}
    path = write(tmp_path, "query-1.json", json.dumps(document))

    assert [t.parameters for t in read([path]).texts] == [None]


def test_the_older_single_file_of_sqlx_is_read(tmp_path: Path) -> None:
    """Versions from before 2023 would have no known statements."""
    document = {"db": "PostgreSQL", "a1": SQLX, "b2": {**SQLX, "query": "SELECT 2"}, "c3": 4}
    path = write(tmp_path, "sqlx-data.json", json.dumps(document))

    assert texts(read([path])) == [SQLX["query"], "SELECT 2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_export_as_csv_counts_calls(tmp_path: Path, delimiter: str) -> None:
    """Rare statements would weigh as much as those that run all the time."""
    rows = [
        ["userid", "Query", "calls"],
        ["1", '"SELECT ""a"",\n  b; c"', "12"],
        ["2", '"SELECT ""a"",\n  b; c"', "30"],
        ["3", "SELECT\u00a03", "many"],
        ["4", '""', "1"],
    ]
    content = "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows)
    path = write(tmp_path, "export.csv", content)

    found = read([path])

    assert [(t.text, t.calls) for t in found.texts] == [
        ('SELECT "a",\n  b; c', 42),
        ("SELECT\u00a03", None),
    ]
    assert found.gaps == ()


def test_an_export_as_json_and_a_list_of_texts_are_read(tmp_path: Path) -> None:
    """What people can export with one line of SQL would not be taken."""
    export = [{"query": "SELECT 1", "calls": 7, "rows": 1}, {"query": "SELECT 2", "calls": -1}]
    one = write(tmp_path, "a.json", json.dumps(export))
    two = write(tmp_path, "b.json", json.dumps(["SELECT 3", 4, None, {"calls": 1}]))

    found = read([one, two])

    assert [(t.text, t.calls) for t in found.texts] == [
        ("SELECT 1", 7),
        ("SELECT 2", None),
        ("SELECT 3", None),
    ]
    assert found.gaps == (f"{two} holds 3 entries that are no statements.",)


def test_the_same_text_from_two_sources_is_one_statement(tmp_path: Path) -> None:
    """Coverage would count a statement twice."""
    sqlx = write(tmp_path, "query-1.json", json.dumps(SQLX))
    export = write(tmp_path, "b.json", json.dumps([{"query": f" {SQLX['query']} ", "calls": 5}]))

    (text,) = read([sqlx, export]).texts

    assert (text.source, text.calls, text.parameters is None) == (str(sqlx), 5, False)


def test_folders_are_searched_for_what_is_likely_to_be_statements(tmp_path: Path) -> None:
    """A project's other JSON files, or its migrations, would be taken for the application's."""
    write(tmp_path, ".sqlx/query-0a.json", json.dumps(SQLX))
    write(tmp_path, "db/queries/items.sql", "SELECT 1;")
    write(tmp_path, "odd.sql/inner.sql", "SELECT 2;")
    write(tmp_path, "pg_stat_statements.csv", "query,calls\nSELECT 3,1\n")
    write(tmp_path, "package.json", '["SELECT 4"]')
    write(tmp_path, "db/migrations/1.sql", "SELECT 5;")
    write(tmp_path, ".git/x.sql", "SELECT 6;")

    found = read([tmp_path])

    assert sorted(texts(found)) == ["SELECT 1", "SELECT 2", "SELECT 3", SQLX["query"]]
    assert found.gaps == ()


def test_a_folder_of_migrations_is_read_where_it_is_named(tmp_path: Path) -> None:
    """Somebody's queries may well lie in a folder called so."""
    write(tmp_path, "migrations/1.sql", "SELECT 5;")

    assert texts(read([tmp_path / "migrations"])) == ["SELECT 5"]


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("a.sql", "", "is empty"),
        ("a.sql", "\ufeff \n", "is empty"),
        ("a.sql", "-- nothing but words", "holds no statement"),
        ("a.sql", b"SELECT '\xe9'", "is not UTF-8 (line 1)"),
        ("a.sql", "SELECT 1".encode("utf-16"), "is UTF-16"),
        ("a.sql", b"\x7fELF\0\0", "is binary"),
        ("a.json", "{", "is no valid JSON"),
        ("a.json", "[" * 100_000, "is no valid JSON"),
        ("a.json", '["\\ud800"]', "is no valid JSON"),
        ("a.json", "{}", "has no form that is known"),
        ("a.json", "[]", "has no form that is known"),
        ("a.json", "3", "has no form that is known"),
        ("a.json", '{"query": 3, "describe": {}}', "holds no query"),
        ("a.json", '{"db": "PostgreSQL"}', "holds no query"),
        ("a.csv", "a,b\n1,2\n", "has no column called query"),
        ("a.csv", "query,calls\n", "holds no statement"),
        ("a.rb", "SELECT 1", "has no form that is known"),
    ],
)
def test_a_bad_file_is_a_gap_that_names_it(
    tmp_path: Path, name: str, content: str | bytes, wrong: str
) -> None:
    """One bad file would end the comparison, or be passed over in silence."""
    assert wrong in gap(write(tmp_path, name, content))


def test_a_good_file_beside_a_bad_one_is_read(tmp_path: Path) -> None:
    """A single binary file would hide all statements of a project."""
    bad = write(tmp_path, "a.sql", b"\0")
    write(tmp_path, "b.sql", "SELECT 1")

    found = read([tmp_path])

    assert texts(found) == ["SELECT 1"]
    assert found.gaps == (f"{bad} is binary, and was not read.",)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A dump of 100 MB would take the memory and minutes of an incident."""
    path = tmp_path / "dump.sql"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)

    assert f"is larger than {files.LARGEST // 2**20} MB" in gap(path)


def test_a_huge_statement_is_cut_and_says_so(tmp_path: Path) -> None:
    """One generated statement would fill the ledger."""
    export = [f"SELECT '{'x' * LONGEST}'", "SELECT 'a\0b'"]
    path = write(tmp_path, "a.json", json.dumps(export))

    long, binary = read([path]).texts

    assert len(long.text) < 2000
    assert "no statement is read" in (long.problem or "")
    assert binary.problem == "it is binary, not text"


def test_a_csv_with_a_long_query_is_read(tmp_path: Path) -> None:
    """Python's own limit of 131,072 characters would end the export there."""
    path = write(tmp_path, "a.csv", f"query\n\"SELECT '{'x' * 200_000}'\"\nSELECT 2\n")

    assert len(read([path]).texts) == 2


def test_a_csv_that_breaks_off_keeps_what_was_read(tmp_path: Path) -> None:
    """An export with one field beyond all bounds would be lost as a whole."""
    path = write(tmp_path, "a.csv", f"query\nSELECT 1\n{'x' * (LONGEST * 2 + 1)}\nSELECT 2\n")

    found = read([path])

    assert texts(found) == ["SELECT 1"]
    assert "cannot be read from line 3 on" in found.gaps[0]


def test_there_is_a_limit_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of millions of statements would never come to an end, or be cut in silence."""
    monkeypatch.setattr(reading, "MOST", 2)
    monkeypatch.setattr(files, "MOST_FILES", 3)
    for n in range(5):
        write(tmp_path, f"{n}.sql", f"SELECT {n}")

    found = read([tmp_path])

    assert len(found.texts) == 2
    assert found.gaps == (
        f"{tmp_path} holds more than 3 files; the rest was not read.",
        "There are more than 2 statements; 1 of them were left out.",
    )


@pytest.mark.parametrize("kind", ["missing", "loop", "dangling"])
def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path: Path, kind: str) -> None:
    """A typing error would count as an application without statements."""
    path = tmp_path / "x.sql"
    if kind == "loop":
        path.symlink_to(path)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "nowhere")

    with pytest.raises(UsageError) as caught:
        read([path])

    assert str(path) in caught.value.what
    assert "name an existing file" in caught.value.remedy


def test_links_and_pipes_stop_nothing(tmp_path: Path) -> None:
    """A link to its own folder would be followed forever, a pipe be waited for."""
    write(tmp_path, "a.sql", "SELECT 1")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "loop.sql").symlink_to(tmp_path / "loop.sql")
    os.mkfifo(tmp_path / "pipe.sql")

    found = read([tmp_path])

    assert texts(found) == ["SELECT 1"]
    assert sorted(found.gaps) == [
        f"{tmp_path}/again is a link to a folder, and was not followed.",
        f"{tmp_path}/loop.sql cannot be opened (Too many levels of symbolic links).",
        f"{tmp_path}/pipe.sql is no regular file.",
    ]


def test_a_name_that_is_no_text_can_be_stored(tmp_path: Path) -> None:
    """A file name of other bytes would make the snapshot unwritable."""
    path = os.fsencode(tmp_path) + b"/\xff.sql"
    with open(path, "wb") as file:  # noqa: PTH123 - only a path of bytes can be no text
        file.write(b"SELECT 1")

    (text,) = read([tmp_path]).texts

    assert text.source.endswith("\\udcff.sql:1")
    assert text.source.encode()


def test_an_empty_folder_is_a_gap(tmp_path: Path) -> None:
    """The wrong folder would look like an application that asks nothing."""
    assert "holds no statements' files" in gap(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["a.sql", "a.json", "a.csv"]))
def test_any_content_is_taken(tmp_path: Path, content: bytes, name: str) -> None:
    """Bytes nobody thought of would crash a rollback."""
    found = read([write(tmp_path, name, content)])

    assert found.texts or found.gaps
