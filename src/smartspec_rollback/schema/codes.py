"""The taxonomy: one stable code for each kind of change, as findings carry it.

Read by the rules, and by the reference documentation, which lists ``ALL``. A code never changes its
meaning and is never used again.
"""

from smartspec_rollback.domain.values import Value


class Code(Value):
    """One row: its number, its name in JSON, what happened, and what it usually means.

    ``old_code`` says what it means for the old version, ``reversing`` what undoing the change
    loses.
    """

    row: int
    name: str
    title: str
    old_code: str
    reversing: str


def _code(row: int, name: str, title: str, old_code: str, reversing: str) -> Code:
    return Code(row=row, name=name, title=title, old_code=old_code, reversing=reversing)


_ROWS = (
    (
        1,
        "column-added",
        "a nullable column was added",
        "safe; attention where a `SELECT *` changes; breaking where a name gets ambiguous",
        "what was set in it",
    ),
    (
        2,
        "column-added-with-default",
        "a NOT NULL column with a default was added",
        "as column-added",
        "values other than the default",
    ),
    (
        3,
        "column-added-required",
        "a NOT NULL column without a default was added",
        "breaking where the old version inserts into the table",
        "what was set in it",
    ),
    (4, "table-added", "a table was added", "safe", "its rows"),
    (
        5,
        "foreign-key-blocks-delete",
        "a new foreign key refuses deletes of the old version",
        "breaking where the old version deletes referenced rows",
        "the rows that refer",
    ),
    (
        6,
        "unused-column-dropped",
        "a column the old version does not use was dropped",
        "safe",
        "already lost",
    ),
    (7, "column-dropped", "a column the old version uses was dropped", "breaking", "already lost"),
    (
        8,
        "table-dropped",
        "a table was dropped",
        "breaking where the old version uses it",
        "already lost",
    ),
    (9, "renamed", "a table or column was renamed", "breaking where the old version uses it", ""),
    (
        10,
        "renamed-behind-view",
        "a table was renamed and a view has its old name",
        "safe where the old statements work through the view",
        "",
    ),
    (
        11,
        "schema-moved",
        "a table was moved to another schema",
        "breaking unless the search path finds it",
        "",
    ),
    (12, "split", "a column or table was split in parts", "breaking", "edits of the parts"),
    (
        13,
        "text-narrowed",
        "a text column was made shorter",
        "breaking where the old version writes longer values, otherwise attention",
        "what was cut off",
    ),
    (
        14,
        "text-widened",
        "a text column was made longer",
        "safe; breaking where rows exceed what the old version can take",
        "what is too long",
    ),
    (
        15,
        "integer-widened",
        "an integer column was made wider",
        "attention; breaking where values exceed the old range",
        "values out of the old range",
    ),
    (16, "integer-narrowed", "an integer column was made narrower", "attention", ""),
    (17, "type-changed", "a column's type became another one", "breaking", "the cast may fail"),
    (
        18,
        "numeric-to-float",
        "an exact number became a floating-point one",
        "breaking",
        "precision",
    ),
    (19, "numeric-scale-cut", "digits of a number were cut", "breaking, silently", "precision"),
    (
        20,
        "representation-changed",
        "a column's values are represented in another way",
        "breaking",
        "detail",
    ),
    (
        21,
        "enum-to-text",
        "an enum column became text",
        "attention: the order changes",
        "values that are no label",
    ),
    (22, "enum-value-added", "an enum got a label that no row has", "safe", ""),
    (
        23,
        "enum-value-written",
        "rows hold an enum label the old version does not know",
        "breaking",
        "those rows' values",
    ),
    (24, "enum-value-dropped", "an enum lost or renamed a label", "breaking", "those rows' values"),
    (
        25,
        "null-refused",
        "NOT NULL was set where the old version writes NULL",
        "breaking",
        "what was filled in",
    ),
    (
        26,
        "null-refused-unwritten",
        "NOT NULL was set where the old version never writes NULL",
        "safe with that evidence",
        "what was filled in",
    ),
    (
        27,
        "null-allowed",
        "NOT NULL was dropped",
        "breaking where NULLs are present",
        "reversing fails on the NULLs",
    ),
    (28, "default-dropped", "a default was dropped that old inserts rely on", "breaking", ""),
    (29, "default-changed", "a default was changed", "attention", ""),
    (30, "check-added", "a CHECK was added", "breaking where violated, otherwise attention", ""),
    (
        31,
        "unique-added",
        "a UNIQUE or EXCLUDE constraint or index was added",
        "breaking where violated, otherwise attention",
        "rows removed as duplicates",
    ),
    (
        32,
        "foreign-key-added",
        "a foreign key was added to a table the old version writes",
        "breaking where violated, otherwise attention",
        "",
    ),
    (
        33,
        "unique-dropped",
        "a UNIQUE constraint or index was dropped",
        "breaking where ON CONFLICT needs it or duplicates exist",
        "reversing fails on duplicates",
    ),
    (
        34,
        "constraint-dropped",
        "a CHECK or foreign key was dropped",
        "safe; attention where rows violate it",
        "reversing fails on violating rows",
    ),
    (
        35,
        "index-changed",
        "an index that demands nothing was added or dropped",
        "safe (performance)",
        "",
    ),
    (36, "view-changed", "a view was dropped or reshaped", "breaking where used", ""),
    (
        37,
        "function-changed",
        "a function was dropped or its signature changed",
        "breaking where called",
        "",
    ),
    (
        38,
        "trigger-changed",
        "a trigger was added, changed or dropped",
        "breaking where it raises or lacks a privilege",
        "rows it wrote",
    ),
    (
        39,
        "column-generated",
        "a column became generated",
        "breaking where the old version writes it",
        "values",
    ),
    (
        40,
        "identity-always",
        "a column became GENERATED ALWAYS AS IDENTITY",
        "breaking where the old version writes it",
        "values",
    ),
    (
        41,
        "access-restricted",
        "a privilege was revoked or row-level security restricts rows",
        "breaking where the old version needs it",
        "",
    ),
    (42, "collation-changed", "a collation was changed", "attention: order and equality", ""),
    (
        43,
        "partition-missing",
        "the table has no partition for some keys",
        "breaking where the old version writes such keys",
        "",
    ),
    (
        44,
        "primary-key-changed",
        "the primary key was changed",
        "safe unless ON CONFLICT needs it",
        "duplicates",
    ),
    (
        45,
        "domain-changed",
        "a domain's constraint was changed",
        "breaking where violated, otherwise attention",
        "",
    ),
    (
        46,
        "data-reformatted",
        "a migration rewrote existing values",
        "breaking where the old version depends on their form",
        "the old values",
    ),
    (
        47,
        "format-changed",
        "the new version writes values in another format",
        "breaking where the old version reads them; needs value profiles",
        "what was written",
    ),
    (
        48,
        "rows-deleted",
        "a migration deleted rows",
        "breaking where the old version needs them",
        "already lost",
    ),
    (49, "comment-changed", "a comment was changed", "safe", ""),
)

