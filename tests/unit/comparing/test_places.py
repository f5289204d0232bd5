"""Places typed by people: what they name, and that their secrets are never repeated."""

from pathlib import Path

import pytest

from smartspec_rollback.comparing import Look, database, is_recorded, laboratory, load
from smartspec_rollback.domain.values import canonical
from smartspec_rollback.errors import SmartSpecError, UnknownName, UsageError
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.database_samples import a_snapshot

SECRET = "hunter2"
URL = f"postgresql://shop:{SECRET}@db.example/shop"


def refused(place: str) -> SmartSpecError:
    """Name a database that cannot be, and give the error; it never holds the secret."""
    with pytest.raises(UsageError) as caught:
        _ = database(place, clock=SystemClock(), look=Look()).identity
    assert SECRET not in f"{caught.value!s} {caught.value!r}"
    return caught.value


@pytest.mark.parametrize(
    "place", [URL, "postgres://db/x", "env:URL", "file:url", "POSTGRESQL://db/x"]
)
def test_databases_are_told_from_files(place: str) -> None:
    """A URL is looked for as a file, and repeated when there is none."""
    assert not is_recorded(place)


@pytest.mark.parametrize("place", ["a.json", "-", "./env/a.json", "/home/x"])
def test_files_are_told_from_databases(place: str) -> None:
    """A snapshot is taken for a database's URL."""
    assert is_recorded(place)


def test_a_url_may_be_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password has to be typed, and everybody on the machine reads it."""
    (tmp_path / "url").write_text(f" {URL}\n")
    monkeypatch.setenv("SHOP_URL", URL)
    for place in (URL, "env:SHOP_URL", f"file:{tmp_path}/url"):
        made = database(place, clock=SystemClock(), look=Look())
        assert made.identity == "postgresql://db.example:5432/shop"


def test_unknown_kinds_name_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell what would have been right, or the variable's content is printed."""
    assert isinstance(refused(f"oracle://shop:{SECRET}@db/x"), UnknownName)
    assert "postgres" in refused(f"postgre://shop:{SECRET}@db/x").remedy
    monkeypatch.setenv("ODD", f"{SECRET}://db")
    assert "postgresql://" in refused("env:ODD").remedy


@pytest.mark.parametrize(
    "content", [SECRET.encode(), b"\xff\xfe\x00", b"", f"host=db password={SECRET}".encode()]
)
def test_files_that_hold_no_url_are_refused(tmp_path: Path, content: bytes) -> None:
    """A file of another kind is printed, with what is secret in it."""
    (tmp_path / "url").write_bytes(content)
    assert refused(f"file:{tmp_path}/url").remedy


@pytest.mark.parametrize(
    "place",
    ["lalala", "env:SMARTSPEC_NOT_SET", "file:/nowhere", "file:/", "postgresql://[broken/x"],
)
def test_what_names_no_database_is_refused(place: str) -> None:
    """A mistyped place is an internal error."""
    assert refused(place).what


@pytest.mark.parametrize(
    "place", [f"shop:{SECRET}@db/shop", f"host=db password={SECRET}", f"//shop:{SECRET}@db"]
)
def test_a_mistyped_url_is_not_repeated(place: str) -> None:
    """A URL without its scheme is taken for a file, and its password is printed."""
    with pytest.raises(UsageError) as caught:
        load(place)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_snapshots_are_read(tmp_path: Path, mark: bytes) -> None:
    """What was recorded cannot be read again."""
    recorded = a_snapshot()
    (tmp_path / "a.json").write_bytes(mark + canonical(recorded))
    assert load(str(tmp_path / "a.json")) == recorded


WHOLE = canonical(a_snapshot())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        WHOLE[:-20],
        WHOLE.replace(b'"nullable":true', b'"nullable":"maybe"'),
        WHOLE.replace(b"schema-snapshot/1", b"schema-snapshot/2"),
        WHOLE.replace(b"schema-snapshot/1", b"schema-comparison/1"),
        b"[" * 200_000,
        b'{"catalog":' * 50_000,
        WHOLE.decode().encode("utf-16"),
        WHOLE.replace(b"orders", b"\xe9\xff"),
        b"\x00\x01\x02",
    ],
    ids=range(13),
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    """Half a schema is compared, and what is missing looks dropped, or harmless."""
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load(str(tmp_path / "a.json"))
    assert caught.value.where.endswith("a.json")
    assert caught.value.remedy


def test_a_snapshot_of_an_unknown_kind_is_refused() -> None:
    """A snapshot of a database nobody knows ends in an internal error."""
    with pytest.raises(UnknownName):
        laboratory("oracle")
