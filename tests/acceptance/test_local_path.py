"""The whole path on this machine, with real processes and a real proxy, by the commands alone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.commands import LEDGER, Result, installed
from tests.acceptance.terminal import at_terminal

from smartspec_rollback.demo.releases import write_release

_CONFIGURATION = """\
services:
  checkout:
    production:
      platform: {{kind: local, releases: releases/, listen: "127.0.0.1:{port}", drain: 1s}}
      database: none
      objectives: [error rate <= 50%]
      metrics: {{kind: probe, path: /healthz, rate: 100}}
      verification: {{warm_up: 0s, bake: 1s, deadline: 30s}}
      prewarm: {prewarm}
      soak: 0s
"""
QUESTION = "Approve this plan? (yes/no): "
ROLLBACK = ("smartspec_rollback", "--failed-deployment-id", "deploy-2")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Path]:
    """Deploy a good release and a bad one; stop everything afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "smartspec.yaml").write_text(_CONFIGURATION.format(port=port, prewarm="false"))
    for version in ("v1.2.0", "v1.2.1"):
        write_release(tmp_path / "releases", version, environment={"NAME": version})
    try:
        assert _smartspec(tmp_path, "local", "up").code == 0
        for number, version in ((1, "v1.2.0"), (2, "v1.2.1")):
            done = _smartspec(
                tmp_path, "local", "deploy", "--version", version, "--id", f"deploy-{number}"
            )
            assert done.code == 0, done.err
            assert "Switching production traffic" in done.err
            health = ("healthy", "failed")[number - 1]
            assert _smartspec(tmp_path, "deployment", "mark", f"deploy-{number}", health).code == 0
        yield tmp_path
    finally:
        assert _smartspec(tmp_path, "local", "down").code == 0


def _smartspec(folder: Path, *words: str) -> Result:
    return installed("smartspec", *words, folder=folder)


def _live(folder: Path) -> str:
    status = _smartspec(folder, "local", "status", "--format", "json")
    version: str = status.document["targets"][0]["live"]["release"]["version"]
    return version


def _ready(folder: Path) -> dict[str, Any]:
    (answer,) = _smartspec(folder, "readiness", "--format", "json").document["answers"]
    found: dict[str, Any] = answer
    return found


def test_a_person_rolls_back_at_a_terminal(host: Path) -> None:
    """If this failed, the tool would not do what it is for."""
    nobody = installed(*ROLLBACK, "--format", "json", folder=host)
    assert nobody.code == 3
    assert "nobody can be asked" in nobody.document["what"]

    answer = _ready(host)
    assert (answer["outcome"], answer["to_version"]) == ("ready", "v1.2.0"), answer
    assert answer["drill"] is None

    dry = installed(*ROLLBACK, "--dry-run", folder=host)
    assert dry.code == 0
    assert dry.out.rstrip().endswith("Dry run: nothing was changed.")

    denied = at_terminal(*ROLLBACK, folder=host, answers=[(QUESTION, "no\n")])
    assert denied.code == 3
    assert denied.out.count("Approve this plan?") == denied.out.count(QUESTION)
    asked = denied.out.split(QUESTION)[-2]
    assert "v1.2.1 → v1.2.0 on checkout/production · " in "".join(asked.splitlines()[-2:])
    assert _live(host) == "v1.2.1"

    kept = host / "kept.txt"
    done = at_terminal(
        *ROLLBACK, folder=host, stdout=kept, answers=[(QUESTION, "perhaps\n"), (QUESTION, "yes\n")]
    )
    assert done.code == 0, done.out
    assert "Rollback Plan: deploy-2" in done.out.split(QUESTION)[0]
    assert "# Rollback Plan: deploy-2" in kept.read_text()
    assert "# Rollback Report: deploy-2" in kept.read_text()
    assert _live(host) == "v1.2.0"
    answer = _ready(host)
    assert (answer["outcome"], answer["live_version"]) == ("not-ready", "v1.2.0"), answer
    assert answer["drill"]["status"] == "succeeded"
    assert {each["what"] for each in answer["changes"]} >= {"outcome", "live version"}

    again = installed(*ROLLBACK, "--format", "json", folder=host)
    assert again.code == 0
    assert again.document["status"] == "succeeded"
    assert [Path(path).exists() for path in again.document["report_paths"]] == [True] * 3
    assert "smartspec hold release" in _smartspec(host, "local", "deploy", "--version=v1.2.1").err
    assert _live(host) == "v1.2.0"


def test_a_signal_before_anything_was_changed(host: Path) -> None:
    """If this failed, Ctrl-C would leave a rollback open, or change production."""
    text = (host / "smartspec.yaml").read_text()
    (host / "smartspec.yaml").write_text(
        f"{text}      channel: {{kind: file, path: notices.jsonl}}\n"
    )
    program = Path(sys.executable).with_name(ROLLBACK[0])
    with subprocess.Popen(
        [program, *ROLLBACK[1:], "--format", "json"],
        cwd=host,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        deadline = time.monotonic() + 30
        while not (host / "notices.jsonl").exists():
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGTERM)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 3
    assert json.loads(out)["status"] == "cancelled"
    assert b"Stopping before anything is changed" in err
    assert b"Traceback" not in err
    assert _live(host) == "v1.2.1"


def test_break_glass_needs_no_ledger(host: Path) -> None:
    """If this failed, a broken ledger would keep production broken, or the work be lost."""
    ledger = host / LEDGER
    whole = ledger.read_bytes()
    ledger.write_bytes(b"no database at all " * 100)
    assert installed(*ROLLBACK, folder=host).code == 4

    glass = (*ROLLBACK, "--break-glass", "the ledger is damaged")
    done = at_terminal(*glass, folder=host, answers=[(QUESTION, "yes\n")])
    assert done.code in {0, 7}, done.out
    assert _live(host) == "v1.2.0"

    ledger.write_bytes(whole)
    history = _smartspec(host, "history", "--format", "json")
    assert [r["break_glass"] for r in history.document["rollbacks"]] == [True]
    assert _smartspec(host, "audit", "verify").code == 0
