from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.unit.views.hostile import hostile_text

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.testing.samples import a_deployment, a_hold, a_rollback, a_verdict
from smartspec_rollback.views import tables
from smartspec_rollback.views.escape import code, text

_PARSER = MarkdownIt("commonmark").enable("table")


@given(st.lists(hostile_text(), min_size=2, max_size=2))
def test_no_cell_breaks_its_table(cells: list[str]) -> None:
    """If it fails, a bar in a reason shifts every column after it."""
    written = tables.table(("A", "B", "C"), [(text(cells[0]), code(cells[1]), "last")])
    tokens = _PARSER.parse(written)
    contents = [t.content for t in tokens if t.type == "inline"]
    assert tokens[0].type == "table_open"
    assert len(contents) == 6
    assert contents[-1] == "last"


def test_columns_line_up_with_wide_marks() -> None:
    """If it fails, a listing in a terminal's pipe is crooked."""
    lines = tables.table(("", "What"), [("✅", "a"), ("a", "b")]).splitlines()
    assert lines[2:] == ["| ✅  | a    |", "| a   | b    |"]


def test_deployments_say_what_is_known_of_their_health() -> None:
    """If it fails, a held or failed release looks like any other in the listing."""
    entries = [
        LedgerEntry(deployment=a_deployment("deploy-3"), hold=a_hold()),
        LedgerEntry(deployment=a_deployment("deploy-2"), conclusive=a_verdict()),
        LedgerEntry(deployment=a_deployment("deploy-1")),
    ]
    held, failed, unknown = tables.deployments(entries).splitlines()[2:]
    assert "on hold: p99 latency > 200ms" in held
    assert "failed: p99 latency > 200ms" in failed
    assert "not judged" in unknown


def test_holds_say_how_they_are_lifted() -> None:
    """If it fails, people see a hold and not the way out of it."""
    assert "`smartspec hold release ID`" in tables.holds([a_hold()])


def test_history_names_what_was_rolled_back_and_how_it_ended() -> None:
    """If it fails, the history does not answer the two questions it exists for."""
    row = tables.history([a_rollback()]).splitlines()[2]
    assert [cell.strip() for cell in row.strip("|").split("|")][:6] == [
        "rb-1",
        "deploy-12345",
        "checkout/production",
        "`v1.2.1`",
        "`v1.2.0`",
        "planned",
    ]


def test_empty_listings_are_sentences() -> None:
    """If it fails, nothing recorded looks like nothing printed."""
    assert tables.deployments([]) == "No deployments are recorded.\n"
    assert tables.holds([]) == "No release is on hold.\n"
    assert tables.history([]) == "No rollbacks are recorded.\n"
