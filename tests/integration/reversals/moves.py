"""More pairs: renames, moves of values, labels of enums."""
# ruff: noqa: S608, ISC004 - these texts are SQL of ours, in lines that fit the page

from collections.abc import Iterator

from tests.integration.reversals.pairs import ALL, ITEM, OWNERS, Pair, script

# name, up, down, and what kept queries call differently on the new schema
_RENAMES = [
    ("column", "ALTER TABLE items RENAME COLUMN note TO remark",
     "ALTER TABLE items RENAME COLUMN remark TO note", ("note", "remark")),
    ("column under a view", "ALTER TABLE items RENAME COLUMN price TO cost",
     "ALTER TABLE items RENAME COLUMN cost TO price", ("price", "cost")),
    ("table", "ALTER TABLE items RENAME TO goods", "ALTER TABLE goods RENAME TO items",
     ("items", "goods")),
    ("table through another", "ALTER TABLE items RENAME TO a; ALTER TABLE a RENAME TO goods",
     "ALTER TABLE goods RENAME TO b; ALTER TABLE b RENAME TO items", ("items", "goods")),
    ("schema", "CREATE SCHEMA shop; ALTER TABLE items SET SCHEMA shop",
     "ALTER TABLE shop.items SET SCHEMA public; DROP SCHEMA shop", ("items", "shop.items")),
    ("two columns crosswise", "ALTER TABLE items RENAME COLUMN name TO x; "
     "ALTER TABLE items RENAME COLUMN note TO name; ALTER TABLE items RENAME COLUMN x TO note",
     "ALTER TABLE items RENAME COLUMN name TO x; ALTER TABLE items RENAME COLUMN note TO name; "
     "ALTER TABLE items RENAME COLUMN x TO note", None),
    ("primary key", "ALTER TABLE items RENAME COLUMN id TO item_id",
     "ALTER TABLE items RENAME COLUMN item_id TO id", None),
]  # fmt: skip


def _renames() -> Iterator[Pair]:
    for name, up, down, words in _RENAMES:
        new = ALL if words is None else ALL.replace(*words)
        write = ITEM if words is None else ITEM.replace(*words)
        if name == "two columns crosswise":
            new = ALL.replace(" name,", " @,").replace(" note,", " name,").replace(" @,", " note,")
            write = "INSERT INTO items (id, note) VALUES (70, 'Desk')"
        if name == "primary key":
            new, write = ALL.replace("SELECT id", "SELECT item_id"), ITEM.replace("(id", "(item_id")
        yield Pair(f"rename {name}", up, down, (write,), ((new, ALL), (OWNERS, OWNERS)))
        yield Pair(f"rename {name}, empty down", up, "", (write,), ((new, ALL),))
    label = "SELECT id, mood::text FROM items"
    yield Pair(
        "rename a label",
        "ALTER TYPE mood RENAME VALUE 'calm' TO 'quiet'",
        "ALTER TYPE mood RENAME VALUE 'quiet' TO 'calm'",
        (ITEM,),
        ((label.replace("mood::text", "replace(mood::text, 'quiet', 'calm')"), label),),
    )
    yield Pair(
        "rename a type",
        "ALTER TYPE mood RENAME TO temper",
        "ALTER TYPE temper RENAME TO mood",
    )
    yield Pair(
        "rename a constraint",
        "ALTER TABLE items RENAME CONSTRAINT items_qty_check TO qty_sane",
        "ALTER TABLE items RENAME CONSTRAINT qty_sane TO items_qty_check",
    )


_MOVE = "SELECT id, note FROM items"
_PHONES = "SELECT id, phone FROM owners"


