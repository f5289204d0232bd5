"""Which server is meant: the token goes where it was meant to go, and nowhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.errors import UsageError
from smartspec_rollback.remote.place import place

TOKEN = {"SMARTSPEC_TOKEN": "abc"}


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://rollback.example.org", "https://rollback.example.org:443"),
        (
            "https://rollback.example.org:8443/smartspec/",
            "https://rollback.example.org:8443/smartspec",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_address_is_read_as_it_is_meant(url: str, meant: str) -> None:
    """A server behind a path, or on another port, is never reached."""
    assert str(place(url, TOKEN)) == meant


@pytest.mark.parametrize(
    "url",
    [
        "http://rollback.example.org",
        "http://10.0.0.1",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "ftp://127.0.0.1",
        "https://",
        "https://a:99999",
        "https://u:p@127.0.0.1",
        "https://example.org/a b",
        "https://example.org/a?b",
        "https://example.org/#a",
        "rollback.example.org",
    ],
)
def test_what_is_no_safe_address_is_refused(url: str) -> None:
    """The token is sent in the clear, or to somebody else."""
    with pytest.raises(UsageError):
        place(url, TOKEN)


@given(text=st.text(max_size=40))
def test_no_token_is_ever_told(text: str) -> None:
    """A token that is not one is printed into a log, to be read by everybody."""
    marked, said = f"hidden{text}", ""
    try:
        found = place("https://example.org", {"SMARTSPEC_TOKEN": marked})
    except UsageError as error:
        said = str(error)
    else:
        assert found.token.reveal() == marked.strip()
        said = f"{found} {found!r}"
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({}, "nothing says to the server who asks"),
        ({"SMARTSPEC_TOKEN": "a", "SMARTSPEC_TOKEN_FILE": "b"}, "both set"),
        ({"SMARTSPEC_TOKEN_FILE": "/nowhere/at/all"}, "cannot be read: No such file"),
        ({"SMARTSPEC_TOKEN_FILE": "a\0b"}, "cannot be read"),
    ],
)
def test_without_one_token_nothing_is_asked(environment: dict[str, str], what: str) -> None:
    """A command asks as somebody else than was meant."""
    with pytest.raises(UsageError, match=what):
        place("https://example.org", environment)


def test_a_file_holds_one_token(tmp_path: Path) -> None:
    """Somebody points at the wrong file, and all of it is sent over the network."""
    file = tmp_path / "token"
    file.write_text("abc\n")
    assert place("https://example.org", {"SMARTSPEC_TOKEN_FILE": str(file)}).token.reveal() == "abc"
    file.write_text("two\nlines\n")
    with pytest.raises(UsageError, match="no token"):
        place("https://example.org", {"SMARTSPEC_TOKEN_FILE": str(file)})
    file.write_bytes(b"\xff" * 9000)
    with pytest.raises(UsageError, match="no token"):
        place("https://example.org", {"SMARTSPEC_TOKEN_FILE": str(file)})
