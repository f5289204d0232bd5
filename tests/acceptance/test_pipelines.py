"""The ready-made pipelines do what they say, whatever the two commands come to."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance import pipelines
from tests.acceptance.commands import installed

from smartspec_rollback.demo.releases import write_release

SHELLS = (
    ("bash", "-e"),
    ("bash", "--noprofile", "--norc", "-eo", "pipefail"),  # GitHub's `shell: bash`
    ("sh", "-e"),
    ("bash",),
)
JUDGED = "smartspec_quality_gate --deployment-id deploy-12345"
ROLLED_BACK = "smartspec_rollback --failed-deployment-id deploy-12345 --auto-approve"


def run(script: str, folder: Path, *shell: str, **variables: str) -> int:
    """Run a script as a pipeline does: from a file, without a terminal."""
    file = folder / "script"
    file.write_text(script)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "DEPLOYMENT": "deploy-12345"}
    done = subprocess.run(
        [*shell, str(file)],
        cwd=folder,
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("name", pipelines.scripts())
def test_only_a_fail_rolls_back(name: str, shell: tuple[str, ...], tmp_path: Path) -> None:
    """A gate without evidence, or a broken one, takes a good deployment away; or -e ends it all."""
    script = pipelines.scripts()[name]
    for gate in (0, 1, 2, 3, 4, 127):
        folder = tmp_path / f"gate-{gate}"
        folder.mkdir()
        note = pipelines.stand_ins(folder, gate=gate, rollback=0)
        assert run(script, folder, *shell) == gate
        assert note.read_text().splitlines() == [JUDGED, ROLLED_BACK][: 2 if gate == 1 else 1]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("name", pipelines.scripts())
def test_job_tells_what_became_of_production(
    name: str, shell: tuple[str, ...], tmp_path: Path
) -> None:
    """A rollback that stopped half-way leaves a job that looks like any other failed one."""
    for rollback in range(8):
        folder = tmp_path / f"rollback-{rollback}"
        folder.mkdir()
        pipelines.stand_ins(folder, gate=1, rollback=rollback)
        assert run(pipelines.scripts()[name], folder, *shell) == (rollback or 1)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("gate", range(5))
def test_scripts_of_the_page(gate: int, shell: tuple[str, ...], tmp_path: Path) -> None:
    """What the page shows ends under `bash -e` before anything is rolled back."""
    short, cases = pipelines.scripts_of_page()
    for number, (script, rolls_back) in enumerate(((short, gate != 0), (cases, gate == 1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        note = pipelines.stand_ins(folder, gate=gate, rollback=0)
        run(script, folder, *shell, VERSION="v1.2.1", COMMIT="0123abc")
        called = note.read_text().splitlines()
        assert JUDGED in called
        assert (ROLLED_BACK in called) == rolls_back


@pytest.mark.parametrize("name", pipelines.recording())
def test_deployments_are_recorded(name: str, tmp_path: Path) -> None:
    """A pipeline's version with a blank or a quote in it runs a command of its own."""
    note = pipelines.stand_ins(tmp_path, gate=0, rollback=0)
    version = "v1'; touch owned; '"
    code = run(
        pipelines.recording()[name],
        tmp_path,
        "bash",
        "-e",
        VERSION=version,
        COMMIT="0123abc",
        CI_COMMIT_TAG=version,
        CI_COMMIT_SHA="0123abc",
    )
    assert code == 0
    (called,) = note.read_text().splitlines()
    assert f"--id deploy-12345 --service checkout --environment production --version {version}" in (
        called
    )
    assert called.endswith("--commit 0123abc")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("name", "schema"),
    [("github-actions.yml", "github-workflows"), ("gitlab-ci.yml", "gitlab-ci")],
)
def test_files_are_what_the_systems_read(name: str, schema: str) -> None:
    """Somebody copies a file that their CI system refuses."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("check-jsonschema")),
            "--builtin-schema",
            f"vendor.{schema}",
            str(pipelines.FOLDER / name),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def test_no_value_is_written_into_a_script() -> None:
    """A tag's name becomes part of a script: whoever may push a tag runs what they like."""
    for name, script in (*pipelines.scripts().items(), *pipelines.recording().items()):
        assert "${{" not in script, name
        assert "{{" not in script, name


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Path]:
    """Run a good release, then one that answers with errors."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "platform": {
            "kind": "local",
            "releases": "releases/",
            "listen": f"127.0.0.1:{port}",
            "drain": "1s",
        },
        "database": "none",
        "objectives": ["error rate <= 10%"],
        "metrics": {"kind": "probe", "rate": 100},
        "verification": {"warm_up": "0s", "bake": "1s", "deadline": "30s"},
        "soak": "0s",
    }
    (tmp_path / "smartspec.yaml").write_text(
        json.dumps({"services": {"checkout": {"production": settings}}})
    )
    write_release(tmp_path / "releases", "v1.2.0")
    write_release(tmp_path / "releases", "v1.2.1", error_share=1.0)
    try:
        for words in (
            ("local", "up"),
            ("local", "deploy", "--version", "v1.2.0", "--id", "deploy-1"),
            ("deployment", "mark", "deploy-1", "healthy"),
            ("local", "deploy", "--version", "v1.2.1", "--id", "deploy-2"),
        ):
            done = installed("smartspec", *words, folder=tmp_path)
            assert done.code == 0, done.err
        yield tmp_path
    finally:
        assert installed("smartspec", "local", "down", folder=tmp_path).code == 0


def test_with_the_real_commands(host: Path) -> None:
    """The stand-ins are not what the commands are: a bad release stays live."""
    commands = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    script = pipelines.scripts()["github-actions.yml"]
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    code = run(script, host, "bash", "-e", DEPLOYMENT="deploy-2", **commands, **kept)
    status = installed("smartspec", "local", "status", "--format", "json", folder=host)
    assert status.document["targets"][0]["live"]["release"]["version"] == "v1.2.0"
    assert code == 1
    assert run(script, host, "bash", "-e", DEPLOYMENT="unknown", **commands, **kept) == 2