def _moves() -> Iterator[Pair]:
    split = script(
        "CREATE TABLE notes (item_id int PRIMARY KEY REFERENCES items, note text)",
        "INSERT INTO notes SELECT id, note FROM items",
        "ALTER TABLE items DROP COLUMN note",
    )
    back = "ALTER TABLE items ADD COLUMN note text"
    fill = "UPDATE items SET note = n.note FROM notes AS n WHERE n.item_id = items.id"
    drop = "DROP TABLE notes"
    seen = "SELECT item_id, note FROM notes"
    write = ("UPDATE notes SET note = 'moved' WHERE item_id = 2",)
    for name, down in {
        "": script(back, fill, drop),
        " but forgets to copy": script(back, drop),
        " but not all": script(back, f"{fill} AND n.note <> 'moved'", drop),
        " but only short ones": script(back, f"{fill} AND length(n.note) < 3", drop),
        " cut": script(back, fill.replace("n.note FROM", "left(n.note, 3) FROM"), drop),
        " in capitals": script(back, fill.replace("n.note FROM", "upper(n.note) FROM"), drop),
        " into the wrong rows": script(back, fill.replace("= items.id", "= items.id + 1"), drop),
        " in reverse order": script(drop, back),
    }.items():
        yield Pair(f"split, back{name}", split, down, write, ((seen, _MOVE),))
    many = split.replace("item_id int PRIMARY KEY", "item_id int NOT NULL")
    yield Pair(
        "split into many, back to one",
        many,
        script(back, fill, drop),
        ("INSERT INTO notes VALUES (1, 'second'), (1, 'third')",),
        ((seen, _MOVE),),
    )
    merge = "ALTER TABLE items ADD COLUMN phone text"
    take = "UPDATE items SET phone = o.phone FROM owners AS o WHERE o.id = items.owner_id"
    yield Pair(
        "copy a column to its children, and drop it",
        script(merge, take, "ALTER TABLE owners DROP COLUMN phone"),
        script(
            "ALTER TABLE owners ADD COLUMN phone text",
            "UPDATE owners SET phone = i.phone FROM items AS i WHERE i.owner_id = owners.id",
            "ALTER TABLE items DROP COLUMN phone",
        ),
        ("UPDATE items SET phone = '112' WHERE id = 2",),
        (("SELECT owner_id, phone FROM items WHERE phone IS NOT NULL", _PHONES),),
    )
    yield Pair(
        "put two columns together",
        script(
            "ALTER TABLE items ADD COLUMN label text",
            "UPDATE items SET label = concat(name, ' / ', note)",
            "ALTER TABLE items DROP COLUMN note",
        ),
        script(
            back,
            "UPDATE items SET note = split_part(label, ' / ', 2)",
            "ALTER TABLE items DROP COLUMN label",
        ),
        ("UPDATE items SET label = 'a / b / c' WHERE id = 1",),
        (("SELECT id, substr(label, strpos(label, ' / ') + 3) FROM items WHERE id = 1",
          "SELECT id, note FROM items WHERE id = 1"), ("SELECT 1 FROM items WHERE false", _MOVE)),
    )  # fmt: skip
    for column in ("note", "code", "made"):
        type_ = {"note": "text", "code": "varchar(20)", "made": "timestamp"}[column]
        up = script(
            f"ALTER TABLE items ADD COLUMN fresh {type_}",
            f"UPDATE items SET fresh = {column}",
            f"ALTER TABLE items DROP COLUMN {column}",
        )
        value = "'2001-02-03 04:05:06'" if column == "made" else "'fresh'"
        for name, fill_ in {
            "": f"UPDATE items SET {column} = fresh",
            " where there is any": f"UPDATE items SET {column} = fresh WHERE fresh IS NOT NULL",
            " of old rows": f"UPDATE items SET {column} = fresh WHERE id < 50",
            " of most": f"UPDATE items SET {column} = nullif(fresh, {value})",
        }.items():
            yield Pair(
                f"replace {column}, back{name}",
                up,
                script(
                    f"ALTER TABLE items ADD COLUMN {column} {type_}",
                    fill_,
                    "ALTER TABLE items DROP COLUMN fresh",
                ),
                (f"INSERT INTO items (id, fresh) VALUES (77, {value})",),
                (("SELECT id, fresh FROM items", f"SELECT id, {column} FROM items"),),
            )


_RECREATED = (
    "CREATE TYPE mood_before AS ENUM ('calm', 'wild')",
    "ALTER TABLE items ALTER COLUMN mood TYPE mood_before USING {}",
    "DROP TYPE mood",
    "ALTER TYPE mood_before RENAME TO mood",
)


def _labels() -> Iterator[Pair]:
    label = "SELECT id, mood::text FROM items"
    for value in ("glum", "calm"):
        for name, using in {
            "cast": "mood::text::mood_before",
            "mapped": "CASE mood::text WHEN 'glum' THEN 'calm' ELSE mood::text END::mood_before",
            "to NULL": "nullif(mood::text, 'glum')::mood_before",
        }.items():
            yield Pair(
                f"add a label, {value} written, back {name}",
                "ALTER TYPE mood ADD VALUE 'glum'",
                script(*(line.format(using) for line in _RECREATED)),
                (f"UPDATE items SET mood = '{value}' WHERE id = 2",),
                ((label, label),),
            )
        yield Pair(
            f"add a label, {value} written, empty down",
            "ALTER TYPE mood ADD VALUE 'glum' BEFORE 'wild'",
            "",
            (f"UPDATE items SET mood = '{value}' WHERE id = 2",),
            ((label, label),),
        )
    yield Pair(
        "add a label, delete its rows",
        "ALTER TYPE mood ADD VALUE 'glum'",
        script(
            "DELETE FROM items WHERE mood = 'glum'",
            *(line.format("mood::text::mood_before") for line in _RECREATED),
        ),
        ("UPDATE items SET mood = 'glum' WHERE id = 2",),
        ((label, label),),
    )
    yield Pair(
        "enum made anew, the same",
        script(*(line.format("mood::text::mood_before") for line in _RECREATED)),
        script(*(line.format("mood::text::mood_before") for line in _RECREATED)),
        kept=((label, label),),
    )


def moves() -> tuple[Pair, ...]:
    """Give these pairs; names are unique."""
    return (*_renames(), *_moves(), *_labels())
