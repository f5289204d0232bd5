"""Whether Targets could be gone back on, as people read it: nothing unknown looks safe."""

import json as stdjson

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace
from tests.unit.views.hostile import HARMLESS_INLINE, hostile_text

from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.readiness import Change, Changed, Drill, Ready
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.testing.samples import NOON, a_finding, a_readiness, later
from smartspec_rollback.views import json, readiness
from smartspec_rollback.views.tables import width_of

_PARSER = MarkdownIt("commonmark").enable("table")
DRILL = Drill(
    rollback_id="rb-1",
    at=NOON,
    from_version="v1.2.1",
    to_version="v1.2.0",
    seconds=42.0,
    status=Status.SUCCEEDED,
)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Ready.READY, "Could go back to `v1.2.0` now (about 45s without the time to approve)"),
        (Ready.ATTENTION, "Could go back to `v1.2.0` now"),
        (Ready.NOT_READY, "Could not go back now: "),
        (Ready.UNKNOWN, "Not known: "),
        (Ready.NOTHING_LIVE, "Nothing is live."),
    ],
)
def test_every_answer_is_a_sentence(outcome: Ready, said: str) -> None:
    """If it fails, people in a hurry read the wrong thing first."""
    answer = a_readiness(outcome=outcome)
    assert readiness.sentence(answer).startswith(said)
    assert readiness.SIGNS[outcome] in readiness.markdown([answer])


@pytest.mark.parametrize("outcome", [Ready.NOT_READY, Ready.UNKNOWN, Ready.NOTHING_LIVE])
def test_only_what_is_ready_has_a_check_mark(outcome: Ready) -> None:
    """If it fails, unknown is shown as safe."""
    answer = a_readiness(outcome=outcome, why="✅ all is well")
    for written in (readiness.markdown([answer]), readiness.plain([answer], width=80)):
        assert "✅" not in written


def test_everything_that_stands_behind_an_answer_is_told() -> None:
    """If it fails, people see that they could not go back, and not what to do about it."""
    finding = replace(
        a_finding("capacity", Outcome.BLOCKING, summary="There is no room."), remedy="make room"
    )
    change = Change(what=Changed.FINDING, before="passed", after="blocking", name="capacity")
    answer = replace(
        a_readiness(outcome=Ready.NOT_READY, findings=(finding,)),
        drill=DRILL,
        since=later(60),
        changes=(change,),
    )
    for written in (readiness.markdown([answer]), readiness.plain([answer], width=80)):
        plain = written.replace("`", "")
        assert "capacity: There is no room. To do: make room." in plain
        assert "Last went back 2026-03-02 12:00:00 UTC (rb-1): v1.2.1 → v1.2.0 in 42s" in plain
        assert "verified stable." in plain
        assert "finding capacity: passed → blocking" in plain
        assert "2026-03-02 12:01:00 UTC" in plain


def test_a_rollback_that_was_not_stable_does_not_read_as_one_that_was() -> None:
    """If it fails, a drill that failed counts as a proof."""
    assert "not verified stable" in readiness.drill(replace(DRILL, status=Status.UNSTABLE))
    assert readiness.drill(None) == readiness.NO_DRILL


def test_nothing_configured_says_so() -> None:
    """If it fails, an empty page is taken for a clean one."""
    assert readiness.NOBODY in readiness.markdown([])
    assert readiness.NOBODY in readiness.plain([], width=80)


@given(words=st.lists(hostile_text(), min_size=4, max_size=4), outcome=st.sampled_from(Ready))
def test_hostile_text_stays_text(words: list[str], outcome: Ready) -> None:
    """If it fails, a version or an error from outside forges a line that says ready."""
    why, version, check, service = words
    answer = replace(
        a_readiness(outcome=outcome, why=why, findings=(a_finding(check, Outcome.UNKNOWN),)),
        target=Target(service=service, environment="production"),
        to_version=version,
        live_version=version,
        drill=replace(DRILL, from_version=version),
    )
    tokens = _PARSER.parse(readiness.markdown([answer]))
    assert sum(t.type == "heading_open" for t in tokens) == 2
    inline = [child for t in tokens if t.type == "inline" for child in t.children or ()]
    assert {child.type for child in inline} <= HARMLESS_INLINE
    shown = readiness.plain([answer], width=80)
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_a_listing_for_people_fits_its_width() -> None:
    """If it fails, a terminal breaks the table's lines."""
    listing, *_ = readiness.plain([a_readiness()], width=120).split("\n\n")
    assert max(map(width_of, listing.splitlines())) <= 120


def test_the_document_carries_the_exit_code() -> None:
    """If it fails, a script that reads the document sees less than one that reads the code."""
    answers = [a_readiness(), a_readiness(outcome=Ready.UNKNOWN)]
    document = stdjson.loads(json.readiness_document(answers))
    assert (document["schema"], document["exit_code"]) == ("smartspec.readiness/1", 4)
    assert [each["outcome"] for each in document["answers"]] == ["ready", "unknown"]
