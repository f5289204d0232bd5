"""What reversing a migration would lose: seen by executing it on scratch copies.

Made by a database provider's ``reverse``, shown by ``smartspec schema reversal``. "Lossless" is
said only of what was executed and compared, row by row and value by value, and of nothing else.
"""

from enum import StrEnum

from smartspec_rollback.domain.values import Value


class ReversalVerdict(StrEnum):
    """What is said of a reversal. What could not be tested is never lossless."""

    LOSSLESS = "lossless"
    LOSES = "loses"
    FAILS = "fails"


class Loss(Value):
    """Something that is gone after the reversal, or of which that could not be ruled out.

    ``relation`` is qualified, as the new version calls it, empty where no single one is concerned;
    ``column`` None means whole rows. ``rows`` were seen to be lost among those that were written;
    None: none was, but not every case could be tried. ``statement`` is the one that loses it, empty
    where that is not known; ``what`` says it for people.
    """

    relation: str
    column: str | None
    rows: int | None
    statement: str
    what: str


class Reversal(Value):
    """What came of up, writes and down.

    ``failed_statement`` is the statement of the down migration that failed and
    ``failed_message`` the server's words. ``schema_differences`` are lines of the schema that down
    did not restore: ``- `` was there before, ``+ `` is there after. ``writes`` is ``given`` or
    ``made up``; ``written`` counts the rows. ``notes`` say what was left out.
    """

    verdict: ReversalVerdict
    reason: str
    losses: tuple[Loss, ...] = ()
    schema_differences: tuple[str, ...] = ()
    failed_statement: str | None = None
    failed_message: str = ""
    writes: str = "made up"
    written: int = 0
    server: str = ""
    notes: tuple[str, ...] = ()
