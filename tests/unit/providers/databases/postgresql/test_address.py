"""URLs of databases: read, refused, named, and never shown with their secrets."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.databases.postgresql.address import read

PRINTABLE = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=8)


def test_url_is_taken_apart() -> None:
    """We connect to another database than the one the URL names."""
    found = read(Sensitive("postgresql://shop:p%40ss@db.example:5433/orders?sslmode=require"))
    assert found.parameters == {
        "user": "shop",
        "password": "p@ss",
        "host": "db.example",
        "port": "5433",
        "dbname": "orders",
        "sslmode": "require",
    }
    assert found.identity == "postgresql://db.example:5433/orders"


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("postgres://u@db/shop", "postgresql://db:5432/shop"),
        ("postgresql://u@[::1]:99/shop", "postgresql://[::1]:99/shop"),
        ("postgresql://u@a:1,b:2/shop", "postgresql://a:1,b:2/shop"),
        ("postgresql:///shop?host=/run/pg", "postgresql:///shop?host=/run/pg"),
        ("postgresql://shop@db", "postgresql://db:5432/shop"),
    ],
)
def test_identity_names_the_database(url: str, identity: str) -> None:
    """Two databases get one name, so that the record of one is taken for the other's."""
    assert read(Sensitive(url)).identity == identity


def test_url_of_the_application_is_understood() -> None:
    """The variable that serves the application is refused for its dialect or its parameters."""
    url = "postgresql+asyncpg://u:p@db/shop?schema=tenant&connection_limit=5&sslmode=prefer"
    found = read(Sensitive(url))
    assert found.search_path == ("tenant",)
    assert found.parameters["sslmode"] == "prefer"
    assert "connection_limit" not in found.parameters


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://u:hunter2@db/shop",
        "host=db password=hunter2",
        "postgresql://u:hunter2@x@db/shop",
        "postgresql://u:hun/ter2@db/shop",
        "postgresql://u:hunter2%@db/shop",
        "postgresql://u:hunter2@db:port/shop",
        "postgresql://u:hunter2@db/shop%0aname",
        "postgresql://u:hunter2@[::1/shop",
    ],
)
def test_bad_url_is_refused_without_quoting_it(url: str) -> None:
    """A misspelled URL puts the password, or a part of it, into an error message."""
    with pytest.raises(UsageError) as caught:
        read(Sensitive(url), where="environment variable SHOP_URL")
    shown = str(caught.value)
    assert "SHOP_URL" in shown
    assert "percent" in shown or "%25" in shown
    assert "hunter2" not in shown
    assert "ter2" not in shown


@given(PRINTABLE)
def test_password_never_comes_out(password: str) -> None:
    """A message of the client library or the server shows the password."""
    written = quote(password, safe="")
    url = f"postgresql://shop:{written}@db.example:5432/orders"
    found = read(Sensitive(url))
    assert found.parameters["password"] == password
    for shown in (password, written, url):
        text = found.scrub(f'connecting with "{shown}" failed')
        assert password not in text.replace("connecting with", "").replace("failed", "")
        assert written not in text
    assert password not in repr(found)
    assert password not in found.identity


def test_scrubbed_text_is_one_line() -> None:
    """A message forges lines of a log."""
    assert read(Sensitive("postgresql://u@db/x")).scrub("a\n  b\tc") == "a b c"
