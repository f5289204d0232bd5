import json as standard
from typing import Any

import msgspec
import pytest
from hypothesis import given
from tests.golden import cases
from tests.unit.views.hostile import hostile_text, report_full_of

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.errors import ConfigurationError, Problem, Refused, UnknownName
from smartspec_rollback.testing.samples import (
    a_candidate,
    a_deployment,
    a_hold,
    a_rollback,
    a_verdict,
)
from smartspec_rollback.views import json
from smartspec_rollback.views.json_documents import RollbackDocument


def _document() -> dict[str, Any]:
    written = json.rollback_document(cases.succeeded(), report_paths=("reports/rb-1.md",))
    return dict(standard.loads(written))


def test_the_rollback_document_has_what_scripts_were_promised() -> None:
    """If it fails, pipelines that read the document break."""
    document = _document()
    assert list(document)[:4] == ["schema", "rollback_id", "status", "status_detail"]
    assert document["schema"] == "smartspec.rollback/1"
    assert document["exit_code"] == 0
    assert document["plan"]["digest"] == cases.safe().digest
    assert document["plan"]["steps"][0]["parameters"] == {"to": "v1.2.0"}
    assert document["findings"][0]["evidence"][0]["source"] == "declared"
    assert document["approval"]["decisions"][0]["person"]["name"] == "bob"
    assert document["steps"][0]["started"] == "2026-03-02T12:00:20Z"
    assert document["durations"]["recovery"] == 400.0
    assert document["report_paths"] == ["reports/rb-1.md"]


def test_every_field_is_described_and_present() -> None:
    """If it fails, the published schema and the documents no longer agree."""
    schema = json.rollback_schema()
    described = schema["$defs"]["RollbackDocument"]
    assert schema["$ref"] == "#/$defs/RollbackDocument"
    assert list(described["properties"]) == list(_document())
    assert set(described["required"]) == set(_document())
    assert described["properties"]["schema"] == {"enum": ["smartspec.rollback/1"]}


def test_every_documented_key_is_in_the_docstring() -> None:
    """If it fails, the reference made from the docstring misses a key."""
    documented = json.rollback_document.__doc__ or ""
    assert [key for key in _document() if key not in documented] == []


@given(hostile_text())
def test_a_document_is_printable_and_says_exactly_what_was_recorded(text: str) -> None:
    """If it fails, a document printed on a terminal can drive it, or loses what was recorded."""
    report = report_full_of(text)
    written = json.rollback_document(report, report_paths=(text,)).decode()
    assert all(c.isprintable() or c == "\n" for c in written)
    read = msgspec.json.decode(written, type=RollbackDocument)
    assert read.reason == text
    assert read.plan.steps[0].title == text
    assert read.report_paths == (text,)


def test_the_gate_document_carries_verdict_and_exit_code() -> None:
    """If it fails, a pipeline cannot tell a failed gate from an inconclusive one."""
    document = standard.loads(json.gate_document(a_verdict(), 1))
    assert document["schema"] == "smartspec.gate/1"
    assert (document["outcome"], document["exit_code"]) == ("fail", 1)
    assert document["verdict"]["reason"] == "p99 latency > 200ms"


def test_an_error_document_says_what_where_and_what_to_do() -> None:
    """If it fails, a script that asked for JSON learns nothing from a refusal."""
    error = Refused("no known good release", where="checkout/production", remedy="choose one")
    passed_over = a_candidate(rejected=("on hold",))
    document = standard.loads(json.error_document(error, candidates=(passed_over,)))
    assert document["schema"] == "smartspec.error/1"
    assert document["error"] == "Refused"
    assert document["exit_code"] == 3
    assert document["where"] == "checkout/production"
    assert document["candidates"][0]["rejected"] == ["on hold"]


def test_an_error_document_holds_every_problem_and_the_nearest_names() -> None:
    """If it fails, mending a configuration takes one run for every fault."""
    faults = (Problem(3, "services.a", "unknown key"), Problem(9, "people", "empty", "add one"))
    configuration = standard.loads(json.error_document(ConfigurationError("f.yaml", faults)))
    assert [p["line"] for p in configuration["problems"]] == [3, 9]
    unknown = standard.loads(json.error_document(UnknownName("id", "x", nearest=("y",))))
    assert unknown["nearest"] == ["y"]


def test_an_error_about_undecodable_text_can_be_written() -> None:
    """If it fails, an argument in another encoding turns an error into a crash."""
    document = standard.loads(json.error_document(Refused("no \udcff here")))
    assert document["what"] == r"no \udcff here"


@pytest.mark.parametrize(
    ("written", "schema", "key"),
    [
        (
            json.deployments_document([LedgerEntry(deployment=a_deployment())]),
            "smartspec.deployments/1",
            "deployments",
        ),
        (json.holds_document([a_hold()]), "smartspec.holds/1", "holds"),
        (json.history_document([a_rollback()]), "smartspec.history/1", "rollbacks"),
    ],
)
def test_lists_are_documents_too(written: bytes, schema: str, key: str) -> None:
    """If it fails, a script cannot tell which list it got."""
    document = standard.loads(written)
    assert document["schema"] == schema
    assert len(document[key]) == 1
    assert written.endswith(b"\n")
