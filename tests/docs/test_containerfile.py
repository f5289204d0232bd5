"""The Containerfile builds what it says, as far as that can be told without building an image."""

import fnmatch
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.docs.pages import ROOT

from smartspec_rollback.testing.web_service import Page, nobody, web_service

FILE = ROOT / "Containerfile"
KNOWN = {
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "RUN",
    "USER",
    "WORKDIR",
}


def instructions() -> list[tuple[str, str]]:
    """List the instructions with their arguments, in order."""
    lines = [line for line in FILE.read_text("utf-8").split("\n") if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    found = []
    for line in filter(None, joined.split("\n")):
        name, _, rest = line.partition(" ")
        found.append((name, rest.strip()))
    return found


def last_stage() -> list[tuple[str, str]]:
    """List the instructions of the image itself."""
    found = instructions()
    begins = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return found[begins:]


def only(name: str) -> str:
    """Return the arguments of an instruction that the image has once."""
    (held,) = [rest for each, rest in last_stage() if each == name]
    return held


def project() -> dict[str, dict[str, list[str]]]:
    """Read the package's metadata."""
    found: dict[str, dict[str, list[str]]] = tomllib.loads(
        (ROOT / "pyproject.toml").read_text("utf-8")
    )["project"]
    return found


def test_every_instruction_is_known() -> None:
    """A misspelt instruction ends the build of whoever needs it first."""
    assert {name for name, _ in instructions()} <= KNOWN


def test_base_has_no_digest_and_one_place() -> None:
    """A base that is pinned here goes stale; two of them differ one day."""
    (base,) = [rest for name, rest in instructions() if name == "ARG" and "PYTHON=" in rest]
    assert re.fullmatch(r"PYTHON=docker\.io/library/python:3\.\d+-slim", base)
    stages = [rest for name, rest in instructions() if name == "FROM"]
    assert all(stage.startswith("${PYTHON}") for stage in stages)


def test_image_runs_without_root() -> None:
    """Whoever gets into the process has root in the container; or a cluster refuses to start it."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", only("USER"))
    user = only("USER").partition(":")[0]
    deployed = (ROOT / "deploy" / "kubernetes" / "worker.yaml").read_text("utf-8")
    assert f"runAsUser: {user}" in deployed
    assert only("WORKDIR") in deployed
    names = [name for name, _ in last_stage()]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name == "RUN")


def test_arguments_are_the_commands_own() -> None:
    """Signals end a shell and not the server; or the arguments mean something else."""
    assert json.loads(only("ENTRYPOINT")) == ["smartspec"]
    assert json.loads(only("CMD")) == ["--help"]
    assert "PATH=/opt/smartspec/bin:" in only("ENV")


def test_commands_stand_at_the_root(tmp_path: Path) -> None:
    """`/smartspec_rollback` is not there, though that is how it is called."""
    scripts = tmp_path / "opt" / "smartspec" / "bin"
    scripts.mkdir(parents=True)
    for name in project()["scripts"]:
        (scripts / name).symlink_to(Path(sys.executable).with_name(name))
    steps = re.sub(r"(?<= )/", f"{tmp_path}/", only("RUN")).replace("-o 10001 -g 10001", "")
    subprocess.run(["/bin/sh", "-euc", steps], check=True, timeout=60)
    for name in ("smartspec_rollback", "smartspec_quality_gate"):
        done = subprocess.run(
            [str(tmp_path / name), "--help"],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "80"},
            timeout=60,
        )
        assert done.stdout.startswith(f"Usage: {name}")


def test_extras_exist() -> None:
    """The build ends, or leaves out what a page promises."""
    (extras,) = [rest for name, rest in instructions() if name == "ARG" and "EXTRAS=" in rest]
    chosen = set(extras.removeprefix("EXTRAS=").split(","))
    known = set(project()["optional-dependencies"])
    assert chosen <= known
    same = {"mariadb"}  # needs what mysql needs
    assert known - chosen == {"local", "scratch", "dev"} | same
    page = (ROOT / "docs" / "how-to" / "run-in-a-container.md").read_text("utf-8")
    listed = page.partition("Extras: ")[2].partition(". The")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == chosen


def test_what_is_copied_is_there_and_sent() -> None:
    """The build misses a file, or sends the ledger and everything else along."""
    lines = (ROOT / ".containerignore").read_text("utf-8").split("\n")
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in shlex.split(rest)[:-1]
    }
    assert copied == kept
    assert all((ROOT / source).exists() for source in copied)
    needed = {"README.md", "LICENSE", "pyproject.toml", "src"}
    assert needed <= copied
    assert fnmatch.fnmatch("src/a/__pycache__", "**/__pycache__")


@pytest.mark.parametrize("healthy", [True, False])
def test_health_check_tells(*, healthy: bool) -> None:
    """A server that fell counts as healthy for ever, or a good one is restarted."""
    found = re.search(r"CMD (\[.*\])", only("HEALTHCHECK"))
    assert found is not None
    _, *arguments = json.loads(found[1])
    with web_service({"/healthz": Page(status=200 if healthy else 503)}) as service:
        assert _ends(arguments, service.url) == (0 if healthy else 1)
    with nobody() as url:
        assert _ends(arguments, url) == 1


def _ends(arguments: list[str], url: str) -> int:
    script = [each.replace("http://127.0.0.1:8080", url) for each in arguments]
    done = subprocess.run(
        [sys.executable, *script], check=False, stderr=subprocess.DEVNULL, timeout=60
    )
    return done.returncode