ALL: tuple[Code, ...] = tuple(_code(*row) for row in _ROWS)
"""Every code, by row."""

BY_NAME = {code.name: code for code in ALL}
BY_ROW = {code.row: code for code in ALL}

COVERAGE_LOW = _code(
    0, "coverage-low", "too little is known of what the old version asks of the database",
    "unknown", "",
)  # fmt: skip
STATEMENT_FAILS = _code(
    0, "statement-fails", "a statement fails on the new schema, for a reason no row names",
    "breaking", "",
)  # fmt: skip
MIGRATION_INCOMPLETE = _code(
    0, "migration-incomplete", "a migration was applied half-way, or is marked dirty",
    "breaking", "",
)  # fmt: skip
NOT_COMPARABLE = _code(
    0, "not-comparable", "a part of the schema could not be compared", "unknown", "",
)  # fmt: skip
SHAPE_CHANGED = _code(
    0, "result-changed", "a statement returns other columns or types, for a reason no row names",
    "attention; breaking where a type the old version reads is another one", "",
)  # fmt: skip
SEQUENCE_CHANGED = _code(
    0, "sequence-changed", "a sequence is gone, or counts in another way",
    "breaking where the old version names one that is gone, otherwise attention", "",
)  # fmt: skip

BESIDE = (
    COVERAGE_LOW, STATEMENT_FAILS, MIGRATION_INCOMPLETE, NOT_COMPARABLE, SHAPE_CHANGED,
    SEQUENCE_CHANGED,
)  # fmt: skip
"""Codes that are no row of the taxonomy: it does not speak of them."""
