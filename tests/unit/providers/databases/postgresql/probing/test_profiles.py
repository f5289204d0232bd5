"""Profiles and samples, taken on real servers where somebody switched them on."""

from tests.unit.providers.databases.postgresql.looking import LIMIT, looks, somebody, soon

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.domain.workload import ColumnProfile
from smartspec_rollback.providers.databases.postgresql.probing.profiles import profiles, samples

_TABLES = """
CREATE TABLE items (
    id int, name varchar(20), note jsonb, raw bytea,
    twice int GENERATED ALWAYS AS (id * 2) STORED
);
INSERT INTO items VALUES
    (1, 'Jo', '{"a": 1, "b": 2}', '\\x00'), (30, NULL, '[1]', NULL), (4, 'Jane', '{"c": {}}', NULL);
CREATE TABLE many AS SELECT n AS id FROM generate_series(1, 1000) AS n;
"""


def _relation(name: str, /, **columns: str) -> Relation:
    return Relation(
        schema="public",
        name=name,
        kind=RelationKind.TABLE,
        columns=tuple(
            Column(
                name=column,
                type=type_,
                nullable=True,
                position=n,
                generated="(id * 2)" if column == "twice" else None,
            )
            for n, (column, type_) in enumerate(columns.items(), start=1)
        ),
    )


_CATALOG = Catalog(
    kind="postgresql",
    version="18",
    relations=(
        _relation(
            "items",
            id="integer",
            name="character varying(20)",
            note="jsonb",
            raw="bytea",
            twice="integer",
        ),
        _relation("many", id="integer"),
        _relation("gone", id="integer"),
    ),
)


def test_profiles_tell_what_columns_hold(database: str) -> None:
    """A changed format, or a value the old version can't read, is compared with wrong figures."""
    with somebody(database) as owner:
        owner.execute(_TABLES)
    taken = {
        (p.relation, p.column): p
        for p in profiles(looks(database), _CATALOG, limit=LIMIT, deadline=soon())
    }
    assert taken["public.items", "name"] == ColumnProfile(
        relation="public.items",
        column="name",
        nulls=1,
        rows=3,
        longest=4,
        low="Jane",
        high="Jo",
        labels=("Jane", "Jo"),
    )
    assert (taken["public.items", "id"].low, taken["public.items", "id"].high) == ("1", "30")
    assert taken["public.items", "note"].keys == ("a", "b", "c")
    assert taken["public.items", "raw"].nulls == 2
    assert taken["public.many", "id"].labels is None
    assert not [key for key in taken if key[0] == "public.gone"]


def test_samples_are_rows_as_text(database: str) -> None:
    """A rehearsal with recorded rows can't insert them."""
    with somebody(database) as owner:
        owner.execute(_TABLES)
    items, many = samples(looks(database), _CATALOG, rows=2, limit=LIMIT, deadline=soon())
    assert items.columns == ("id", "name", "note", "raw")
    assert items.rows == (("1", "Jo", '{"a": 1, "b": 2}', "\\x00"), ("30", None, "[1]", None))
    assert len(many.rows) == 2


def test_nothing_is_read_above_the_limit_or_without_time(database: str) -> None:
    """A large table is read in full while production is down."""
    with somebody(database) as owner:
        owner.execute(_TABLES)
    assert profiles(looks(database), _CATALOG, limit=100, deadline=soon()) == ()
    assert samples(looks(database), _CATALOG, rows=1, limit=100, deadline=soon()) == ()
    assert profiles(looks(database), _CATALOG, limit=LIMIT, deadline=soon(0)) == ()
