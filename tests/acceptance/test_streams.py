"""What goes where: one document on standard output, everything else on standard error."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.acceptance.commands import Typed, installed, seed

from smartspec_rollback.store.sqlite import SqliteStore

ERRORS: Sequence[Sequence[str]] = [
    ("smartspec_rollback", "--failed-deployment-id", "nobody-knows"),
    ("smartspec_rollback", "--failed-deployment-id", "a b"),
    ("smartspec_rollback",),
    ("smartspec_quality_gate", "--deployment-id", "nobody-knows"),
    ("show", "rb-1"),
    ("approve", "rb-1"),
    ("local", "deploy", "--version", "v1"),
    ("rolback",),
]


@pytest.mark.parametrize("words", ERRORS, ids=" ".join)
def test_errors_are_documents_too(typed: Typed, words: Sequence[str]) -> None:
    """If this failed, a script that reads JSON would break just when something is wrong."""
    done = typed(*words, "--format", "json")
    assert done.code in {2, 3, 4}
    assert done.document["schema"] == "smartspec.error/1"
    assert done.document["exit_code"] == done.code
    assert done.document["what"]
    assert done.err == "" or "error:" not in done.err
    assert typed(*words, "--format=json").document == done.document


def test_results_are_one_document(typed: Typed) -> None:
    """If this failed, a progress line or a warning would be read as part of a result."""
    seed(typed.ledger)
    record = ("deployment", "record", "--id", "d1", "--service", "checkout")
    schemas = {
        (*record, "--environment", "production", "--version", "v1"): "smartspec.deployments/1",
        ("deployment", "list"): "smartspec.deployments/1",
        ("deployment", "show", "d1"): "smartspec.deployments/1",
        ("deployment", "mark", "d1", "healthy"): "smartspec.gate/1",
        ("hold", "list"): "smartspec.holds/1",
        ("history",): "smartspec.history/1",
        ("show", "rb-waiting"): "smartspec.plan/1",
        ("show", "rb-waiting", "--report"): "smartspec.rollback/1",
        ("approve", "rb-waiting"): "smartspec.answer/1",
        ("audit", "verify"): "smartspec.audit/1",
        ("local", "status"): "smartspec.local/1",
        ("doctor",): "smartspec.doctor/1",
        ("init", "--folder", "new"): "smartspec.init/1",
    }
    for words, schema in schemas.items():
        done = typed(*words, "--format", "json")
        assert done.document["schema"] == schema, words


def test_text_is_markdown_when_piped(typed: Typed) -> None:
    """If this failed, logs would be full of colour codes and boxes."""
    seed(typed.ledger)
    for words in (("history",), ("show", "rb-waiting"), ("show", "rb-waiting", "--report")):
        text, markdown = typed(*words), typed(*words, "--format", "markdown")
        assert text.out == markdown.out
        assert "\x1b" not in text.out
        assert text.out.endswith("\n")


def test_quiet_and_verbose(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a bug would hide its place from whoever asks, or show it to everybody."""

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(SqliteStore, "rollbacks", breaks)
    done = typed("history")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "unexpected internal error (RuntimeError: a bug)" in done.err
    assert "Traceback" in typed("history", "--verbose").err
    as_json = typed("history", "--verbose", "--format", "json")
    assert as_json.document["exit_code"] == 1
    monkeypatch.setattr(SqliteStore, "deployment", breaks)
    gate = typed("smartspec_quality_gate", "--deployment-id", "d", "--format", "json")
    assert (gate.code, gate.document["exit_code"]) == (4, 4)


def test_poor_surroundings(typed: Typed) -> None:
    """If this failed, a pipe, a full disk or an old locale would end in a traceback."""
    seed(typed.ledger)
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = installed("smartspec", "show", "rb-waiting", folder=typed.folder, environment=plain)
    assert done.code == 0
    assert "\\u2705" in done.out
    assert done.err == ""
    done = installed(
        "smartspec",
        "show",
        "rb-waiting",
        "--format",
        "json",
        folder=typed.folder,
        environment=plain,
    )
    assert done.document["plan"]["rollback_id"] == "rb-waiting"

    reading, writing = os.pipe()
    os.close(reading)
    done = installed("smartspec", "show", "rb-waiting", folder=typed.folder, stdout=writing)
    os.close(writing)
    assert done.code == 0
    assert done.err == ""

    with Path("/dev/full").open("wb") as full:
        done = installed("smartspec", "history", folder=typed.folder, stdout=full)
    assert done.code == 1
    assert "could not be written" in done.err
    assert "Traceback" not in done.err


def test_closed_streams(typed: Typed) -> None:
    """If this failed, a daemon without standard streams could not run a command."""
    program = Path(sys.executable).with_name("smartspec")
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec '{program}' history <&- >&- 2>&-"],
        cwd=typed.folder,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
