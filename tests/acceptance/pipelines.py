"""The ready-made pipelines and the scripts in them. Used by the tests beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.docs.pages import ROOT, blocks

FOLDER = ROOT / "examples" / "pipelines"
PAGE = ROOT / "docs" / "how-to" / "use-in-a-pipeline.md"


def document(name: str) -> Any:
    """Read one of the files."""
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def scripts() -> dict[str, str]:
    """Return every script that judges a deployment, by the file it is in."""
    found = {
        "github-actions.yml": _github(document("github-actions.yml")),
        "gitlab-ci.yml": _gitlab(document("gitlab-ci.yml")),
        "argo-workflows.yaml": _argo(document("argo-workflows.yaml")),
    }
    return {name: _judging(all_of_it) for name, all_of_it in found.items()}


def scripts_of_page() -> list[str]:
    """Return the scripts of the how-to that judge a deployment, in order."""
    return [
        block.text
        for block in blocks(PAGE)
        if block.language == "sh" and "smartspec_quality_gate" in block.text
    ]


def recording() -> dict[str, str]:
    """Return every script that records a deployment, by the file it is in."""
    return {
        name: next(each for each in of(document(name)) if "deployment record" in each)
        for name, of in (
            ("github-actions.yml", _github),
            ("gitlab-ci.yml", _gitlab),
            ("argo-workflows.yaml", _argo),
        )
    }


def stand_ins(folder: Path, *, gate: int, rollback: int) -> Path:
    """Write commands that note how they were called and end with these codes; return the note."""
    note = folder / "called"
    note.touch()
    codes = {"smartspec_quality_gate": gate, "smartspec_rollback": rollback, "smartspec": 0}
    for name, code in codes.items():
        command = folder / name
        command.write_text(f'#!/bin/sh\necho "{name}" "$@" >> "{note}"\nexit {code}\n')
        command.chmod(0o755)
    return note


def _judging(every: Iterator[str]) -> str:
    return next(each for each in every if "smartspec_quality_gate" in each)


def _github(workflow: Any) -> Iterator[str]:
    for job in workflow["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)


def _gitlab(pipeline: Any) -> Iterator[str]:
    for job in pipeline.values():
        if isinstance(job, dict) and "script" in job:
            yield from job["script"]


def _argo(workflow: Any) -> Iterator[str]:
    for template in workflow["spec"]["templates"]:
        if "script" in template:
            yield template["script"]["source"]
